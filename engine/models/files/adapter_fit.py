"""Whether a LoRA fits a model, told from the headers of their files before anything is loaded or queued.

Layouts that are not known here are left to the loader of the model's family, which refuses what it cannot put in; a
UNet's takes no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from engine.contract.errors import AdapterMismatch, WeightsMismatch, WeightsMissing
from engine.models.files.layouts import (
    PARTS,
    Modules,
    Shape,
    is_down,
    is_lora,
    layer_of,
    modules_of,
    part_and_module,
    parts_in_file,
)
from engine.models.files.weights import header_of, tensors_of, weight_files
from engine.models.registry.registry import Adapter, Model, Registry

TensorReader = Callable[[Path], Mapping[str, Shape]]
# The weights that an adapter may change, by part of the model; a part is missing where its names are not known.
BaseModules = Mapping[str, Modules]

# What else a LoRA's file may hold of a layer.
_EXTRA = re.compile(r"(?:\.alpha|dora_scale|lora_magnitude_vector(?:\.weight)?|lora_B\.bias)$")
# Weights that take the place of the base's own; Flux's loader would leave them there for ever.
_REPLACING = re.compile(r"(?:norm_(?:added_)?[qk]\.weight|(?:query|key)_norm\.scale)$")
_DAMAGED = "its file is damaged or is not a safetensors file"


def check_fit(adapter: Adapter, model: Model, path: Path) -> None:
    """Return when the adapter fits the model whose files are at `path`.

    Raises: AdapterMismatch with the first part that does not fit, WeightsMissing, WeightsMismatch.
    """
    part = _registered_for_another(adapter, model) or _first_mismatch(
        tensors_in(adapter.file), base_modules(path, model.source.variant)
    )
    if part is not None:
        raise AdapterMismatch(name=adapter.name, model=model.name, part=part)


def incompatible_adapters(registry: Registry, find: Callable[[Model], Path | None]) -> Mapping[str, Mapping[str, str]]:
    """Return by model the adapters that do not fit it, each with the first part that does not.

    find: where a model's files are; None when they are not on this machine.

    Where the model's or the adapter's file is not here, or may not be read, nobody here can say, and the adapter
    passes: the bot may serve another machine's engine, and the starter is on both. An adapter that is here and damaged
    fits nothing: no engine could open that file.
    """
    read = cache(tensors_in)
    adapters = registry.adapters.values()
    return {model.name: _incompatible_with(model, adapters, find, read) for model in registry.models.values()}


def _incompatible_with(
    model: Model, adapters: Iterable[Adapter], find: Callable[[Model], Path | None], read: TensorReader
) -> Mapping[str, str]:
    base = _base_if_present(find(model), model.source.variant)
    told = {
        adapter.name: _registered_for_another(adapter, model) or _mismatch_if_present(adapter, base, read)
        for adapter in adapters
    }
    return {name: part for name, part in told.items() if part is not None}


def _base_if_present(path: Path | None, variant: str | None) -> BaseModules | None:
    try:
        return None if path is None else base_modules(path, variant)
    except (WeightsMissing, WeightsMismatch, OSError):
        return None


def _mismatch_if_present(adapter: Adapter, base: BaseModules | None, read: TensorReader) -> str | None:
    try:
        return None if base is None else _first_mismatch(read(adapter.file), base)
    except WeightsMismatch:
        return _DAMAGED
    except (WeightsMissing, OSError):
        return None


def _registered_for_another(adapter: Adapter, model: Model) -> str | None:
    """Return for what else the adapter was registered, or None."""
    if adapter.family != model.family.name:
        return f"it is for family {adapter.family}"
    return None if adapter.model in (None, model.name) else f"it is for model {adapter.model}"


def base_modules(path: Path, variant: str | None = None) -> BaseModules:
    """Return what the headers of a diffusers folder or a single file say of the weights that an adapter may change.

    Raises: WeightsMissing, WeightsMismatch.
    """
    if path.is_file():
        return parts_in_file(tensors_in(path))
    files = [file for file in weight_files(path, variant) if file.suffix == ".safetensors"]
    return {part: _modules_of(file for file in files if file.parent.name == part) for part in PARTS}


def tensors_in(file: Path) -> Mapping[str, Shape]:
    """Return the shape of every tensor of a safetensors file.

    Raises: WeightsMissing, WeightsMismatch.
    """
    return dict(tensors_of(header_of(file)))


def _modules_of(files: Iterable[Path]) -> Modules:
    return {module: shape for file in files for module, shape in modules_of(tensors_in(file)).items()}


def _first_mismatch(tensors: Mapping[str, Shape], base: BaseModules) -> str | None:
    """Return the first part that does not fit, or None; a file without any LoRA tensor fits nothing."""
    if not any("lora" in name or ".lokr_" in name for name in tensors):
        return "it contains no LoRA tensors"
    return next((layer_of(name) for name, shape in tensors.items() if not _fits(name, shape, base)), None)


def _fits(name: str, shape: Shape, base: BaseModules) -> bool:
    """Return whether a tensor of an adapter fits, as far as can be told."""
    if not is_lora(name):
        return bool(_EXTRA.search(name)) or not (_REPLACING.search(name) or base.get("unet"))
    part, module = part_and_module(name, base)
    if part is None:
        return not base.get("unet")
    return part not in base or _matches(shape, base[part].get(module), is_down=is_down(name))


def _matches(shape: Shape, weight: Shape | None, *, is_down: bool) -> bool:
    """Compare what a LoRA takes in, or gives out, with the weight that it changes: [out, in, ...]."""
    side = slice(1, 2) if is_down else slice(1)
    return weight is not None and shape[side] == weight[side]
