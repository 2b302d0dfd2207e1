"""The registry: reads the TOML file with all models and adapters, and checks it before anything is loaded.

Does not import torch and does not open weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.contract.add_ons import AddOn
from engine.contract.errors import ModelUnknown
from engine.models.registry.abilities import Abilities, ModelDefaults, abilities_from_table
from engine.models.registry.ability_sets import ADAPTER_ABILITY
from engine.models.registry.adapters import Adapter, adapter_from_table
from engine.models.registry.controls import ControlNet, controls_from_data
from engine.models.registry.families import (
    MAX_GUIDANCE,
    MAX_SIDE,
    MAX_STEPS,
    MAX_STEPS_BY_SAMPLER,
    Family,
    family_from_table,
)
from engine.models.registry.folders import TABLES, Folders, ModelFolder, folders_from_data
from engine.models.registry.ip_adapters import IPAdapter, first_by_use, ip_adapters_from_data
from engine.models.registry.motion import MotionAdapter, motion_adapters_from_data
from engine.models.registry.scheduler import SchedulerSettings, scheduler_from_table
from engine.models.registry.sources import DETAILS, SOURCES, WeightSource, source_from_table
from engine.models.registry.speed import Precision, SpeedSettings, check_ratios, speed_from_table
from engine.models.registry.toml_values import TomlReader, read_toml
from engine.models.registry.trained_sizes import trained_sizes
from engine.models.registry.upscalers import Upscaler, upscalers_from_data
from engine.prompt import SizeLimits, StepLimits, max_steps_by

SHIPPED = Path(__file__).with_name("registry.toml")


@dataclass(frozen=True, kw_only=True)
class Model:
    """One registered model.

    sha256: hash of its files, see `weights.hash_of`; None until `easel models check`, `add` or `fetch` records it.
    clip_sha256: the same of the CLIP that comes with it, see `folder_hash`; it paints without, so `sha256` lacks it.
    """

    name: str
    family: Family
    source: WeightSource
    defaults: ModelDefaults
    abilities: Abilities
    scheduler: SchedulerSettings
    licence: str
    sha256: str | None
    clip_sha256: str | None = None
    speed: SpeedSettings = field(default_factory=SpeedSettings)

    @property
    def prompt_abilities(self) -> frozenset[str]:
        """Its abilities, as in the prompt language's parameter table; 8-bit weights do not support adapters."""
        return self.family.abilities - (ADAPTER_ABILITY if self.speed.precision is Precision.FP8 else frozenset())

    @property
    def step_limits(self) -> StepLimits:
        """How many steps it supports, in total and with each sampler."""
        steps, sampler, most = self.defaults.steps, self.defaults.sampler, self.abilities.max_steps
        return StepLimits(default=steps, sampler=sampler, maximum=most, max_steps_by=MAX_STEPS_BY_SAMPLER)

    @property
    def size_limits(self) -> SizeLimits:
        """The sizes that it supports: those it was trained on, or any multiple within its bounds."""
        step, least, most = self.abilities.multiple, self.abilities.min_side, self.abilities.max_side
        trained = trained_sizes(self.family.trained_squares, self.defaults.side)
        return SizeLimits(
            square=round(self.defaults.side) // step * step,
            multiple=step,
            min_side=least,
            max_side=most,
            sizes=tuple(size for size in trained if all(least <= x <= most and x % step == 0 for x in size)),
        )


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All that the file registers; `default` is the model of jobs that name none."""

    path: Path
    default: str
    models: Mapping[str, Model]
    adapters: Mapping[str, Adapter]
    upscalers: Mapping[str, Upscaler] = field(default_factory=lambda: MappingProxyType({}))
    folders: Folders = field(default_factory=lambda: MappingProxyType({}))
    ip_adapters: Mapping[str, IPAdapter] = field(default_factory=lambda: MappingProxyType({}))
    controls: Mapping[str, ControlNet] = field(default_factory=lambda: MappingProxyType({}))
    motion_adapters: Mapping[str, MotionAdapter] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def upscaler(self) -> Upscaler | None:
        """The upscaler that is used: the first of the file."""
        return next(iter(self.upscalers.values()), None)

    @property
    def segmenter(self) -> ModelFolder | None:
        """The segmenter that is used: the first of the file."""
        return self._first_folder(AddOn.SEGMENTER)

    @property
    def captioner(self) -> ModelFolder | None:
        """The captioner that is used: the first of the file."""
        return self._first_folder(AddOn.CAPTIONER)

    @property
    def classifier(self) -> ModelFolder | None:
        """The safety classifier that is used: the first of the file."""
        return self._first_folder(AddOn.CLASSIFIER)

    @property
    def scorer(self) -> ModelFolder | None:
        """The scorer that is used: the first of the file."""
        return self._first_folder(AddOn.SCORER)

    def without(self, kind: AddOn) -> Registry:
        """Return the registry without what it registers of this kind, by their folders."""
        return replace(self, folders=MappingProxyType({**self.folders, kind: MappingProxyType({})}))

    def _first_folder(self, kind: AddOn) -> ModelFolder | None:
        return next(iter(self.folders.get(kind, {}).values()), None)

    def model(self, name: str | None = None) -> Model:
        """Return the model called `name`, or the default.

        Raises: ModelUnknown.
        """
        wanted = name or self.default
        if wanted not in self.models:
            raise ModelUnknown(name=wanted, known=tuple(self.models))
        return self.models[wanted]

    def controls_of(self, model: Model) -> tuple[ControlNet, ...]:
        """Return the ControlNets that are registered for the model's family."""
        return tuple(control for control in self.controls.values() if control.family == model.family.name)

    def motion_adapter_of(self, model: Model) -> MotionAdapter | None:
        """Return the motion adapter that the model paints films with: the first that is registered for it."""
        fitting = (one for one in self.motion_adapters.values() if one.family == model.family.name)
        return next((one for one in fitting if one.model in (None, model.name)), None)

    def style_of(self, model: Model) -> Adapter | None:
        """Return the adapter with the community's style: the first that is registered for the model."""
        return next((adapter for adapter in self.adapters_of(model) if adapter.is_style), None)

    def adapters_of(self, model: Model) -> tuple[Adapter, ...]:
        """Return the adapters that are registered for the model."""
        return tuple(
            adapter
            for adapter in self.adapters.values()
            if adapter.family == model.family.name
            and adapter.model in (None, model.name)
            and model.prompt_abilities >= ADAPTER_ABILITY
        )

    def ip_adapters_of(self, model: Model) -> tuple[IPAdapter, ...]:
        """Return the IP-Adapters of the model: the first for each use, and none for 8-bit weights."""
        is_rough = model.speed.precision is Precision.FP8
        return () if is_rough else first_by_use(self.ip_adapters.values(), model.family.name, model.name)


