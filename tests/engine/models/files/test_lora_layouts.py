"""Adapters and models in every layout that they are saved in: what fits is taken, by the loader too, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from engine.contract.errors import AdapterMismatch
from engine.models.files.adapter_fit import base_modules, check_fit, tensors_in
from engine.models.files.lora_layouts import part_and_module, parts_in_file
from engine.models.registry.registry import Registry, read_registry
from tests.engine.models.original_layout import save_single_file
from tests.engine.models.outlines import save_flux, save_shapes
from tests.engine.painter.checkpoints import save_sd1, save_sdxl

FILE = """
default = "tiny"
[models.tiny]
family = "sd1"
folder = "sd1"
[models.file]
family = "sd1"
file = "sd1.safetensors"
config = "sd1"
[models.large]
family = "sdxl"
folder = "sdxl"
[models.flow]
family = "flux"
folder = "flux"
[adapters.sd1]
file = "made.safetensors"
family = "sd1"
[adapters.sdxl]
file = "made.safetensors"
family = "sdxl"
[adapters.flux]
file = "made.safetensors"
family = "flux"
"""

BLOCK = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2"
TEXT = "text_encoder.text_model.encoder.layers.0.self_attn"
# A LoRA on one attention of each part, by layer: what it takes and gives.
LAYERS = {
    **{f"{BLOCK}.{name}": (32, 32) for name in ("to_q", "to_k", "to_v", "to_out.0")},
    **{f"{TEXT}.{name}_proj": (32, 32) for name in ("q", "k", "v", "out")},
}
OUT_OF_TEXT = {"q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "out_proj": "to_out"}


def of_peft(layer: str, half: str) -> str:
    return f"{layer}.lora_{'A' if half == 'down' else 'B'}.weight"


def of_diffusers(layer: str, half: str) -> str:
    return f"{layer}.{'lora_linear_layer' if layer.startswith('text') else 'lora'}.{half}.weight"


def of_processors(layer: str, half: str) -> str:
    """diffusers once kept LoRAs in attention processors, outputs unnumbered, and named those of texts the same."""
    block, _, name = layer.removesuffix(".0").rpartition(".")
    if block.startswith("text"):
        return f"{block}.{OUT_OF_TEXT[name]}_lora.{half}.weight"
    return f"{block}.processor.{name}_lora.{half}.weight"


def of_kohya(layer: str, half: str) -> str:
    part, _, module = layer.partition(".")
    prefix = "lora_te" if part.startswith("text") else "lora_unet"
    return f"{prefix}_{module.replace('.', '_')}.lora_{half}.weight"


LAYOUTS = (of_peft, of_diffusers, of_processors, of_kohya)
Layout = Callable[[str, str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layouts")
    save_single_file(save_sd1(folder / "sd1"), folder / "sd1.safetensors")
    save_sdxl(folder / "sdxl")
    shapes = {"transformer_blocks.0.attn.to_q.weight": (8, 8), "transformer_blocks.0.attn.norm_q.weight": (8,)}
    save_flux(folder / "flux", shapes)
    (folder / "models.toml").write_text(FILE)
    return folder


@pytest.fixture(scope="module")
def registry(folder: Path) -> Registry:
    return read_registry(folder / "models.toml")


def save_layers(folder: Path, layout: Layout, layers: Mapping[str, tuple[int, int]]) -> Path:
    """Write a LoRA of rank 4."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (takes, gives) in layers.items():
        shapes |= {layout(layer, "down"): (4, takes), layout(layer, "up"): (gives, 4)}
    return save_shapes(folder / "made.safetensors", shapes)


def fit(registry: Registry, folder: Path, model: str, adapter: str = "sd1") -> str | None:
    """Return what of the adapter does not fit."""
    source = registry.model(model).source
    try:
        check_fit(registry.adapters[adapter], registry.model(model), source.folder or source.file or folder)
    except AdapterMismatch as refused:
        return refused.part
    return None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_lora_fits_in_every_layout_that_the_loader_takes(registry: Registry, folder: Path, layout: Layout) -> None:
    """Of UNet and text encoder alike, against a folder and a single file; the loader puts in every layer of it."""
    file = save_layers(folder, layout, LAYERS)
    assert [fit(registry, folder, model) for model in ("tiny", "file")] == [None, None]
    pipe = StableDiffusionPipeline.from_pretrained(folder / "sd1")
    pipe.load_lora_weights(str(folder), weight_name=file.name, adapter_name="made", use_safetensors=True)
    loaded = [name for part in (pipe.unet, pipe.text_encoder) for name in state_of(part) if ".made." in name]
    assert len(loaded) == 2 * len(LAYERS)


def state_of(part: torch.nn.Module) -> Mapping[str, Tensor]:
    return {name: weight for name, weight in part.named_parameters() if not weight.is_meta}


