"""Checking a model without loading it: it is refused for what loading refuses, and told what nobody reads."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

from engine.contract.errors import ModelBroken
from engine.models.loading.device import best_device
from engine.models.loading.pipeline import load_pipeline
from engine.models.loading.trial import try_loading
from engine.models.manage import model_status, with_trial
from engine.models.registry.registry import Model, Registry
from engine.models.registry.sources import WeightSource
from tests.engine.models.original_layout import save_single_file
from tests.engine.painter.checkpoints import tiny_unet
from tests.engine.painter.edits import Edit, setting, with_tensors, without

UNET, TEXT = "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"
LDM = ("model.diffusion_model", "first_stage_model", "cond_stage_model.transformer.text_model")
FOLDERS = ("tiny", "sd2", "sdxl", "lcm")


@pytest.fixture
def folder(checkpoints: Path, tmp_path: Path) -> Path:
    """A copy of the tiny SD 1 that may be changed."""
    return Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))


@pytest.fixture
def file(checkpoints: Path, tmp_path: Path) -> Path:
    """The tiny SD 1 as a single file that may be changed."""
    return save_single_file(checkpoints / "sd1", tmp_path / "sd1.safetensors")


def model(registry: Registry, **source: Any) -> Model:
    return replace(registry.model("tiny"), source=WeightSource(**source))


def of_file(registry: Registry, checkpoints: Path, file: Path) -> Model:
    return model(registry, file=file, config=str(checkpoints / "sd1"))


def without_vocabulary(folder: Path) -> None:
    (folder / "tokenizer" / "tokenizer.json").unlink()


def with_a_sentencepiece_tokenizer(folder: Path) -> None:
    (folder / "tokenizer" / "tokenizer.json").rename(folder / "tokenizer" / "spiece.model")


def with_unet(channels: int, **more: Any) -> Edit:
    return lambda folder: tiny_unet(channels, **more).save_pretrained(folder / "unet")


def with_an_added_token(folder: Path) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    tokenizer.add_tokens(["<cat-toy>"])
    tokenizer.save_pretrained(folder / "tokenizer")


def with_shards(of_the_index: dict[str, Any]) -> Edit:
    """Split the U-Net's weights between two files, the last one in the second, and change what their index says."""

    def edit(folder: Path) -> None:
        tensors = load_file(folder / UNET)
        first, second = (f"diffusion_pytorch_model-0000{number}-of-00002.safetensors" for number in (1, 2))
        (folder / UNET).unlink()
        save_file({"conv_out.weight": tensors.pop("conv_out.weight")}, folder / "unet" / second)
        save_file(tensors, folder / "unet" / first)
        shards = {**dict.fromkeys(tensors, first), "conv_out.weight": second, **of_the_index}
        (folder / f"{UNET}.index.json").write_text(json.dumps({"weight_map": shards}))

    return edit


@pytest.mark.parametrize("name", FOLDERS)
def test_a_sound_model_has_nothing_that_nobody_reads(registry: Registry, name: str) -> None:
    assert try_loading(registry.model(name)) == ()


def test_a_sound_single_file_has_nothing_that_nobody_reads(registry: Registry, checkpoints: Path, file: Path) -> None:
    assert try_loading(of_file(registry, checkpoints, file)) == ()