_FILE = {
    *("default", "models", "adapters", "ip_adapters", "upscalers", "controls", "motion_adapters"),
    *TABLES.values(),
}


def read_registry(path: Path = SHIPPED) -> Registry:
    """Return the registry in the TOML file at `path`; relative paths in it start at its folder.

    Raises: SettingsInvalid with all problems of the file.
    """
    return registry_from_data(read_toml(path), path)


def registry_from_data(data: Mapping[str, Any], path: Path) -> Registry:
    """Return the registry that the parsed TOML describes.

    Raises: SettingsInvalid with all problems.
    """
    reader = TomlReader(path)
    reader.check_keys(data, _FILE, "the file")
    tables = reader.table(data, "models", "the file")
    models = {name: _model(name, reader.table(tables, name, "models"), reader) for name in tables}
    names = reader.table(data, "adapters", "the file")
    adapters = {name: adapter_from_table(name, reader.table(names, name, "adapters"), reader) for name in names}
    upscalers = upscalers_from_data(data, reader)
    folders = folders_from_data(data, reader)
    ip_adapters = ip_adapters_from_data(data, reader)
    controls = controls_from_data(data, reader)
    motion_adapters = motion_adapters_from_data(data, reader)
    default = reader.text(data, "default", "the file", next(iter(models), ""))
    if not tables:
        reader.add_problem("the file", f"it registers no model. Add a [models.NAME] table, or begin with {SHIPPED}")
    elif default not in models:
        reader.add_problem("the file", f"default is {default!r}, but no model has that name")
    reader.raise_problems()
    return Registry(
        path=path,
        default=default,
        models=MappingProxyType({name: model for name, model in models.items() if model}),
        adapters=MappingProxyType({name: adapter for name, adapter in adapters.items() if adapter}),
        upscalers=upscalers,
        folders=folders,
        ip_adapters=ip_adapters,
        controls=controls,
        motion_adapters=motion_adapters,
    )


