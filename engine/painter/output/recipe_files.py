"""Whether the files that a picture is painted again from are those that its recipe names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.contract.errors import PictureCorrupt, SettingsInvalid, WeightsMismatch
from engine.models.files.folder_hash import folder_hash
from engine.models.files.locate import local_path
from engine.models.files.module_files import module_folder, module_hash
from engine.models.files.weights import hash_of, resolve_hash
from engine.models.registry.registry import Model, Registry
from engine.painter.sampling.params import SamplingParams


def check_source(given: Any, recorded: Any) -> None:
    """Raise PictureCorrupt when the hashes of what is painted from are not those that were recorded."""
    if given != recorded:
        raise PictureCorrupt(key=recorded, cause="another than the one the picture was made from")


def check_weights(model: Model, recorded: str) -> None:
    """Raise WeightsMismatch when the model's files are not those of the recipe."""
    place = local_path(model)
    try:
        resolve_hash(place, recorded, model.source.variant)
    except WeightsMismatch as error:
        raise error if "cause" in error.facts else _other_weights(place, recorded) from error


def _other_weights(path: Path, recorded: str) -> WeightsMismatch:
    """Return the error of whole files that are not those of a recipe, with their hash among its facts."""
    error = WeightsMismatch(path=path)
    error.facts = {**error.facts, "painted_with": recorded}
    return error


def check_adapters(recorded: Mapping[str, str], params: SamplingParams) -> None:
    """Raise WeightsMismatch when an adapter's file has another hash than recorded; without a record it passes."""
    for adapter, _ in params.loras:
        if adapter.name in recorded and hash_of(adapter.file) != recorded[adapter.name]:
            raise _other_weights(adapter.file, recorded[adapter.name])


def check_control(recorded: Mapping[str, Any] | None, params: SamplingParams) -> None:
    """Raise WeightsMismatch when the files of the ControlNet have another hash than recorded."""
    if recorded is not None and params.control is not None and module_hash(params.control) != recorded["sha256"]:
        raise _other_weights(module_folder(params.control), recorded["sha256"])


def check_film(recorded: Mapping[str, Any] | None, params: SamplingParams) -> None:
    """Raise SettingsInvalid when films are painted with another motion adapter, WeightsMismatch with another file."""
    adapter = params.film.adapter if params.film else None
    if recorded is None or adapter is None or "adapter" not in recorded:
        return
    if adapter.name != recorded["adapter"]:
        problem = f"The motion adapter was {recorded['adapter']!r}, and would be {adapter.name!r}."
        raise SettingsInvalid(problems=(f"{problem} Register it first in EASEL_MODELS_FILE.",))
    if module_hash(adapter) != recorded["sha256"]:
        raise _other_weights(module_folder(adapter), recorded["sha256"])


def check_clip(recorded: Mapping[str, Any] | None, params: SamplingParams) -> None:
    """Raise WeightsMismatch when the files of the CLIP that steers have another hash than recorded."""
    if recorded is not None and params.clip is not None and folder_hash(params.clip.folder, None) != recorded["sha256"]:
        raise _other_weights(params.clip.folder, recorded["sha256"])


def check_upscaler(recorded: Mapping[str, str] | None, registry: Registry) -> None:
    """Raise SettingsInvalid for an upscaler that is no longer registered, WeightsMismatch for one with another file."""
    if recorded is None or "sha256" not in recorded:
        return
    upscaler = registry.upscalers.get(recorded["name"])
    if upscaler is None:
        problem = f"The upscaler {recorded['name']!r} is no longer registered. Add it to EASEL_MODELS_FILE again."
        raise SettingsInvalid(problems=(problem,))
    if hash_of(upscaler.file) != recorded["sha256"]:
        raise _other_weights(upscaler.file, recorded["sha256"])
