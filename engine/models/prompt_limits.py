"""Limits of the registered models for the prompt language, so that it refuses unsupported prompts at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from engine.contract.errors import EaselError, WeightsMissing
from engine.contract.jobs import Operation
from engine.contract.references import ABILITY_OF, PictureUse
from engine.models.files.adapter_fit import incompatible_adapters
from engine.models.files.clip_folder import clip_folder
from engine.models.files.saved_scheduler import supported_samplers
from engine.models.files.vocabulary import read_vocabulary
from engine.models.registry.ability_sets import ADAPTER_ABILITY, CLIP_ABILITY, MOTION_ABILITY
from engine.models.registry.registry import Model, Registry, read_registry
from engine.prompt import Limits, ModelCapabilities, Told, Vocabulary

IncompatibleAdapters = Mapping[str, Mapping[str, Told]]
Samplers = tuple[str, ...]

NO_INCOMPATIBLE_ADAPTERS: IncompatibleAdapters = MappingProxyType({})
# Those of the language's service abilities that are supported.
_SERVICE = frozenset({"profile", "results", "speed", "visibility"})
_OF_DISCORD = frozenset({"profile", "results"})


async def read_limits(models_file: Path, default_model: str | None, *, shows_unsafe: bool = False) -> Limits:
    """Return the limits of a service with this models file; a thread reads the headers of adapters and models once.

    default_model: the model of prompts that name none; None for the file's default.
    shows_unsafe: whether the operator has switched off that unsafe pictures are withheld.

    Raises: SettingsInvalid for an invalid file, ModelUnknown if the default is not registered.
    """
    limits = await asyncio.to_thread(_read_limits, models_file, default_model)
    return replace(limits, shows_unsafe=shows_unsafe)


def _read_limits(models_file: Path, default_model: str | None) -> Limits:
    registry = read_registry(models_file)
    return limits_from_registry(
        registry,
        default_model,
        incompatible_adapters(registry, _find) if registry.adapters else NO_INCOMPATIBLE_ADAPTERS,
        {model.name: _samplers_of(model) for model in registry.models.values()},
        {model.name: _vocabulary_of(model) for model in registry.models.values()},
        {model.name: _operations_of(model, registry) for model in registry.models.values()},
        [model.name for model in registry.models.values() if not _has_clip(model)],
        {model.name: _controls_of(model, registry) for model in registry.models.values()},
    )


def _find(model: Model) -> Path | None:
    """Return the path of the model's files, or None if they are missing or the Hub client is not installed."""
    try:
        # Imports the Hub client, which an installation of the bot alone does not have.
        from engine.models.files.locate import local_path

        return local_path(model)
    except (ImportError, OSError, WeightsMissing):
        return None


def _vocabulary_of(model: Model) -> Vocabulary | None:
    path = _find(model)
    return None if path is None else read_vocabulary(path)


def _operations_of(model: Model, registry: Registry) -> tuple[Operation, ...]:
    """Return what can be done with the model; a captioner describes pictures for every model."""
    has_clip = _has_clip(model)
    can_describe = registry.captioner is not None or (has_clip and _vocabulary_of(model) is not None)
    can_train = model.prompt_abilities >= ADAPTER_ABILITY
    lacking = {
        Operation.SHORTEN: not has_clip,
        Operation.DESCRIBE: not can_describe,
        Operation.TRAIN: not can_train,
        Operation.ANIMATE: not _can_animate(model, registry),
    }
    return tuple(one for one in model.abilities.operations if not lacking.get(one, False))


def _registered_operations(model: Model, registry: Registry) -> tuple[Operation, ...]:
    """Return what can be done with the model as far as the models file says."""
    can_animate = model.family.only_animates or registry.motion_adapter_of(model) is not None
    return tuple(one for one in model.abilities.operations if can_animate or one is not Operation.ANIMATE)


def _has_clip(model: Model) -> bool:
    path = _find(model)
    return path is not None and clip_folder(path) is not None


def _can_animate(model: Model, registry: Registry) -> bool:
    """Return whether the model paints films: has a motion adapter that fits it, as far as its files are here."""
    adapter = registry.motion_adapter_of(model)
    if adapter is None:
        return model.family.only_animates
    try:
        # As in `_find`.
        from engine.models.files.motion_fit import motion_misfit_of

        return not motion_misfit_of(adapter, model)
    except ImportError:
        return True


