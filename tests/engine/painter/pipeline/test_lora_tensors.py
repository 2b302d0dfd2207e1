"""LoRAs that the check finds to fit and that diffusers does not load as they are: each layer changes as it should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import save_file
from torch import Tensor

from engine.contract.errors import AdapterMismatch
from engine.models.files.adapter_fit import check_fit
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Registry
from engine.painter.pipeline.loras import LoraManager
from tests.engine.models.original_layout import save_single_file

RANK, ALPHA = 4, 3.0
BLOCK = "down_blocks.0.attentions.0"
ATTENTION = f"{BLOCK}.transformer_blocks.0.attn1.to_q"
TEXT = "encoder.layers.0"
QUERY = f"{TEXT}.self_attn.q_proj"

# The layers of each LoRA, by part, and what the dimensions of its matrices are.
Layers = Mapping[str, tuple[str, ...]]
CASES: Mapping[str, tuple[Layers, int]] = {
    "a query of the text encoder alone": ({"text_encoder": (QUERY,)}, 2),
    "a query of the text encoder, and the U-Net": ({"text_encoder": (QUERY,), "unet": (ATTENTION,)}, 2),
    "all but the output of the text encoder": (
        {"text_encoder": tuple(f"{TEXT}.self_attn.{name}_proj" for name in "qkv"), "unet": (ATTENTION,)},
        2,
    ),
    "a feed-forward layer of the text encoder": ({"text_encoder": (f"{TEXT}.mlp.fc1",)}, 2),
    "convolutions for linear layers": ({"text_encoder": (QUERY,), "unet": (ATTENTION,)}, 4),
    "convolutions for linear layers of the U-Net alone": ({"unet": (ATTENTION,)}, 4),
    "matrices for a 1 x 1 convolution": ({"unet": (ATTENTION, f"{BLOCK}.proj_in")}, 2),
}
KOHYA = {"unet": "lora_unet", "text_encoder": "lora_te", "text_encoder_2": "lora_te2"}
HALVES = {"down": "lora_A.weight", "up": "lora_B.weight", "alpha": "alpha"}


def kohya(part: str, layer: str, half: str) -> str:
    nested = f"text_model.{layer}" if part.startswith("text") else layer
    ending = "alpha" if half == "alpha" else f"lora_{half}.weight"
    return f"{KOHYA[part]}_{nested.replace('.', '_')}.{ending}"


def peft(part: str, layer: str, half: str) -> str:
    nested = f"text_model.{layer}" if part.startswith("text") else layer
    return f"{part}.{nested}.{HALVES[half]}"


@pytest.fixture(scope="module")
def pipe(checkpoints: Path) -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(checkpoints / "sd1")


@pytest.mark.parametrize("name_of", [kohya, peft])
@pytest.mark.parametrize(("layers", "dimensions"), CASES.values(), ids=CASES)
def test_every_layer_of_a_lora_that_fits_changes(
    registry: Registry,
    pipe: StableDiffusionPipeline,
    tmp_path: Path,
    layers: Layers,
    dimensions: int,
    name_of: Callable[[str, str, str], str],
) -> None:
    """By alpha / rank times up times down, in whatever layout it is and whatever layers it leaves out."""
    torch.manual_seed(0)
    tensors: dict[str, Tensor] = {}
    for part, names in layers.items():
        for layer in names:
            width_out, width_in = getattr(pipe, part).get_submodule(layer).weight.shape[:2]
            halves = {"down": torch.randn(RANK, width_in), "up": torch.randn(width_out, RANK)}
            for half, matrix in halves.items():
                tensors[name_of(part, layer, half)] = matrix.reshape(*matrix.shape, *[1] * (dimensions - 2))
            tensors[name_of(part, layer, "alpha")] = torch.tensor(ALPHA)
    adapter = saved(registry, tmp_path, tensors)
    check_fit(adapter, registry.model(), (registry.model().source.folder or Path()))
    inputs = {part: {layer: inputs_of(pipe, part, layer) for layer in names} for part, names in layers.items()}
    plain = {part: {layer: outputs_of(pipe, part, layer, inputs) for layer in inputs[part]} for part in inputs}
    loras = LoraManager(pipe, registry.model())
    loras.set_adapters(((adapter, 1.0),))
    try:
        for part, names in layers.items():
            for layer in names:
                down, up = (tensors[name_of(part, layer, half)].flatten(1) for half in ("down", "up"))
                wanted = columns(inputs[part][layer]) @ down.T @ up.T * (ALPHA / RANK)
                changed = columns(outputs_of(pipe, part, layer, inputs) - plain[part][layer])
                torch.testing.assert_close(changed, wanted, rtol=1e-3, atol=1e-3)
    finally:
        loras.drop(adapter)


def saved(registry: Registry, folder: Path, tensors: Mapping[str, Tensor], family: str = "sd1") -> Adapter:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "odd.safetensors")
    return replace(registry.adapters["ink"], name="odd", file=folder / "odd.safetensors", family=family)


def inputs_of(pipe: StableDiffusionPipeline, part: str, layer: str) -> Tensor:
    weight = getattr(pipe, part).get_submodule(layer).weight
    return torch.randn(2, weight.shape[1], *[1] * (weight.dim() - 2))


@torch.inference_mode()
def outputs_of(
    pipe: StableDiffusionPipeline, part: str, layer: str, inputs: Mapping[str, Mapping[str, Tensor]]
) -> Tensor:
    outputs: Tensor = getattr(pipe, part).get_submodule(layer)(inputs[part][layer])
    return outputs


def columns(batch: Tensor) -> Tensor:
    return batch.flatten(1)


def test_the_second_text_encoder_of_sdxl_may_have_a_query_alone(
    registry: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    pipe = StableDiffusionXLPipeline.from_pretrained(checkpoints / "sdxl")
    tensors = {kohya("text_encoder_2", QUERY, half): torch.ones(*shape) for half, shape in
               (("down", (RANK, 32)), ("up", (32, RANK)))}  # fmt: skip
    adapter = saved(registry, tmp_path, tensors, family="sdxl")
    LoraManager(pipe, registry.model("sdxl")).set_adapters(((adapter, 1.0),))
    assert pipe.get_list_adapters().keys() == {"text_encoder_2"}


@pytest.mark.parametrize(
    ("down", "up", "part"),
    [
        ((RANK, 32, 3, 3), (32, RANK, 1, 1), ""),
        ((RANK, 32), (32, RANK, 3, 3), ""),
        ((RANK, 32), (32, RANK + 1), " has matrices of different ranks"),
        ((RANK, 32), None, " is not whole"),
        (None, (32, RANK), " is not whole"),
        ((RANK, 32), (32,), ""),
    ],
)
def test_what_cannot_be_loaded_is_found_by_the_check(
    registry: Registry, tmp_path: Path, down: tuple[int, ...] | None, up: tuple[int, ...] | None, part: str
) -> None:
    """A kernel that the layer does not have, and halves that make no whole."""
    shapes = {"down": down, "up": up}
    tensors = {kohya("unet", ATTENTION, half): torch.ones(shape) for half, shape in shapes.items() if shape is not None}
    with pytest.raises(AdapterMismatch) as refused:
        check_fit(saved(registry, tmp_path, tensors), registry.model(), registry.model().source.folder or Path())
    assert refused.value.part == kohya("unet", ATTENTION, "alpha").removesuffix(".alpha") + part


LAYER = kohya("unet", ATTENTION, "alpha").removesuffix(".alpha")
PLAIN = {f"{LAYER}.lora_down.weight": torch.ones(RANK, 32), f"{LAYER}.lora_up.weight": torch.ones(32, RANK)}


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({f"{LAYER}.alpha": torch.ones(RANK)}, f"{LAYER}.alpha"),
        ({f"{LAYER}.lora_up.weight": torch.ones(32, RANK, dtype=torch.int8)}, "lora_up.weight is quantized"),
        ({f"{LAYER}.dora_scale": torch.ones(32, 1)}, "is not a plain LoRA but a DoRA (dora_scale)"),
        ({f"{LAYER}.hada_w1_a": torch.ones(32, 4)}, "is not a plain LoRA but a LoHa (hada_w1_a)"),
        ({f"{LAYER}.lokr_w1": torch.ones(4, 4)}, "is not a plain LoRA but a LoKr (lokr_w1)"),
        ({f"{LAYER}.a1.weight": torch.ones(4, 32)}, "is not a plain LoRA but a GLoRA (a1.weight)"),
        ({f"{LAYER}.dora_scale": torch.ones(32, 1)}, "Use a plain LoRA in its place, or merge it into the model"),
        ({f"{LAYER}.oft_blocks": torch.ones(4, 8, 8)}, "is not a plain LoRA but an OFT (oft_blocks)"),
        ({f"{LAYER}.diff": torch.ones(32, 32)}, "is not a plain LoRA but a full difference (diff)"),
        ({f"{LAYER}.diff_b": torch.ones(32)}, "is not a plain LoRA but a full difference (diff_b)"),
    ],
)
def test_what_would_be_left_out_or_fail_later_is_found_by_the_check(
    registry: Registry, tmp_path: Path, more: Mapping[str, Tensor], part: str
) -> None:
    """Magnitudes of DoRA that diffusers leaves out and paints on, whole numbers, an alpha for each of the ranks."""
    adapter = saved(registry, tmp_path, {**PLAIN, **more})
    with pytest.raises(AdapterMismatch) as refused:
        check_fit(adapter, registry.model(), registry.model().source.folder or Path())
    assert part in refused.value.part


def test_numbers_that_are_not_finite_are_the_fault_of_the_adapter(
    pipe: StableDiffusionPipeline, registry: Registry, tmp_path: Path
) -> None:
    odd = saved(registry, tmp_path, {**PLAIN, f"{LAYER}.lora_up.weight": torch.full((32, RANK), torch.nan)})
    with pytest.raises(AdapterMismatch, match="not finite"):
        LoraManager(pipe, registry.model()).set_adapters(((odd, 1.0),))


def test_a_layer_of_a_part_that_the_model_does_not_have_is_told(
    registry: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    """As a folder and as a single file: it would be left out without a word."""
    tensors = {kohya("text_encoder_2", QUERY, half): torch.ones(4, 4) for half in ("down", "up")}
    single = save_single_file(checkpoints / "sd1", tmp_path / "sd1.safetensors")
    for place in (checkpoints / "sd1", single):
        with pytest.raises(AdapterMismatch):
            check_fit(saved(registry, tmp_path, tensors), registry.model(), place)
