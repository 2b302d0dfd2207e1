"""Checks whether a LoRA fits a model, from the headers of their files, before anything is loaded or queued.

Unknown layouts are left to the loader of the model's family, which refuses them if it does not support them; the loader
of UNets supports no others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from engine.contract.errors import AdapterMismatch, WeightsMismatch, WeightsMissing
from engine.models.files.adapter_numbers import tensor_not_finite
from engine.models.files.adapter_prediction import prediction_mismatch
from engine.models.files.adapter_settings import settings_problem
from engine.models.files.contents import quantized_weight
from engine.models.files.lora_layouts import (
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
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Model, Registry
from engine.prompt import Code, Told, sentence

TensorReader = Callable[[Path], Mapping[str, Shape]]
# The weights that an adapter can change, by part of the model; parts with unknown names are missing.
BaseModules = Mapping[str, Modules]

# Other tensors of a layer in a LoRA's file.
_EXTRA = re.compile(r"(?:\.alpha|lora_magnitude_vector(?:\.weight)?|lora_B\.bias)$")
# Kinds of adapters that are no plain LoRA, by the names of their tensors. Of DoRA, this is kohya's name for magnitudes,
# which diffusers 0.42 leaves out and paints on.
_UNSUPPORTED: Mapping[Code, re.Pattern[str]] = {
    kind: re.compile(rf"\.(?:{names})")
    for kind, names in {
        Code.LOHA: r"hada_\w+",
        Code.LOKR: r"lokr_\w+",
        Code.OFT: r"oft_\w+",
        Code.GLORA: r"[ab][12]\.weight",
        Code.DORA: r"dora_scale",
        Code.IA3: r"on_input",
        Code.THIRD_MATRIX: r"lora_mid",
        Code.FULL_DIFFERENCE: r"diff(?:_b)?|[wb]_norm|set_weight",
    }.items()
}
# Weights that replace those of the base model; Flux's loader would never restore the originals.
_REPLACING = re.compile(r"(?:norm_(?:added_)?[qk]\.weight|(?:query|key)_norm\.scale)$")


def check_fit(adapter: Adapter, model: Model, path: Path) -> None:
    """Check that the adapter fits the model whose files are at `path`.

    Raises: AdapterMismatch with the first layer that does not fit, WeightsMissing, WeightsMismatch.
    """
    base = base_modules(path, model.source.variant)
    part = (
        _registered_for_another(adapter, model)
        or _mismatch(adapter, base, tensors_in)
        or settings_problem(header_of(adapter.file), base)
        or prediction_mismatch(adapter.file, model, path)
        or _not_finite(adapter.file)
    )
    if part is not None:
        raise AdapterMismatch(name=adapter.name, model=model.name, part=str(part))


def incompatible_adapters(registry: Registry, find: Callable[[Model], Path | None]) -> Mapping[str, Mapping[str, Told]]:
    """Return, by model, the adapters that do not fit it, each with the first layer that does not.

    find: returns the path of a model's files, or None if they are not on this machine.

    If the model's or the adapter's file is missing or unreadable, the adapter passes: the bot may run on another
    machine than the engine, and the starter is on both. A damaged adapter fits no model, because no engine can open
    it.
    """
    read = cache(tensors_in)
    adapters = registry.adapters.values()
    return {model.name: _incompatible_with(model, adapters, find, read) for model in registry.models.values()}


def _incompatible_with(
    model: Model, adapters: Iterable[Adapter], find: Callable[[Model], Path | None], read: TensorReader
) -> Mapping[str, Told]:
    place = find(model)
    base = _base_if_present(place, model.source.variant)
    told = {
        adapter.name: _registered_for_another(adapter, model)
        or (None if place is None or base is None else _mismatch_if_present(adapter, model, place, base, read))
        for adapter in adapters
    }
    return {name: part for name, part in told.items() if part is not None}


def _base_if_present(path: Path | None, variant: str | None) -> BaseModules | None:
    try:
        return None if path is None else base_modules(path, variant)
    except (WeightsMissing, WeightsMismatch, OSError):
        return None


def _mismatch_if_present(
    adapter: Adapter, model: Model, place: Path, base: BaseModules, read: TensorReader
) -> Told | None:
    try:
        return _mismatch(adapter, base, read) or _wrong_metadata(adapter, model, place, base)
    except WeightsMismatch:
        return sentence(Code.DAMAGED)
    except (WeightsMissing, OSError):
        return None


def _mismatch(adapter: Adapter, base: BaseModules, read: TensorReader) -> Told | None:
    """Return which layer of the adapter does not fit, by the headers of the files."""
    return _quantized(adapter.file) or _first_mismatch(read(adapter.file), base)


def _wrong_metadata(adapter: Adapter, model: Model, place: Path, base: BaseModules) -> Told | None:
    """Return that what the adapter says of itself does not fit; `check_fit` tells the operator what that is."""
    if settings_problem(header_of(adapter.file), base):
        return sentence(Code.METADATA_WRONG)
    return sentence(Code.OTHER_PREDICTION) if prediction_mismatch(adapter.file, model, place) else None


def _not_finite(file: Path) -> str | None:
    tensor = tensor_not_finite(file)
    return None if tensor is None else f"{layer_of(tensor)} has numbers that are not finite"


def _registered_for_another(adapter: Adapter, model: Model) -> Told | None:
    """Return what the adapter is registered for if it is not this model, else None."""
    if adapter.family != model.family.name:
        return sentence(Code.FOR_FAMILY, family=adapter.family)
    return None if adapter.model in (None, model.name) else sentence(Code.FOR_MODEL, model=f"{adapter.model}")


def base_modules(path: Path, variant: str | None = None) -> BaseModules:
    """Return the weights that an adapter can change, from the headers of a diffusers folder or a single file.

    Raises: WeightsMissing, WeightsMismatch.
    """
    if path.is_file():
        return parts_in_file(tensors_in(path))
    files = [file for file in weight_files(path, variant) if file.suffix == ".safetensors"]
    return {part: _modules_of(file for file in files if file.parent.name == part) for part in PARTS}


def tensors_in(file: Path) -> Mapping[str, Shape]:
    """Return the shape of every tensor in a safetensors file, by name.

    Raises: WeightsMissing, WeightsMismatch.
    """
    return dict(tensors_of(header_of(file)))


def _modules_of(files: Iterable[Path]) -> Modules:
    return {module: shape for file in files for module, shape in modules_of(tensors_in(file)).items()}


def _quantized(file: Path) -> Told | None:
    weight = quantized_weight(header_of(file))
    return None if weight is None else sentence(Code.QUANTIZED, layer=weight)


def _first_mismatch(tensors: Mapping[str, Shape], base: BaseModules) -> Told | None:
    """Return the first layer that does not fit, or None; a file without LoRA tensors fits nothing."""
    if not any("lora" in name or ".lokr_" in name for name in tensors):
        return sentence(Code.NO_LORA)
    misfit = next((name for name, shape in tensors.items() if not _fits(name, shape, base)), None)
    if misfit is not None and (told := _other_kind(misfit)):
        return told
    return (misfit and layer_of(misfit)) or _first_broken(tensors)


def _other_kind(tensor: str) -> Told | None:
    """Return what an adapter is that is no plain LoRA, with what to do, or None."""
    for kind, names in _UNSUPPORTED.items():
        if found := names.search(tensor):
            name = found[0].strip(".")
            return sentence(Code.OTHER_KIND, layer=layer_of(tensor), kind=sentence(kind), tensor=name)
    return None


def _first_broken(tensors: Mapping[str, Shape]) -> Told | None:
    """Return the first layer of which one matrix is missing, or whose two do not have the same rank."""
    layers: dict[str, dict[bool, Shape]] = {}
    for name, shape in tensors.items():
        if is_lora(name):
            layers.setdefault(layer_of(name), {})[is_down(name)] = shape
    for layer, halves in layers.items():
        if len(halves) < 2:
            return sentence(Code.NOT_WHOLE, layer=layer)
        if halves[True][:1] != halves[False][1:2]:
            return sentence(Code.UNEQUAL_RANKS, layer=layer)
        if 0 in halves[True]:
            return sentence(Code.EMPTY_LAYER, layer=layer)
    return None


def _fits(name: str, shape: Shape, base: BaseModules) -> bool:
    """Return whether an adapter's tensor fits; True if its layout is unknown."""
    if not is_lora(name):
        if name.endswith(".dora_scale") or (name.endswith(".alpha") and math.prod(shape) != 1):
            return False
        return bool(_EXTRA.search(name)) or not (_REPLACING.search(name) or base.get("unet"))
    part, module = part_and_module(name, base)
    if part is None:
        return not base.get("unet")
    if part not in base:
        return not base.get("unet")
    return _matches(shape, base[part].get(module), is_down=is_down(name))


def _matches(shape: Shape, weight: Shape | None, *, is_down: bool) -> bool:
    """Return whether one matrix of a LoRA fits the weight [out, in, ...] that it changes.

    The down matrix has its input width and its kernel, the up matrix its output width. A matrix is as good as a 1 x 1
    convolution, see `renamed_tensors` of the painter.
    """
    if weight is None or len(weight) < 2 or len(shape) < 2:
        return False
    if is_down:
        return shape[1] == weight[1] and _kernel(shape) == _kernel(weight)
    return shape[0] == weight[0] and not _kernel(shape)


def _kernel(shape: Shape) -> Shape:
    """Return the height and width of a convolution's kernel; nothing for 1 x 1 and for linear layers."""
    return shape[2:] if any(side != 1 for side in shape[2:]) else ()