def _model(name: str, table: Mapping[str, Any], reader: TomlReader) -> Model | None:
    section = f"models.{name}"
    reader.check_keys(table, _SETTINGS, section)
    family = family_from_table(table, section, reader)
    if family is None:
        source_from_table(table, section, reader)
        return None
    defaults = _defaults(reader.table(table, "defaults", section), family, f"{section}.defaults", reader)
    scheduler = scheduler_from_table(reader.table(table, "scheduler", section), family, f"{section}.scheduler", reader)
    abilities = abilities_from_table(
        reader.table(table, "abilities", section), family, defaults, scheduler, section, reader
    )
    model = Model(
        name=name,
        family=family,
        source=source_from_table(table, section, reader),
        defaults=defaults,
        abilities=abilities,
        scheduler=scheduler,
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
        clip_sha256=reader.text(table, "clip_sha256", section) or None,
        speed=speed_from_table(reader.table(table, "speed", section), family, f"{section}.speed", reader),
    )
    _check_defaults(defaults, abilities, f"{section}.defaults", reader)
    _check_steps(model.step_limits, f"{section}.defaults", reader)
    check_ratios(model.speed, model.size_limits, f"{section}.speed", reader)
    return model


_TABLES = ("defaults", "abilities", "scheduler", "speed")
_SETTINGS = {"family", "licence", "sha256", "clip_sha256", *SOURCES, *DETAILS, *_TABLES}


def _defaults(table: Mapping[str, Any], family: Family, section: str, reader: TomlReader) -> ModelDefaults:
    reader.check_keys(table, {"width", "height", "steps", "guidance", "sampler", "outpaint_strength"}, section)
    return ModelDefaults(
        width=reader.integer(table, "width", section, family.side, MAX_SIDE),
        height=reader.integer(table, "height", section, family.side, MAX_SIDE),
        steps=reader.integer(table, "steps", section, family.steps, MAX_STEPS),
        guidance=reader.number(table, "guidance", section, family.guidance, 0.0, MAX_GUIDANCE),
        sampler=reader.text(table, "sampler", section, family.sampler),
        outpaint_strength=reader.number(table, "outpaint_strength", section, 1.0, 0.05, 1.0),
    )


def _check_defaults(defaults: ModelDefaults, abilities: Abilities, section: str, reader: TomlReader) -> None:
    if defaults.sampler not in abilities.samplers:
        reader.add_problem(section, f"unknown sampler {defaults.sampler!r}. Available: {', '.join(abilities.samplers)}")
    step, low, high = abilities.multiple, abilities.min_side, abilities.max_side
    for side in (defaults.width, defaults.height):
        if side % step or not low <= side <= high:
            reader.add_problem(section, f"width and height must be a multiple of {step}, {low} to {high}, not {side}")


def _check_steps(steps: StepLimits, section: str, reader: TomlReader) -> None:
    most = max_steps_by(steps.sampler, steps)
    if steps.default > most:
        why = "max_steps is" if most == steps.maximum else f"the maximum with sampler {steps.sampler} is"
        reader.add_problem(section, f"steps is {steps.default}, but {why} {most}")
