"""Speed settings of a model: compilation, precision and guidance.

Standard library only. `python -m tests.bench.choices` measures what each option gains and changes.
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
    """What is compiled; pictures stay the same except for rounding.

    auto: nothing; where OpenVINO is installed, it runs denoisers whose graph Easel ships, on a CPU.
    none: nothing, and torch alone runs the denoiser.
    blocks: each kind of repeated block of the denoiser; compiles fastest.
    whole: the whole denoiser; runs fastest on a CPU.
    graphs: the whole denoiser, and on a CUDA device its kernels are launched as one graph, for small batches.
    """

    AUTO = "auto"
    NONE = "none"
    BLOCKS = "blocks"
    WHOLE = "whole"
    GRAPHS = "graphs"

    @property
    def is_by_torch(self) -> bool:
        """Whether torch's compiler is needed, and a while at the first start."""
        return self not in (Compilation.AUTO, Compilation.NONE)


class Precision(StrEnum):
    """The precision of weights and of what is computed with them.

    own: that of the device.
    half: 16-bit floats on devices that have no bfloat16, in half the memory; the decoder, whose numbers become too
        large for them, stays in 32 bits. Changes the pictures a little.
    fp8: the denoiser's linear layers in 8-bit floats, which changes the pictures.
    """

    OWN = "own"
    HALF = "half"
    FP8 = "fp8"


@dataclass(frozen=True, kw_only=True)
class SpeedSettings:
    """Speed settings of a model.

    ratios: aspect ratios, as for `--ar`, to compile for in addition to the model's own; others run uncompiled.
    guidance_until: share of the steps that use guidance, 0.01 to 1; the remaining steps have half the rows. 1 guides
        every step, and any value guides the first. Changes the pictures. Source: Kynkäänniemi et al. 2024 (guidance in
        a limited interval), only the end of the interval, in steps instead of sigmas.
    """

    compile: Compilation = Compilation.AUTO
    precision: Precision = Precision.OWN
    ratios: tuple[str, ...] = ()
    guidance_until: float = 1.0

    @property
    def overrides(self) -> dict[str, str | float]:
        """The settings that differ from the defaults and can change pictures, by name; JSON-ready."""
        chosen: dict[str, str | float] = {
            "compile": self.compile.value,
            "precision": self.precision.value,
            "guidance_until": self.guidance_until,
        }
        return {name: value for name, value in chosen.items() if value != _DEFAULTS[name]}


_DEFAULTS = {"compile": Compilation.AUTO.value, "precision": Precision.OWN.value, "guidance_until": 1.0}


def speed_from_table(table: Mapping[str, Any], family: Family, section: str, reader: TomlReader) -> SpeedSettings:
    """Return the settings of a model's `speed` table; problems are added to `reader`."""
    reader.check_keys(table, {"compile", "precision", "ratios", "guidance_until"}, section)
    compilation = Compilation(reader.choice(table, "compile", section, tuple(Compilation)))
    if compilation.is_by_torch and not family.has_fixed_text_length:
        reader.add_problem(section, f"compile is not available for family {family.name}, whose prompts vary in length")
    precision = Precision(reader.choice(table, "precision", section, tuple(Precision)))
    if precision is Precision.HALF and not family.has_half_precision:
        reader.add_problem(section, f"precision half is not available for family {family.name}. Remove it")
    return SpeedSettings(
        compile=compilation,
        precision=precision,
        ratios=_ratios(table, section, reader),
        guidance_until=_guidance_until(table, family, section, reader),
    )


def check_ratios(speed: SpeedSettings, size_limits: SizeLimits, section: str, reader: TomlReader) -> None:
    """Add a problem for each ratio that the model does not support."""
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
