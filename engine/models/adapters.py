"""Whether a LoRA fits a model, told from the headers of their files before anything is loaded or queued.

Names in the layouts of diffusers and of kohya are understood; other layouts are left to the loader's own judgement.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from engine.contract.errors import AdapterMismatch
from engine.models.registry import Adapter, Model
from engine.models.weights import header_of, tensors_of, weight_files

Shape = tuple[int, ...]

# The parts of a model that an adapter may change: its name there, and folder of the part in a diffusers folder.
_PARTS = (
    (re.compile(r"^(?:unet\.|lora_unet_)"), "unet"),
    (re.compile(r"^(?:transformer\.|lora_transformer_)"), "transformer"),
    (re.compile(r"^(?:text_encoder_2\.|lora_te2_)"), "text_encoder_2"),
    (re.compile(r"^(?:text_encoder\.|lora_te1?_)"), "text_encoder"),
)
_END = re.compile(r"\.(?:lora_A|lora_down|lora\.down|lora_B|lora_up|lora\.up)\.weight$")
_IS_DOWN = re.compile(r"\.(?:lora_A|lora_down|lora\.down)\.weight$")
# Blocks as the first Stable Diffusion code named them; diffusers renames them while loading.
_OLD_NAMES = re.compile(r"input_blocks|output_blocks|middle_block")


def check_fit(adapter: Adapter, model: Model, place: Path) -> None:
    """Return when the adapter fits the model whose files are at `place`.

    Raises: AdapterMismatch with the first part that does not fit, WeightsMissing, WeightsMismatch.
    """
    if adapter.family != model.family.name or adapter.model not in (None, model.name):
        raise AdapterMismatch(
            name=adapter.name, model=model.name, part=f"it is made for {adapter.model or adapter.family}"
        )
    header = header_of(adapter.file)
    files = [] if place.is_file() else weight_files(place, model.source.variant)
    misfit = next(_misfits(dict(tensors_of(header)), files), None)
    if misfit is not None:
        raise AdapterMismatch(name=adapter.name, model=model.name, part=misfit)


def _misfits(tensors: Mapping[str, Shape], files: Collection[Path]) -> Iterator[str]:
    """Yield what does not fit a folder of these files; a file without any LoRA tensor fits nothing."""
    ours = {name: shape for name, shape in tensors.items() if _END.search(name)}
    if not ours:
        yield "it holds no LoRA tensors"
    bases: dict[str, dict[str, Shape]] = {}
    for name, shape in ours.items():
        part, module = _part_and_module(name)
        if part is None or _OLD_NAMES.search(module) or not files:
            continue
        if part not in bases:
            bases[part] = _modules_of(file for file in files if file.parent.name == part)
        if not _fits(shape, bases[part].get(module), is_down=bool(_IS_DOWN.search(name))):
            yield _END.sub("", name)


def _part_and_module(name: str) -> tuple[str | None, str]:
    bare = _END.sub("", name).replace(".processor.", ".")
    for prefix, part in _PARTS:
        if prefix.search(bare):
            return part, _flat(prefix.sub("", bare))
    return None, bare


def _modules_of(files: Iterable[Path]) -> dict[str, Shape]:
    """Return the shape of every weight of a part of the model; empty when the model has no such part."""
    headers = [header_of(file) for file in files if file.suffix == ".safetensors"]
    shapes = (pair for header in headers for pair in tensors_of(header))
    return {_flat(name.removesuffix(".weight")): shape for name, shape in shapes if name.endswith(".weight")}


def _flat(module: str) -> str:
    """Return a module's name as kohya writes it; text models nest once more in some releases of transformers."""
    return module.replace(".", "_").removeprefix("text_model_")


def _fits(shape: Shape, base: Shape | None, *, is_down: bool) -> bool:
    """Compare what a LoRA takes in, or gives out, with the weight that it changes: [out, in, ...]."""
    return base is not None and (shape[1] == base[1] if is_down else shape[0] == base[0])
