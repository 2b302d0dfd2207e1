"""What the models file says of what a model supports, and of jobs that do not say."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from engine.contract.jobs import Operation


@dataclass(frozen=True, kw_only=True)
class ModelDefaults:
    """The values of jobs that do not set them: width and height in pixels, steps, guidance scale, sampler."""

    width: int
    height: int
    steps: int
    guidance: float
    sampler: str
    outpaint_strength: float

    @property
    def side(self) -> float:
        """Side of the square of the same area, in pixels."""
        return sqrt(self.width * self.height)


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a model supports.

    multiple: width and height are multiples of this many pixels.
    min_side, max_side: bounds of width and height, inclusive, in pixels.
    """

    operations: tuple[Operation, ...]
    samplers: tuple[str, ...]
    multiple: int
    min_side: int
    max_side: int
    max_steps: int