@pytest.mark.parametrize("model", ["tiny", "file"])
@pytest.mark.parametrize("layer", [f"{BLOCK}.to_k", f"{BLOCK}.to_out.0", f"{TEXT}.q_proj", f"{TEXT}.out_proj"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layer_of_another_width_is_told_in_every_layout(
    registry: Registry, folder: Path, layout: Layout, layer: str, model: str
) -> None:
    save_layers(folder, layout, {**LAYERS, layer: (48, 48)})
    told = fit(registry, folder, model)
    assert told is not None
    assert layout(layer, "down").startswith(told)


@pytest.mark.parametrize("model", ["tiny", "file"])
@pytest.mark.parametrize(
    "name",
    [
        "down_blocks.0.attentions.0.proj_in.lora_A.weight",
        f"{BLOCK}.to_k.lora_A.default.weight",
        "lora_unet_mid_block_attentions_0_proj_in.hada_w1_a",
        "lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_k.lora_down.weight",
    ],
)
def test_what_the_loader_of_a_unet_does_not_take_is_told(
    registry: Registry, folder: Path, name: str, model: str
) -> None:
    """A layer of no part, with the name of an adapter, of another kind, and in the first names, which SDXL's takes."""
    save_shapes(folder / "made.safetensors", {name: (4, 32)})
    told = fit(registry, folder, model)
    assert told is not None
    assert name.startswith(told.partition(" ")[0])


def test_a_single_file_is_read_as_the_folder_that_it_was_made_of(folder: Path) -> None:
    """Every weight of the UNet and the text encoder, under the names and with the shapes of the folder."""
    of_folder = base_modules(folder / "sd1")
    assert base_modules(folder / "sd1.safetensors") == {part: of_folder[part] for part in ("unet", "text_encoder")}


def test_a_text_encoder_that_openclip_named_is_read_as_that_of_the_folder(folder: Path) -> None:
    ours = tensors_in(folder / "sdxl" / "text_encoder_2" / "model.safetensors")
    theirs = {f"conditioner.embedders.1.model.{openclip_name(name)}": shape for name, shape in ours.items()}
    stacked = {name: (3 * shape[0], *shape[1:]) for name, shape in theirs.items() if name.endswith("in_proj_weight")}
    assert parts_in_file({**theirs, **stacked}) == {"text_encoder_2": base_modules(folder / "sdxl")["text_encoder_2"]}


def openclip_name(name: str) -> str:
    """Return OpenCLIP's name for a weight; queries, keys and values are one there."""
    for ours, theirs in (
        (r"text_projection.weight", "text_projection"),
        (r".*embeddings.token_embedding", "token_embedding"),
        (r".*embeddings.position_embedding.weight", "positional_embedding"),
        (r".*final_layer_norm", "ln_final"),
        (r".*encoder.layers", "transformer.resblocks"),
        (r"self_attn.[qkv]_proj.(weight|bias)", r"attn.in_proj_\1"),
        (r"self_attn.out_proj", "attn.out_proj"),
        (r"layer_norm", "ln_"),
        (r"mlp.fc1", "mlp.c_fc"),
        (r"mlp.fc2", "mlp.c_proj"),
    ):
        name = re.sub(ours, theirs, name)
    return name


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("input_blocks_1_1_transformer_blocks_0_attn2_to_k", 64),
        ("input_blocks_2_0_op", 32),
        ("middle_block_1_proj_in", 64),
        ("middle_block_2_in_layers_2", 64),
        ("output_blocks_2_0_skip_connection", 96),
        ("output_blocks_3_1_proj_out", 32),
        ("output_blocks_1_1_conv", 64),
        ("label_emb_0_0", 80),
        ("input_blocks_0_0", 4),
    ],
)
def test_the_first_names_of_blocks_are_held_against_a_model_of_sdxl(
    registry: Registry, folder: Path, name: str, takes: int
) -> None:
    """Its loader brings them to its own, so that a layer of any kind can be compared."""
    base = base_modules(folder / "sdxl")
    _, module = part_and_module(f"lora_unet_{name}.lora_down.weight", base)
    gives, _, *kernel = base["unet"][module]
    up = {f"lora_unet_{name}.lora_up.weight": (gives, 4, 1, 1)}
    for width, misfit in ((takes, None), (takes + 1, f"lora_unet_{name}")):
        down = {f"lora_unet_{name}.lora_down.weight": (4, width, *(kernel or (1, 1)))}
        save_shapes(folder / "made.safetensors", {**down, **up})
        assert fit(registry, folder, "large", "sdxl") == misfit


@pytest.mark.parametrize("prefix", ["transformer.", "diffusion_model.", "lora_unet_", ""])
def test_a_layer_of_a_transformer_is_compared_where_its_name_is_known(
    registry: Registry, folder: Path, prefix: str
) -> None:
    """Under any of the prefixes; names of the model's first code are left to the loader."""
    module = "transformer_blocks.0.attn.to_q"
    name = prefix + (module.replace(".", "_") if prefix.endswith("_") else module)
    for width, misfit in ((8, None), (9, name)):
        halves = {f"{name}.lora_down.weight": (4, width), f"{name}.lora_up.weight": (8, 4)}
        save_shapes(folder / "made.safetensors", halves)
        assert fit(registry, folder, "flow", "flux") == misfit
    first = "lora_unet_double_blocks_0_img_attn_qkv"
    save_shapes(folder / "made.safetensors", {f"{first}.lora_down.weight": (4, 9), f"{first}.lora_up.weight": (27, 4)})
    assert fit(registry, folder, "flow", "flux") is None


@pytest.mark.parametrize(
    "name", ["transformer.transformer_blocks.0.attn.norm_q.weight", "double_blocks.0.img_attn.norm.query_norm.scale"]
)
def test_weights_that_would_take_the_place_of_the_models_own_are_told(
    registry: Registry, folder: Path, name: str
) -> None:
    """Flux's loader would leave them there, and every later picture would be another."""
    lora = {"transformer.transformer_blocks.0.attn.to_q.lora_A.weight": (4, 8)}
    save_shapes(folder / "made.safetensors", {**lora, name: (8,)})
    assert fit(registry, folder, "flow", "flux") == name
