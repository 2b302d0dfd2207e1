"""Checks that a model can be painted with the scheduler in its files, before its weights are loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.contract.errors import ModelBroken
from engine.contract.samplers import ScheduleKind
from engine.models.files.locate import config_path
from engine.models.files.prediction import FLOW, FileSays, told_by_file
from engine.models.files.saved_scheduler import FILE, KINDS, SavedScheduler, read_scheduler, supported_samplers
from engine.models.files.scheduler_settings import PREDICTIONS_OF, setting_problems
from engine.models.files.usage_metadata import unfollowed_metadata
from engine.models.files.weights import header_of
from engine.models.registry.registry import Model


def scheduler_of(model: Model, place: Path) -> SavedScheduler | None:
    """Return the scheduler in the files of a model, or None if they have none.

    What a single file says of itself is among its settings, unless the models file sets another prediction type: then
    nothing that the file says about it holds.

    place: the model's folder or file.

    Raises: ModelBroken, WeightsMissing, WeightsMismatch.
    """
    if not place.is_file():
        return read_scheduler(model.name, place)
    saved, says = read_scheduler(model.name, config_path(model)), told_by_file(header_of(place))
    if saved is None:
        return None
    if says.is_edm and saved.kind is not ScheduleKind.EDM:
        cause = (
            f"its file is of an EDM model ({says.evidence}), but its `config` has the scheduler {saved.class_name}."
            " Set `config` to the folder or Hub id of a pipeline with the EDM scheduler that it was trained with, such"
            " as playgroundai/playground-v2.5-1024px-aesthetic"
        )
        raise ModelBroken(name=model.name, cause=cause)
    if model.family.is_flow:
        return saved
    if (problem := _unusable_prediction(model, saved, says)) is not None:
        raise ModelBroken(name=model.name, cause=problem)
    prediction = model.scheduler.prediction_type
    is_believed = prediction in (None, says.prediction or prediction)
    return replace(saved, settings={**saved.settings, **says.settings}) if is_believed else saved


def _unusable_prediction(model: Model, saved: SavedScheduler, says: FileSays) -> str | None:
    """Return why what a single file says about its prediction cannot be painted, unless the models file decides."""
    if model.scheduler.prediction_type is not None:
        return None
    accepted = PREDICTIONS_OF[ScheduleKind.EDM if saved.kind is ScheduleKind.EDM else ScheduleKind.DIFFUSION]
    otherwise = f"If the file is wrong, set prediction_type to {_either(accepted)} in [models.{model.name}.scheduler]"
    if says.unknown:
        return f"its {says.unknown[0]}, which Easel does not know. {otherwise}"
    if says.prediction == FLOW:
        return (
            f"its {says.evidence} says that it predicts a flow, which models of family {model.family.name} cannot be"
            f" painted with. {otherwise}"
        )
    if says.prediction is not None and says.prediction not in accepted:
        told = f"its {says.evidence} says {says.prediction}, which its scheduler {saved.class_name} does not support"
        return f"{told}. {otherwise}"
    return None


def check_scheduler(model: Model, saved: SavedScheduler) -> None:
    """Check that the model's family and default sampler can paint with the scheduler in its files.

    Raises: ModelBroken, with what to do.
    """
    settings = {**saved.settings, **model.scheduler.overrides}
    causes = () if saved.kind is None else tuple(setting_problems(saved.kind, settings))
    if cause := "; ".join(causes) or _kind_problem(model, saved) or _sampler_problem(model, saved):
        raise ModelBroken(name=model.name, cause=cause)


def _kind_problem(model: Model, saved: SavedScheduler) -> str | None:
    if saved.kind is None:
        return (
            f"its scheduler is {saved.class_name}, which no sampler supports. Use files with one of these:"
            f" {', '.join(sorted(KINDS))}"
        )
    if model.family.is_flow is not (saved.kind is ScheduleKind.FLOW):
        it_is = "for flow models" if saved.kind is ScheduleKind.FLOW else "not for flow models"
        needs = "one for flow models" if model.family.is_flow else "one that is not for flow models"
        return (
            f"its scheduler {saved.class_name} is {it_is}, but models of family {model.family.name} need {needs}."
            f" Register it with the family that it belongs to, or restore its {FILE}"
        )
    if saved.kind is ScheduleKind.EDM and (useless := model.scheduler.overrides.keys() - {"prediction_type"}):
        return f"its scheduler {saved.class_name} has no {', '.join(sorted(useless))}. Remove it from the models file"
    return None


def _sampler_problem(model: Model, saved: SavedScheduler) -> str | None:
    supported = supported_samplers(saved, model.abilities.samplers, model.scheduler.overrides)
    if model.defaults.sampler in supported:
        return None
    told = f"its scheduler {saved.class_name}, as it is configured, does not support"
    if not supported:
        return f"{told} any of the model's samplers: {_listed(model.abilities.samplers)}"
    return (
        f"{told} the default sampler {model.defaults.sampler}. Set sampler in [models.{model.name}.defaults] to one of"
        f" {_listed(supported)}"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def scheduler_warnings(model: Model, place: Path) -> Iterator[str]:
    """Yield what the files say of their scheduler that the models file contradicts, or that may not be meant.

    Raises: as `scheduler_of`.
    """
    saved, changes = scheduler_of(model, place), model.scheduler.overrides
    if saved is None:
        return
    header = header_of(place) if place.is_file() else {}
    says = told_by_file(header) if place.is_file() else FileSays(settings=_unusual(saved))
    yield from says.contradictions
    yield from unfollowed_metadata(header, model.family.name)
    if model.family.is_flow:
        yield from _ignored_by_flow(model, says)
        return
    # Refused unless the models file decides.
    yield from (f"its {told}, which Easel does not know and ignores" for told in says.unknown)
    for name, said in says.settings.items():
        if changes.get(name, said) != said:
            yield (
                f"its files say {name} = {_toml(said)}{says.evidence and f' ({says.evidence})'}, but"
                f" [models.{model.name}.scheduler] sets {_toml(changes[name])}, which is used. Remove that line unless"
                " the files are wrong"
            )
    if saved.class_name == "LCMScheduler" and model.defaults.sampler != "lcm":
        yield (
            f"its scheduler is LCMScheduler, but the default sampler is {model.defaults.sampler}."
            f' Set sampler = "lcm" in [models.{model.name}.defaults] if it is a latent consistency model'
        )


def _ignored_by_flow(model: Model, says: FileSays) -> Iterator[str]:
    if says.prediction not in (None, FLOW):
        told = f"its {says.evidence} says {says.prediction}"
        yield f"{told}, which is ignored because models of family {model.family.name} predict a flow"
    yield from (f"its {told}, which is ignored" for told in says.unknown)


def _either(names: Sequence[str]) -> str:
    *first, last = map(_toml, names)
    return f"{', '.join(first)} or {last}"


def _unusual(saved: SavedScheduler) -> dict[str, Any]:
    """Return what a folder's configuration says that its writer must have meant, as no class has it by default."""
    meant = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    return {name: value for name, value in meant.items() if saved.settings.get(name) == value}


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
