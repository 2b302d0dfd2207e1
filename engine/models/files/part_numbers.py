"""Checks the numbers in the `config.json` of a model's parts that no tensor shows, and that would only spoil pictures.

Numbers with which a model was trained, such as the heads of its attention, cannot be known and are not judged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from engine.models.files.json_files import leaves_of, shown


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What settings of a name can be; `parts` are the only ones that it is for, None for all."""

    name: str
    words: str
    holds: Callable[[Any], bool]
    parts: frozenset[str] | None = None

    def is_for(self, name: str, part: str) -> bool:
        return (self.parts is None or part in self.parts) and re.fullmatch(self.name, name) is not None


def check_numbers(file: Path, settings: Mapping[str, Any], part: str) -> None:
    """Check the numbers in the configuration of a part that is at `file`.

    Raises: ValueError with a sentence that names the file and the key.
    """
    for name, value in leaves_of(settings):
        for rule in _RULES:
            if rule.is_for(name, part) and not rule.holds(value):
                told = f"sets {name} to {shown(value)}, which must be {rule.words}"
                raise ValueError(f"{file.parent.name}/{file.name} {told}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _between(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and low <= value <= high


def _above(low: float, high: float = math.inf) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and low < value <= high


def _unless_number(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Accept null and what else is no number: whoever builds the part says what kind of value it takes."""
    return lambda value: not _is_number(value) or holds(value)


_UNET, _VAE, _TRANSFORMER = frozenset({"unet"}), frozenset({"vae"}), frozenset({"transformer"})
_RULES = (
    # All models have a millionth of a millionth to a hundredth.
    _Rule(name=r"(?:\w+_)?eps(?:ilon)?", words="a number over 0 and at most 0.1", holds=_above(0, 0.1)),
    # What latents are divided by before they are decoded: 0.1 to 2 in all models.
    _Rule(name="scaling_factor", words="a number over 0 and at most 100", holds=_above(0, 100), parts=_VAE),
    _Rule(name="shift_factor", words="a number from -100 to 100, or null", holds=_unless_number(_between(-100, 100))),
    _Rule(name="layers_per_block", words="a whole number over 0", holds=_unless_number(_above(0)), parts=_VAE),
    _Rule(name="downsample_padding", words="0 or 1", holds=lambda value: value in (0, 1), parts=_UNET),
    _Rule(name="freq_shift", words="0 or 1", holds=lambda value: value in (0, 1), parts=_UNET),
    _Rule(name="mid_block_scale_factor", words="a number over 0 and at most 100", holds=_above(0, 100), parts=_UNET),
    # How far apart the wavelengths of positions are, and what a timestep is multiplied by: 10 to 10 million, and 1000.
    _Rule(name=r"(?:\w+_)?theta", words="a number over 0 and at most 1e12", holds=_above(0, 1e12)),
    _Rule(name="t_scale", words="a number over 0 and at most 1e6", holds=_above(0, 1e6)),
    _Rule(name="interpolation_scale", words="a number over 0, or null", holds=_unless_number(_above(0))),
    _Rule(name="axes_lens", words="whole numbers over 0", holds=_above(0)),
    _Rule(name="sample_size", words="a whole number over 0", holds=_unless_number(_above(0)), parts=_TRANSFORMER),
    _Rule(name="pos_embed_max_size", words="a whole number over 0", holds=_above(0)),
    _Rule(name="relative_attention_max_distance", words="a whole number over 0", holds=_above(0)),
    _Rule(
        name=r"(?:\w+_)?(?:heads|head_dim|kv|groups|channels|dims?|positions?|embeddings)|(?:hidden|intermediate|patch)_size",
        words="a whole number of at least 0",
        holds=_unless_number(lambda value: 0 <= value < math.inf),
    ),
)
