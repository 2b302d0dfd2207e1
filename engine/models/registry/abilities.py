"""What the models file says of what a model supports, and of jobs that do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from engine.contract.jobs import Operation
from engine.models.registry.families import MAX_SIDE, MAX_STEPS, Family
from engine.models.registry.scheduler import SchedulerSettings, samplers_under
from engine.models.registry.toml_values import TomlReader
from engine.models.registry.trained_sizes import trained_sizes


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


def abilities_from_table(
    table: Mapping[str, Any],
    family: Family,
    defaults: ModelDefaults,
    scheduler: SchedulerSettings,
    section: str,
    reader: TomlReader,
) -> Abilities:
    """Return what a model's table says that it supports; problems are added to `reader`.

    section: the name of the model's table. defaults, scheduler: what its other tables say.
    """
    section = f"{section}.abilities"
    reader.check_keys(table, {"operations", "samplers", "multiple", "min_side", "max_side", "max_steps"}, section)
    possible = (Operation.ANIMATE,) if family.only_animates else tuple(Operation)
    operations = reader.choices(table, "operations", section, tuple(operation.value for operation in possible))
    trained = trained_sizes(family.trained_squares, defaults.side)
    sides = tuple(side for size in trained for side in size) or (family.side // 4, family.max_side or family.side * 2)
    return Abilities(
        operations=tuple(Operation(value) for value in operations),
        samplers=reader.choices(table, "samplers", section, samplers_under(scheduler, family.samplers)),
        multiple=_multiple(table, family, section, reader),
        min_side=reader.integer(table, "min_side", section, min(sides), MAX_SIDE),
        max_side=reader.integer(table, "max_side", section, max(sides), MAX_SIDE),
        max_steps=reader.integer(table, "max_steps", section, MAX_STEPS, MAX_STEPS),
    )


def _multiple(table: Mapping[str, Any], family: Family, section: str, reader: TomlReader) -> int:
    multiple = reader.integer(table, "multiple", section, family.multiple, MAX_SIDE)
    if multiple % family.granularity == 0:
        return multiple
    message = f"multiple is {multiple}, but family {family.name} needs a multiple of {family.granularity}"
    reader.add_problem(section, message)
    return family.multiple
