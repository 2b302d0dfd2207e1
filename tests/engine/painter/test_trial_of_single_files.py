"""Single files as people share them: what can be painted is sound, and the rest is refused once and in plain words."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file

from engine.contract.errors import ModelBroken
from engine.models.loading.device import best_device
from engine.models.loading.pipeline import load_pipeline
from engine.models.manage import model_status, with_trial
from engine.models.registry.registry import Model, Registry
from engine.models.registry.sources import WeightSource
from tests.engine.models.original_layout import save_single_file
from tests.engine.painter.edits import rewrite, with_tensors

UNET = "model.diffusion_model"


@pytest.fixture
def file(checkpoints: Path, tmp_path: Path) -> Path:
    """The tiny SD 1 as a single file that may be changed."""
    return save_single_file(checkpoints / "sd1", tmp_path / "sd1.safetensors")


def of_file(registry: Registry, config: Path, file: Path) -> Model:
    return replace(registry.model("tiny"), source=WeightSource(file=file, config=str(config)))


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.bfloat16])
def test_a_single_file_of_short_floats_without_scales_is_sound(
    registry: Registry, checkpoints: Path, file: Path, dtype: torch.dtype
) -> None:
    rewrite(file, lambda tensors: {name: tensor.to(dtype) for name, tensor in tensors.items()})
    status = with_trial(model_status(of_file(registry, checkpoints / "sd1", file)))
    assert (status.error, status.unread) == (None, ())
    load_pipeline(of_file(registry, checkpoints / "sd1", file), best_device())


@pytest.mark.parametrize(
    ("tensor", "cause"),
    [
        (torch.ones(32, 9, 3, 3), "has the shape [32, 9, 3, 3], not [32, 4, 3, 3]. Models for inpainting"),
        (torch.ones(32, 4, 3, 3, dtype=torch.int8), "is of the dtype I8"),
    ],
)
def test_a_single_file_of_other_weights_is_refused_once_and_in_plain_words(
    registry: Registry, checkpoints: Path, file: Path, tensor: torch.Tensor, cause: str
) -> None:
    with_tensors(file.name, **{f"{UNET}.input_blocks.0.0.weight": tensor})(file.parent)
    status = with_trial(model_status(of_file(registry, checkpoints / "sd1", file)))
    assert isinstance(status.error, ModelBroken) and cause in status.error.cause and "low_cpu" not in status.error.cause
    assert status.more_errors == ()
    with pytest.raises(ModelBroken) as refused:
        load_pipeline(of_file(registry, checkpoints / "sd1", file), best_device())
    assert refused.value.cause == status.error.cause


TEXT = "cond_stage_model.transformer.text_model."


@pytest.mark.parametrize("start", ["text_encoders.clip_l.transformer.text_model.", TEXT])
def test_a_text_encoder_is_read_under_the_names_that_diffusers_reads(
    registry: Registry, checkpoints: Path, file: Path, start: str
) -> None:
    """With the numbers of the positions too, which transformers once saved and nothing reads."""
    positions = {f"{start}embeddings.position_ids": torch.arange(77)[None]}
    rewrite(file, lambda tensors: {name.replace(TEXT, start): tensor for name, tensor in tensors.items()} | positions)
    status = with_trial(model_status(of_file(registry, checkpoints / "sd1", file)))
    assert (status.error, status.unread) == (None, tuple(positions))
    pipe = load_pipeline(of_file(registry, checkpoints / "sd1", file), best_device())[0]
    ours = pipe.text_encoder.state_dict()
    stock = StableDiffusionPipeline.from_single_file(
        str(file), config=str(checkpoints / "sd1"), local_files_only=True
    ).text_encoder.state_dict()
    assert all(torch.equal(stock[name], tensor.cpu()) for name, tensor in ours.items()) and len(ours) == len(stock)


@pytest.mark.parametrize(
    ("start", "is_read"),
    [("", True), ("text_model.", True), ("transformer.", False), ("transformer.text_model.", False)],
)
def test_a_text_encoder_of_a_folder_is_read_under_the_names_that_transformers_reads(
    registry: Registry, checkpoints: Path, tmp_path: Path, start: str, is_read: bool
) -> None:
    """Those of its earlier releases. Under others, from_pretrained paints with random weights and logs a report."""
    shutil.copytree(checkpoints / "sd1", tmp_path / "sd1")
    weights = tmp_path / "sd1" / "text_encoder" / "model.safetensors"
    before = load_file(weights)
    bare = {name.removeprefix("text_model."): tensor for name, tensor in before.items()}
    positions = {f"{start}embeddings.position_ids": torch.arange(77)[None]}
    save_file({f"{start}{name}": tensor for name, tensor in bare.items()} | positions, weights, {"format": "pt"})
    status = with_trial(model_status(replace(registry.model("tiny"), source=WeightSource(folder=tmp_path / "sd1"))))
    stock = StableDiffusionPipeline.from_pretrained(tmp_path / "sd1").text_encoder.state_dict()
    assert all(torch.equal(stock[name.removeprefix("text_model.")], tensor) for name, tensor in bare.items()) is is_read
    assert (status.error is None) is is_read, status.error


def test_a_single_file_with_names_of_diffusers_is_refused_once(
    registry: Registry, checkpoints: Path, file: Path
) -> None:
    """Its text encoder's names begin as others do, and go on as none of them."""
    rewrite(
        file, lambda tensors: {name.replace("transformer.text_model", "transformer"): t for name, t in tensors.items()}
    )
    status = with_trial(model_status(of_file(registry, checkpoints / "sd1", file)))
    assert isinstance(status.error, ModelBroken) and status.more_errors == ()
    assert "it has no text_encoder under the names that single files use" in status.error.cause


def test_a_configuration_that_is_a_file_is_told_so(registry: Registry, file: Path) -> None:
    yaml = file.with_name("v1-inference.yaml")
    yaml.write_text("model: {}")
    status = model_status(of_file(registry, yaml, file))
    assert isinstance(status.error, ModelBroken) and "its `config` must be a folder or a Hub id" in status.error.cause