def _controls_of(model: Model, registry: Registry) -> tuple[str, ...]:
    """Return the ControlNets that are registered for the model and fit it, as far as their files are here."""
    named = tuple(control.name for control in registry.controls_of(model))
    try:
        # As in `_find`.
        from engine.models.files.control_fit import fitting_controls

        return fitting_controls(model, registry) if named else ()
    except ImportError:
        return named


def _samplers_of(model: Model) -> Samplers:
    """Return the samplers that the scheduler in the model's files supports; all of the model's without its files."""
    samplers = model.abilities.samplers
    try:
        # As in `_find`.
        from engine.models.files.scheduler_check import scheduler_of

        path = _find(model)
        saved = None if path is None else scheduler_of(model, path)
    except (ImportError, OSError, EaselError):
        return samplers
    # A model that supports none is broken, which its jobs say better than a list without samplers.
    return samplers if saved is None else supported_samplers(saved, samplers, model.scheduler.overrides) or samplers


def outside_discord(limits: Limits) -> Limits:
    """Return the limits of a service that looks up neither results of earlier jobs nor the style of a member."""
    return replace(limits, abilities=None if limits.abilities is None else limits.abilities - _OF_DISCORD)


def limits_from_registry(
    registry: Registry,
    default_model: str | None,
    incompatible_adapters: IncompatibleAdapters = NO_INCOMPATIBLE_ADAPTERS,
    samplers: Mapping[str, Samplers] = MappingProxyType({}),
    vocabularies: Mapping[str, Vocabulary | None] = MappingProxyType({}),
    operations: Mapping[str, tuple[Operation, ...]] = MappingProxyType({}),
    without_clip: Collection[str] = (),
    controls: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Limits:
    """Return the limits of a service with the models of `registry`.

    default_model: the model of prompts that name none; None for the registry's default.
    incompatible_adapters: by model, the adapters that do not fit it, each with the first layer that does not.
    samplers: by model, those that its files support; models that are not in it support all that are registered.
    vocabularies: by model, all that it can paint, of those that come with such a list.
    operations: by model, what it can do; models that are not in it can do all that is registered.
    without_clip: models that come without a CLIP, which ranks pictures where no scorer does.
    controls: by model, the ControlNets that fit it; models that are not in it have all that are registered.

    Raises: ModelUnknown if the default is not registered.
    """
    return Limits(
        models=tuple(
            _capabilities_from_model(
                model,
                _abilities_of(model, registry),
                incompatible_adapters.get(model.name, {}),
                samplers.get(model.name, model.abilities.samplers),
                vocabularies.get(model.name),
                style.name if (style := registry.style_of(model)) else "",
                operations.get(model.name, _registered_operations(model, registry)),
                can_choose=model.name not in without_clip or registry.scorer is not None,
                controls=controls.get(model.name, tuple(one.name for one in registry.controls_of(model))),
                reads_pictures=any(one.use is PictureUse.IMAGE for one in registry.ip_adapters_of(model)),
            )
            for model in registry.models.values()
        ),
        default_model=registry.model(default_model).name,
        abilities=_SERVICE,
        adapters=tuple(registry.adapters),
        adapter_files=MappingProxyType({adapter.file.stem: name for name, adapter in registry.adapters.items()}),
        upscaler=registry.upscaler.name if registry.upscaler else "",
        animator=next((name for name, one in registry.models.items() if one.family.only_animates), ""),
        has_segmenter=registry.segmenter is not None,
        has_classifier=registry.classifier is not None,
    )


def _abilities_of(model: Model, registry: Registry) -> frozenset[str]:
    """Return the model's abilities, with those that its IP-Adapters and its motion adapter add."""
    uses = {one.use for one in registry.ip_adapters_of(model)}
    of_films = frozenset() if registry.motion_adapter_of(model) is None else MOTION_ABILITY
    return model.prompt_abilities | of_films | {ability for use, ability in ABILITY_OF.items() if use in uses}


def _capabilities_from_model(
    model: Model,
    abilities: frozenset[str],
    incompatible_adapters: Mapping[str, Told],
    samplers: Samplers,
    vocabulary: Vocabulary | None,
    style: str,
    operations: tuple[Operation, ...],
    *,
    can_choose: bool,
    controls: tuple[str, ...],
    reads_pictures: bool,
) -> ModelCapabilities:
    return ModelCapabilities(
        name=model.name,
        abilities=abilities - (frozenset() if can_choose else CLIP_ABILITY),
        operations=operations,
        samplers=samplers,
        step_limits=model.step_limits,
        size_limits=model.size_limits,
        incompatible_adapters=incompatible_adapters,
        vocabulary=vocabulary,
        style=style,
        controls=controls,
        reads_pictures=reads_pictures,
    )
