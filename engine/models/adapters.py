"""Whether a LoRA fits a model, told from the headers of their files before anything is loaded or queued.

Names in the layouts of diffusers and of kohya are understood; other layouts are left to the loader's own judgement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.contract.errors import AdapterMismatch, WeightsMismatch, WeightsMissing
from engine.models.registry import Adapter, Model, Registry
from engine.models.weights import header_of, tensors_of, weight_files

Shape = tuple[int, ...]
Read = Callable[[Path], Mapping[str, Shape]]

# The parts of a model that an adapter may change: its name there, and folder of the part in a diffusers folder.
_PARTS = (
    (re.compile(r"^(?:unet\.|lora_unet_)"), "unet"),
    (re.compile(r"^(?:transformer\.|lora_transformer_)"), "transformer"),
    (re.compile(r"^(?:text_encoder_2\.|lora_te2_)"), "text_encoder_2"),
    (re.compile(r"^(?:text_encoder\.|lora_te1?_)"), "text_encoder"),
)
_END = re.compile(r"(?:\.lora_[AB]|\.lora_(?:down|up)|[._]lora\.(?:down|up))\.weight$")
_IS_DOWN = re.compile(r"(?:A|down)\.weight$")
# Blocks as the first Stable Diffusion code named them; diffusers renames them while loading.
_OLD_NAMES = re.compile(r"input_blocks|output_blocks|middle_block")
# kohya calls every denoiser a unet; in one that is none, the names are those of its own first code.
_KOHYA = re.compile(r"^lora_unet_")
# Keys and values of attention to the text take what the text encoder gives, under this name in every layout.
_TAKES_TEXT = re.compile(r"attn2_to_[kv]$")

_DAMAGED = "its file is damaged, or no safetensors file"


@dataclass(frozen=True, kw_only=True)
class Base:
    """What the headers of a model's files say of the weights that an adapter may change.

    parts: shapes by part of the model, then by module; empty for a single file, whose modules have other names.
    text_widths: widths of a text that a UNet's attention takes: 768 in SD 1, 1024 in SD 2, 2048 in SDXL; empty for
        other denoisers.
    """

    parts: Mapping[str, Mapping[str, Shape]]
    text_widths: frozenset[int]


def check_fit(adapter: Adapter, model: Model, place: Path) -> None:
    """Return when the adapter fits the model whose files are at `place`.

    Raises: AdapterMismatch with the first part that does not fit, WeightsMissing, WeightsMismatch.
    """
    part = _made_for_another(adapter, model) or _misfit(tensors_in(adapter.file), base_of(place, model.source.variant))
    if part is not None:
        raise AdapterMismatch(name=adapter.name, model=model.name, part=part)


def misfits(registry: Registry, find: Callable[[Model], Path | None]) -> Mapping[str, Mapping[str, str]]:
    """Return by model the adapters that do not fit it, each with the first part that does not.

    find: where a model's files are; None when they are not on this machine.

    Where the model's or the adapter's file is not here, or may not be read, nobody here can say, and the adapter
    passes: the bot may serve another machine's engine, and the starter is on both. An adapter that is here and damaged
    fits nothing: no engine could open that file.
    """
    read = cache(tensors_in)
    adapters = registry.adapters.values()
    return {model.name: _misfits_of(model, adapters, find, read) for model in registry.models.values()}


def _misfits_of(
    model: Model, adapters: Iterable[Adapter], find: Callable[[Model], Path | None], read: Read
) -> Mapping[str, str]:
    base = _base_if_here(find(model), model.source.variant)
    told = {
        adapter.name: _made_for_another(adapter, model) or _misfit_if_here(adapter, base, read) for adapter in adapters
    }
    return {name: part for name, part in told.items() if part is not None}


def _base_if_here(place: Path | None, variant: str | None) -> Base | None:
    try:
        return None if place is None else base_of(place, variant)
    except (WeightsMissing, WeightsMismatch, OSError):
        return None


def _misfit_if_here(adapter: Adapter, base: Base | None, read: Read) -> str | None:
    try:
        return None if base is None else _misfit(read(adapter.file), base)
    except WeightsMismatch:
        return _DAMAGED
    except (WeightsMissing, OSError):
        return None


def _made_for_another(adapter: Adapter, model: Model) -> str | None:
    """Return for what else the adapter was registered, or None."""
    if adapter.family != model.family.name:
        return f"it is made for {adapter.family}"
    return None if adapter.model in (None, model.name) else f"it is made for {adapter.model}"


def base_of(place: Path, variant: str | None = None) -> Base:
    """Return what the headers of a diffusers folder or a single file say.

    Raises: WeightsMissing, WeightsMismatch.
    """
    if place.is_file():
        return Base(parts={}, text_widths=_text_widths(_modules_of([place])))
    files = [file for file in weight_files(place, variant) if file.suffix == ".safetensors"]
    parts = {part: _modules_of(file for file in files if file.parent.name == part) for _, part in _PARTS}
    return Base(
        parts={part: shapes for part, shapes in parts.items() if shapes}, text_widths=_text_widths(parts["unet"])
    )


def tensors_in(file: Path) -> Mapping[str, Shape]:
    """Return the shape of every tensor of a safetensors file.

    Raises: WeightsMissing, WeightsMismatch.
    """
    return dict(tensors_of(header_of(file)))


def _modules_of(files: Iterable[Path]) -> Mapping[str, Shape]:
    """Return the shape of every weight in the files by its module."""
    shapes = (pair for file in files for pair in tensors_in(file).items())
    return {_flat(name.removesuffix(".weight")): shape for name, shape in shapes if name.endswith(".weight")}


def _text_widths(modules: Mapping[str, Shape]) -> frozenset[int]:
    taking = (shape for module, shape in modules.items() if _TAKES_TEXT.search(module))
    return frozenset(width for shape in taking for width in shape[1:2])


def _misfit(tensors: Mapping[str, Shape], base: Base) -> str | None:
    """Return the first part that does not fit, or None; a file without any LoRA tensor fits nothing."""
    ours = [(name, shape) for name, shape in tensors.items() if _END.search(name)]
    if not ours:
        return "it holds no LoRA tensors"
    return next(_misfitting(ours, base), None)


def _misfitting(tensors: Iterable[tuple[str, Shape]], base: Base) -> Iterator[str]:
    for name, shape in tensors:
        part, module = _part_and_module(name, base)
        is_down = bool(_IS_DOWN.search(name))
        takes_text = is_down and bool(_TAKES_TEXT.search(module))
        if takes_text and base.text_widths and not base.text_widths.issuperset(shape[1:2]):
            yield _END.sub("", name)
        elif part is not None and base.parts and not _OLD_NAMES.search(module):
            weight = base.parts.get(part, {}).get(module)
            if not _fits(shape, weight, is_down=is_down):
                yield _END.sub("", name)


def _part_and_module(name: str, base: Base) -> tuple[str | None, str]:
    """Return which part of the model a tensor belongs to, None when its layout leaves that open, and its module."""
    bare = _bare(name)
    if _KOHYA.search(bare) and "transformer" in base.parts:
        return None, bare
    for prefix, part in _PARTS:
        if prefix.search(bare):
            return part, _flat(prefix.sub("", bare))
    return None, bare


def _bare(name: str) -> str:
    """Return a LoRA tensor's module; diffusers once kept LoRAs in attention processors, outputs unnumbered."""
    module = _END.sub("", name)
    if ".processor." not in module:
        return module
    return module.replace(".processor.", ".") + (".0" if module.endswith(".to_out") else "")


def _flat(module: str) -> str:
    """Return a module's name as kohya writes it; text models nest once more in some releases of transformers."""
    return module.replace(".", "_").removeprefix("text_model_")


def _fits(shape: Shape, weight: Shape | None, *, is_down: bool) -> bool:
    """Compare what a LoRA takes in, or gives out, with the weight that it changes: [out, in, ...]."""
    side = slice(1, 2) if is_down else slice(1)
    return weight is not None and shape[side] == weight[side]
