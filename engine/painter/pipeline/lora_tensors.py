"""LoRA files that fit a model and that diffusers does not load as they are: their tensors under names that it does.

diffusers 0.42 takes a LoRA of a text encoder for one of no known layout unless it has an output projection, and does
not fold the halves of 1 x 1 convolutions into linear layers or the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from engine.models.files.adapter_fit import BaseModules
from engine.models.files.lora_layouts import Shape, flat, is_down, is_lora, layer_of, part_and_module
from engine.models.files.weights import header_of, tensors_of

# Of peft; alphas of a LoRA with metadata are in it.
_METADATA = "lora_adapter_metadata"
_HALVES = {"down": "A", "up": "B"}


def renamed_tensors(file: Path, base: BaseModules, pipe: Any) -> dict[str, Tensor] | None:
    """Return the tensors of a LoRA as diffusers loads them into this pipeline, or None if it loads the file itself.

    base: the weights of the model, which the LoRA fits; see `check_fit`.

    The halves have as many dimensions as the weights that they change, and up halves are scaled by alpha / rank.
    """
    header = header_of(file)
    shapes = dict(tensors_of(header))
    halves = {name: part_and_module(name, base) for name in shapes if is_lora(name)}
    if _METADATA in header.get("__metadata__", {}) or not _is_known(shapes, halves, base):
        return None
    if not (_is_text_without_output(halves) or any(_is_folded(shapes[name], name, halves, base) for name in halves)):
        return None
    modules = {part: _modules_of(getattr(pipe, part)) for part in {part for part, _ in halves.values()} if part}
    tensors = load_file(file)
    renamed: dict[str, Tensor] = {}
    for name, (part, module) in halves.items():
        assert part is not None
        half = _unfolded(tensors[name], base[part][module])
        if not is_down(name):
            half = half * _scale(tensors.get(f"{layer_of(name)}.alpha"), rank=half.shape[1])
        renamed[_name_of(part, modules[part][module], "down" if is_down(name) else "up")] = half
    return renamed


def _is_known(shapes: Mapping[str, Shape], halves: Mapping[str, tuple[str | None, str]], base: BaseModules) -> bool:
    """Return whether the file has only halves and alphas, of layers that the model is known to have."""
    others = [name for name in shapes if name not in halves and not name.endswith(".alpha")]
    return not others and all(part is not None and module in base.get(part, ()) for part, module in halves.values())


def _is_text_without_output(halves: Mapping[str, tuple[str | None, str]]) -> bool:
    texts = {part for part, _ in halves.values() if part and part.startswith("text_encoder")}
    return any(
        not any(part == text and module.endswith("out_proj") for part, module in halves.values()) for text in texts
    )


def _is_folded(shape: Shape, name: str, halves: Mapping[str, tuple[str | None, str]], base: BaseModules) -> bool:
    part, module = halves[name]
    return part is not None and len(shape) != len(base[part][module])


def _modules_of(part: Any) -> Mapping[str, str]:
    return {flat(path): path for path, _ in part.named_modules()}


def _unfolded(half: Tensor, weight: Shape) -> Tensor:
    """Return the half as a matrix for a linear layer [out, in], as a convolution for one [out, in, height, width]."""
    if half.dim() == len(weight):
        return half
    return half.flatten(1) if len(weight) == 2 else half[..., None, None]


def _scale(alpha: Tensor | None, rank: int) -> float:
    return 1.0 if alpha is None else alpha.item() / rank


def _name_of(part: str, module: str, half: str) -> str:
    if part.startswith("text_encoder"):
        return f"{part}.{module}.lora_linear_layer.{half}.weight"
    return f"{part}.{module}.lora_{_HALVES[half]}.weight"
