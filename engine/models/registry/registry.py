"""The registry: one TOML file that names the models and adapters, read whole and checked before anything is loaded.

Torch-free; nothing here opens weights.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.contract.errors import ModelUnknown, SettingsInvalid
from engine.contract.jobs import Operation
from engine.models.registry.families import ADAPTERS, FAMILIES, MAX_GUIDANCE, MAX_SIDE, MAX_STEPS, MOST_STEPS, Family
from engine.models.registry.scheduler import Scheduler, samplers_under, scheduler_from_table
from engine.models.registry.sources import DETAILS, SOURCES, Source, source_from_table
from engine.models.registry.speed import Precision, Speed, check_ratios, speed_from_table
from engine.models.registry.toml_values import Faults
from engine.models.registry.trained_sizes import trained_sizes
from engine.prompt import SizeLimits, StepLimits, max_steps_by

SHIPPED = Path(__file__).with_name("registry.toml")


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a job gets when it does not say: pixels, steps, guidance scale, sampler."""

    width: int
    height: int
    steps: int
    guidance: float
    sampler: str

    @property
    def side(self) -> float:
        """Side of the square of the same area, pixels."""
        return sqrt(self.width * self.height)


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a job may ask of a model.

    multiple: both sides are multiples of this many pixels.
    min_side, max_side: bounds of a side, pixels.
    """

    operations: tuple[Operation, ...]
    samplers: tuple[str, ...]
    multiple: int
    min_side: int
    max_side: int
    max_steps: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model as its operator registered it.

    sha256: hash over all its weights and configurations; None until it was recorded by `check` or `add`.
    """

    name: str
    family: Family
    source: Source
    defaults: Defaults
    abilities: Abilities
    scheduler: Scheduler
    licence: str
    sha256: str | None
    speed: Speed = field(default_factory=Speed)

    @property
    def vocabulary(self) -> frozenset[str]:
        """What the painter can do with it, in the words of the prompt language; 8-bit weights wear no adapters."""
        return self.family.abilities - (ADAPTERS if self.speed.precision is Precision.FP8 else frozenset())

    @property
    def step_limits(self) -> StepLimits:
        """How many steps it paints, and how many each sampler takes."""
        usual, most = self.defaults, self.abilities.max_steps
        return StepLimits(default=usual.steps, sampler=usual.sampler, maximum=most, max_steps_by=MOST_STEPS)

    @property
    def size_limits(self) -> SizeLimits:
        """What a ratio comes to: one of the sizes that the model was trained on, or else any multiple in its bounds."""
        step, least, most = self.abilities.multiple, self.abilities.min_side, self.abilities.max_side
        trained = trained_sizes(self.family.squares, self.defaults.side)
        return SizeLimits(
            square=round(self.defaults.side) // step * step,
            multiple=step,
            min_side=least,
            max_side=most,
            sizes=tuple(size for size in trained if all(least <= x <= most and x % step == 0 for x in size)),
        )


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One LoRA file: it fits every model of `family`, or only `model` when that is given."""

    name: str
    file: Path
    family: str
    model: str | None
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All that the file names; `default` is the model of a job that names none."""

    path: Path
    default: str
    models: Mapping[str, Model]
    adapters: Mapping[str, Adapter]

    def model(self, name: str | None = None) -> Model:
        """Return the model called `name`, or the default.

        Raises: ModelUnknown.
        """
        wanted = name or self.default
        if wanted not in self.models:
            raise ModelUnknown(name=wanted, known=tuple(self.models))
        return self.models[wanted]

    def adapters_of(self, model: Model) -> tuple[Adapter, ...]:
        """Return the adapters that were registered for the model."""
        return tuple(
            adapter
            for adapter in self.adapters.values()
            if adapter.family == model.family.name
            and adapter.model in (None, model.name)
            and model.vocabulary >= ADAPTERS
        )


