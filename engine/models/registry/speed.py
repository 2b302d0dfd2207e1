"""How the forwards of a model are run: compiled or not, and in which numbers; an operator's choice for each model.

Standard library only. What each choice gains and changes is measured by `python -m tests.bench.choices`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.models.registry.families import Family
from engine.models.registry.toml_values import TomlReader
from engine.prompt import SizeLimits, painted_size

MIN_GUIDANCE_UNTIL = 0.01

_RATIO = re.compile(r"[1-9][0-9]{0,4}:[1-9][0-9]{0,4}")


class Compilation(StrEnum):
    """What is compiled; pictures stay the same within rounding.

    none: nothing.
    blocks: each kind of block that the denoiser repeats, which compiles soonest.
    whole: the denoiser as one, which paints soonest on a CPU.
    graphs: the denoiser as one, and on a CUDA device its kernels are launched as one graph, for small work.
    """

    NONE = "none"
    BLOCKS = "blocks"
    WHOLE = "whole"
    GRAPHS = "graphs"


class Precision(StrEnum):
    """The numbers that the denoiser multiplies in: its own, or 8-bit floats, which paints other pictures."""

    OWN = "own"
    FP8 = "fp8"


@dataclass(frozen=True, kw_only=True)
class SpeedSettings:
    """How forwards are run.

    ratios: shapes, as `--ar` has them, that are compiled for beside the model's own; others are painted uncompiled.
    guidance_until: share of the steps after which pictures are painted without guidance, in half the forward rows,
        0.01 to 1; 1 guides every step, and any guides the first. It paints other pictures.
        Source: Kynkäänniemi et al. 2024 (guidance in a limited interval), its end alone, in steps instead of sigmas.
    """

    compile: Compilation = Compilation.NONE
    precision: Precision = Precision.OWN
    ratios: tuple[str, ...] = ()
    guidance_until: float = 1.0

    @property
    def overrides(self) -> dict[str, str | float]:
        """What was chosen otherwise than by default, and may show in pictures; JSON-ready."""
        chosen: dict[str, str | float] = {
            "compile": self.compile.value,
            "precision": self.precision.value,
            "guidance_until": self.guidance_until,
        }
        return {name: value for name, value in chosen.items() if value != _DEFAULTS[name]}


_DEFAULTS = {"compile": Compilation.NONE.value, "precision": Precision.OWN.value, "guidance_until": 1.0}


def speed_from_table(table: Mapping[str, Any], family: Family, section: str, reader: TomlReader) -> SpeedSettings:
    """Return the choices of a model's `speed` table; what is wrong goes to `reader`."""
    reader.check_keys(table, {"compile", "precision", "ratios", "guidance_until"}, section)
    compilation = Compilation(reader.choice(table, "compile", section, tuple(Compilation)))
    if compilation is not Compilation.NONE and not family.has_fixed_text_length:
        reader.add_problem(section, f"compile is not available for family {family.name}, whose prompts vary in length")
    return SpeedSettings(
        compile=compilation,
        precision=Precision(reader.choice(table, "precision", section, tuple(Precision))),
        ratios=_ratios(table, section, reader),
        guidance_until=_guidance_until(table, family, section, reader),
    )


def check_ratios(speed: SpeedSettings, size_limits: SizeLimits, section: str, reader: TomlReader) -> None:
    """Add a fault for each shape that the model does not paint."""
    for ratio in speed.ratios:
        if painted_size(ratio, size_limits) is None:
            reader.add_problem(section, f"ratios contains {ratio}, which is outside min_side and max_side")


def _guidance_until(table: Mapping[str, Any], family: Family, section: str, reader: TomlReader) -> float:
    share = reader.number(table, "guidance_until", section, 1.0, MIN_GUIDANCE_UNTIL, 1.0)
    if share < 1 and family.has_embedded_guidance:
        reader.add_problem(section, f"guidance_until is not available for family {family.name}. Remove it")
    return share


def _ratios(table: Mapping[str, Any], section: str, reader: TomlReader) -> tuple[str, ...]:
    ratios = table.get("ratios", [])
    if isinstance(ratios, list) and all(_is_ratio(ratio) for ratio in ratios):
        return tuple(ratios)
    reader.add_problem(section, 'ratios must be a list of ratios such as "3:2"')
    return ()


def _is_ratio(value: object) -> bool:
    return isinstance(value, str) and _RATIO.fullmatch(value) is not None