FAULTS = {
    "a tensor of the U-Net is missing": (without(UNET, "conv_out.weight"), "its unet lacks the tensor conv_out.weight"),
    "a tensor of the text encoder is missing, which the library would draw at random": (
        without(TEXT, "layers.0.layer_norm2"),
        "its text_encoder lacks the tensors encoder.layers.0.layer_norm2.bias, encoder.layers.0.layer_norm2.weight",
    ),
    "a tensor of the text encoder has another shape": (
        with_tensors(TEXT, **{"final_layer_norm.weight": torch.ones(3)}),
        "its config.json does not fit its text_encoder, as the tensor final_layer_norm.weight shows",
    ),
    "the weights are quantized": (with_tensors(UNET, **{"conv_out.scale_weight": torch.ones(1)}), "quantized weights"),
    "the weights of the U-Net are whole numbers": (
        with_tensors(UNET, **{"conv_out.bias": torch.ones(4, dtype=torch.int8)}),
        "has quantized weights (its tensor conv_out.bias is of the dtype I8). Use a file with weights in 16 or 32 bits",
    ),
    "the weights of the text encoder are packed": (
        with_tensors(TEXT, **{"final_layer_norm.weight": torch.ones(32, dtype=torch.uint8)}),
        "has quantized weights (its tensor final_layer_norm.weight is of the dtype U8)",
    ),
    "the index of shards names one file for all tensors": (
        with_shards(of_the_index={"conv_out.weight": "diffusion_pytorch_model-00001-of-00002.safetensors"}),
        "lists the tensor conv_out.weight, but diffusion_pytorch_model-00001-of-00002.safetensors does not have it",
    ),
    "the index of shards names a file that is not there": (
        with_shards(of_the_index={"conv_in.weight": "other.safetensors"}),
        'names the file "other.safetensors", which is not in its folder',
    ),
    "the index of shards leaves its folder": (
        with_shards(of_the_index={"conv_in.weight": f"../vae/{Path(UNET).name}"}),
        "which is not in its folder",
    ),
    "the index of shards names no file": (
        with_shards(of_the_index={"conv_in.weight": 3}),
        "names the file 3, which is not in its folder",
    ),
    "the tokenizer has tokens of its own": (
        with_an_added_token,
        "its tokenizer has <cat-toy> beyond the 514 that its text encoder knows",
    ),
    "the VAE's statistics are of other latents": (
        setting("vae/config.json", latents_mean=[0.1, 0.2], latents_std=[1.0, 1.0]),
        "its vae/config.json sets latents_mean to [0.1, 0.2], which must be null or 4 numbers",
    ),
    "a tensor of the U-Net has another shape": (
        with_tensors(UNET, **{"conv_out.bias": torch.ones(5)}),
        "its unet does not fit its unet/config.json: conv_out.bias has the shape [5], not [4]",
    ),
    "the tokenizer has no vocabulary": (without_vocabulary, "its tokenizer knows 2 of 514 tokens"),
    "the tokenizer takes no text": (
        setting("tokenizer/tokenizer_config.json", model_max_length=2),
        "its tokenizer has a model_max_length of 2",
    ),
    "a part is null": (setting("model_index.json", vae=[None, None]), "its model_index.json lists no vae"),
    "a class is of no library": (setting("model_index.json", unet=["os", "path"]), "library os, which is not used"),
    "a class does not exist": (setting("model_index.json", unet=["diffusers", "UNetOfOld"]), "UNetOfOld"),
    "a library is missing": (
        setting("unet/config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True}),
        "bitsandbytes",
    ),
    "the tokenizer needs a library": (
        with_a_sentencepiece_tokenizer,
        "its tokenizer has only spiece.model, for which sentencepiece and protobuf must be installed",
    ),
    "the U-Net is for depth": (with_unet(5, out_channels=4), "its unet takes latents of 5 channels, and its vae has 4"),
    "the U-Net is for other latents": (
        with_unet(8),
        "its unet takes latents of 8 channels, and its vae has 4",
    ),
    "the U-Net is for other texts": (
        with_unet(4, cross_attention_dim=48),
        "its unet takes texts of 48 features, and its text encoders give 32",
    ),
    "the scheduler's settings are nonsense": (
        setting("scheduler/scheduler_config.json", num_train_timesteps=0, timestep_spacing="foo"),
        "sets num_train_timesteps to 0, which must be a whole number from 300 to 100000; its"
        ' scheduler/scheduler_config.json sets timestep_spacing to "foo", which must be linspace, leading or trailing',
    ),
    "the scheduler's settings are damaged": (
        lambda folder: (folder / "scheduler" / "scheduler_config.json").write_text("{"),
        "scheduler_config.json: Expecting property name",
    ),
}


@pytest.mark.parametrize(("fault", "cause"), FAULTS.values(), ids=FAULTS)
def test_a_check_refuses_what_loading_refuses(registry: Registry, folder: Path, fault: Edit, cause: str) -> None:
    """In the same words: both are the same code."""
    fault(folder)
    faulty = model(registry, folder=folder)
    checked = with_trial(model_status(faulty)).error
    assert isinstance(checked, ModelBroken) and cause in checked.cause
    with pytest.raises(ModelBroken) as refused:
        load_pipeline(faulty, best_device())
    assert refused.value.cause == checked.cause


def test_a_check_tells_everything_that_is_wrong(registry: Registry, folder: Path, file: Path) -> None:
    """Of its scheduler, of each part of a folder, and of each part of a single file."""
    for edit in (
        setting("scheduler/scheduler_config.json", num_train_timesteps=0),
        setting("tokenizer/tokenizer_config.json", model_max_length="77"),
        setting("vae/config.json", layers_per_block="two"),
        without(UNET, "conv_out.weight"),
        without(TEXT, "final_layer_norm.weight"),
    ):
        edit(folder)
    status = with_trial(model_status(model(registry, folder=folder)))
    told = " | ".join(str(error) for error in (status.error, *status.more_errors))
    for cause in (
        "num_train_timesteps to 0",
        "model_max_length of",
        "layers_per_block to",
        "unet lacks the tensor conv_out.weight",
        "text_encoder lacks the tensor final_layer_norm.weight",
    ):
        assert cause in told
    with_nothing_of_others = of_file(registry, folder.parent, file)
    setting("scheduler/scheduler_config.json", num_train_timesteps=1000)(folder)
    single = with_trial(model_status(with_nothing_of_others)).error
    assert isinstance(single, ModelBroken)
    assert "layers_per_block" in single.cause and "model_max_length" in single.cause


@pytest.mark.parametrize(
    ("start", "cause"),
    [
        (f"{LDM[0]}.", "has no U-Net (unet)"),
        (f"{LDM[1]}.", "has no VAE (vae)"),
        (f"{LDM[2]}.", "has no text encoder (text_encoder)"),
        (f"{LDM[0]}.out.2.weight", "its unet lacks the tensor conv_out.weight"),
        (f"{LDM[1]}.decoder.conv_out.weight", "its vae lacks the tensor decoder.conv_out.weight"),
        (f"{LDM[2]}.final_layer_norm.weight", "its text_encoder lacks the tensor final_layer_norm.weight"),
    ],
)
def test_a_single_file_that_lacks_something_is_refused(
    registry: Registry, checkpoints: Path, file: Path, start: str, cause: str
) -> None:
    """Even if its configuration is in a folder that has the weights of another model's part."""
    without(file.name, start)(file.parent)
    faulty = of_file(registry, checkpoints, file)
    checked = with_trial(model_status(faulty)).error
    assert isinstance(checked, ModelBroken) and cause in checked.cause
    with pytest.raises(ModelBroken) as refused:
        load_pipeline(faulty, best_device())
    assert refused.value.cause == checked.cause


def test_tensors_and_settings_that_nobody_reads_are_named(registry: Registry, folder: Path) -> None:
    for edit in (
        with_tensors(UNET, **{"controls.0.weight": torch.ones(2)}),
        with_tensors(TEXT, **{"visual.proj": torch.ones(2)}),
        setting("unet/config.json", tiling=2),
        setting("text_encoder/config.json", dropout=0.1),
        setting("scheduler/scheduler_config.json", noise="blue", skip_prk_steps=True),
        setting("model_index.json", refiner=["diffusers", "UNet2DConditionModel"], style="ink"),
    ):
        edit(folder)
    shutil.copytree(folder / "unet", folder / "refiner")
    status = with_trial(model_status(model(registry, folder=folder)))
    assert (status.error, status.unread) == (
        None,
        (
            "text_encoder: visual.proj",
            "unet: controls.0.weight",
            "model_index.json: refiner",
            "model_index.json: style",
            "text_encoder/config.json: dropout",
            "unet/config.json: tiling",
            "scheduler/scheduler_config.json: noise",
            "scheduler/scheduler_config.json: skip_prk_steps",
        ),
    )


def test_tensors_of_a_single_file_that_nobody_reads_are_named(
    registry: Registry, checkpoints: Path, file: Path
) -> None:
    """Beside the parts and within them, whatever becomes of the names of others on the way."""
    told = {"v_pred": torch.ones(0), "ztsnr": torch.ones(0)}
    more = {"model_ema.decay": torch.ones(1), f"{LDM[0]}.odd": torch.ones(2), f"{LDM[1]}.loss.odd": torch.ones(2)}
    with_tensors(file.name, **more, **told)(file.parent)
    assert set(try_loading(of_file(registry, checkpoints, file))) == set(more)