def read_registry(path: Path = SHIPPED) -> Registry:
    """Return the registry in the TOML file at `path`; relative paths in it start at its folder.

    Raises: SettingsInvalid with every fault of the file at once.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(problems=(f"{path}: cannot be read ({error.strerror})",)) from error
    except ValueError as error:
        # Not TOML, not UTF-8, or a number of more digits than Python reads.
        raise SettingsInvalid(problems=(f"{path}: not TOML: {error}",)) from error
    return registry_from_data(data, path)


def registry_from_data(data: Mapping[str, Any], path: Path) -> Registry:
    """Return the registry that the parsed TOML describes.

    Raises: SettingsInvalid with every fault at once.
    """
    faults = Faults(path)
    faults.unknown(data, {"default", "models", "adapters"}, "the file")
    tables = faults.table(data, "models", "the file")
    models = {name: _model(name, faults.table(tables, name, "models"), faults) for name in tables}
    names = faults.table(data, "adapters", "the file")
    adapters = {name: _adapter(name, faults.table(names, name, "adapters"), faults) for name in names}
    default = faults.text(data, "default", "the file", next(iter(models), ""))
    if default not in models:
        faults.add("the file", f"default is {default!r}, which is not among the models")
    faults.raise_any()
    return Registry(
        path=path,
        default=default,
        models=MappingProxyType({name: model for name, model in models.items() if model}),
        adapters=MappingProxyType({name: adapter for name, adapter in adapters.items() if adapter}),
    )


def _model(name: str, table: Mapping[str, Any], faults: Faults) -> Model | None:
    place = f"models.{name}"
    faults.unknown(table, _SETTINGS, place)
    family = _family(table, place, faults)
    if family is None:
        return None
    defaults = _defaults(faults.table(table, "defaults", place), family, f"{place}.defaults", faults)
    scheduler = scheduler_from_table(faults.table(table, "scheduler", place), family, f"{place}.scheduler", faults)
    abilities = _abilities(faults.table(table, "abilities", place), family, defaults, scheduler, place, faults)
    model = Model(
        name=name,
        family=family,
        source=source_from_table(table, place, faults),
        defaults=defaults,
        abilities=abilities,
        scheduler=scheduler,
        licence=faults.text(table, "licence", place, "unknown"),
        sha256=faults.text(table, "sha256", place) or None,
        speed=speed_from_table(faults.table(table, "speed", place), family, f"{place}.speed", faults),
    )
    _check_defaults(defaults, abilities, f"{place}.defaults", faults)
    _check_steps(model.step_limits, f"{place}.defaults", faults)
    check_ratios(model.speed, model.size_limits, f"{place}.speed", faults)
    return model


def _family(table: Mapping[str, Any], place: str, faults: Faults) -> Family | None:
    name = faults.required_choice(table, "family", place, tuple(FAMILIES))
    return None if name is None else FAMILIES[name]


_TABLES = ("defaults", "abilities", "scheduler", "speed")
_SETTINGS = {"family", "licence", "sha256", *SOURCES, *DETAILS, *_TABLES}


def _defaults(table: Mapping[str, Any], family: Family, place: str, faults: Faults) -> Defaults:
    faults.unknown(table, {"width", "height", "steps", "guidance", "sampler"}, place)
    return Defaults(
        width=faults.whole(table, "width", place, family.side, MAX_SIDE),
        height=faults.whole(table, "height", place, family.side, MAX_SIDE),
        steps=faults.whole(table, "steps", place, family.steps, MAX_STEPS),
        guidance=faults.number(table, "guidance", place, family.guidance, 0.0, MAX_GUIDANCE),
        sampler=faults.text(table, "sampler", place, family.sampler),
    )


def _abilities(
    table: Mapping[str, Any], family: Family, defaults: Defaults, scheduler: Scheduler, place: str, faults: Faults
) -> Abilities:
    place = f"{place}.abilities"
    faults.unknown(table, {"operations", "samplers", "multiple", "min_side", "max_side", "max_steps"}, place)
    operations = faults.choices(table, "operations", place, tuple(operation.value for operation in Operation))
    trained = trained_sizes(family.squares, defaults.side)
    sides = tuple(side for size in trained for side in size) or (family.side // 4, family.side * 2)
    return Abilities(
        operations=tuple(Operation(value) for value in operations),
        samplers=faults.choices(table, "samplers", place, samplers_under(scheduler, family.samplers)),
        multiple=_multiple(table, family, place, faults),
        min_side=faults.whole(table, "min_side", place, min(sides), MAX_SIDE),
        max_side=faults.whole(table, "max_side", place, max(sides), MAX_SIDE),
        max_steps=faults.whole(table, "max_steps", place, MAX_STEPS, MAX_STEPS),
    )


def _multiple(table: Mapping[str, Any], family: Family, place: str, faults: Faults) -> int:
    multiple = faults.whole(table, "multiple", place, family.multiple, MAX_SIDE)
    if multiple % family.cell == 0:
        return multiple
    faults.add(place, f"multiple is {multiple}, and sides of family {family.name} are multiples of {family.cell}")
    return family.multiple


def _check_defaults(defaults: Defaults, abilities: Abilities, place: str, faults: Faults) -> None:
    if defaults.sampler not in abilities.samplers:
        faults.add(place, f"sampler is {defaults.sampler!r}; known are {', '.join(abilities.samplers)}")
    for side in (defaults.width, defaults.height):
        if side % abilities.multiple or not abilities.min_side <= side <= abilities.max_side:
            faults.add(
                place,
                f"a side of {side} is no multiple of {abilities.multiple}"
                f" between {abilities.min_side} and {abilities.max_side}",
            )


def _check_steps(steps: StepLimits, place: str, faults: Faults) -> None:
    most = max_steps_by(steps.sampler, steps)
    if steps.default > most:
        why = "max_steps is" if most == steps.maximum else f"the sampler {steps.sampler} takes at most"
        faults.add(place, f"steps is {steps.default}, and {why} {most}")


def _adapter(name: str, table: Mapping[str, Any], faults: Faults) -> Adapter | None:
    place = f"adapters.{name}"
    faults.unknown(table, {"file", "family", "model", "sha256"}, place)
    file = faults.text(table, "file", place)
    if not file.endswith(".safetensors"):
        faults.add(place, f"file must be a .safetensors file, not {file!r}: other formats can run code when opened")
    family = _family(table, place, faults)
    if family is None:
        return None
    if not family.abilities >= ADAPTERS:
        faults.add(place, f"a model of family {family.name} takes no adapters")
    return Adapter(
        name=name,
        file=faults.path.parent / file,
        family=family.name,
        model=faults.text(table, "model", place) or None,
        sha256=faults.text(table, "sha256", place) or None,
    )
