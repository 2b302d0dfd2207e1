"""A single file that says v-prediction, in tensors or metadata, is painted so, and contradictions are told."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.contract.errors import ModelBroken
from engine.models.files.locate import local_path
from engine.models.files.scheduler_check import scheduler_warnings
from engine.models.manage import model_status
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from tests.engine.models.original_layout import save_single_file
from tests.engine.painter.edits import setting
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, stock_pictures

V: Mapping[str, Any] = {"prediction_type": "v_prediction"}
SAMPLE: Mapping[str, Any] = {"prediction_type": "sample"}
ZERO: Mapping[str, Any] = {**V, "rescale_betas_zero_snr": True}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A single file, what the models file sets, and what the stock scheduler needs to paint the same.

    told: words of the warning by `models check`; empty for none.
    """

    tensors: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    scheduler: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()


CASES = {
    "plain": Case(),
    "v_pred": Case(tensors=("v_pred",), given=V),
    "v_pred-and-ztsnr": Case(tensors=("v_pred", "ztsnr"), given=ZERO),
    "ztsnr-alone": Case(tensors=("ztsnr",), told=("tensor ztsnr", "ignored")),
    "modelspec": Case(metadata={"modelspec.prediction_type": "v"}, given=V),
    "architecture": Case(metadata={"modelspec.architecture": "stable-diffusion-v2-768-v"}, given=V),
    "sd-scripts": Case(metadata={"ss_v_parameterization": "True", "ss_zero_terminal_snr": "True"}, given=ZERO),
    "ComfyUI": Case(metadata={"modelspec.predict_key": "v"}, given=V),
    "sample": Case(metadata={"modelspec.prediction_type": "sample"}, given=SAMPLE),
    "x0-and-zero-snr": Case(
        metadata={"prediction_type": "x0-prediction", "ss_zero_terminal_snr": "True"},
        given={**SAMPLE, "rescale_betas_zero_snr": True},
    ),
    "sample-by-the-models-file": Case(scheduler='prediction_type = "sample"', given=SAMPLE),
    "flow-against-the-models-file": Case(
        metadata={"modelspec.prediction_type": "flow"}, scheduler='prediction_type = "epsilon"',
        told=("modelspec.prediction_type", '"flow_prediction"', '"epsilon"'),
    ),
    "unknown-against-the-models-file": Case(
        metadata={"modelspec.prediction_type": "cosine"}, scheduler='prediction_type = "v_prediction"', given=V,
        told=("modelspec.prediction_type", '"cosine"', "does not know"),
    ),
    "says-nothing": Case(metadata={"modelspec.prediction_type": "None", "ss_v_parameterization": ""}),
    "clip-skip": Case(metadata={"ss_clip_skip": "2"}, told=("ss_clip_skip", "layer 2 of CLIP")),
    "timesteps": Case(metadata={"modelspec.timestep_range": "0,200"}, told=("timestep_range", "0 to 200")),
    "as-usual": Case(metadata={"modelspec.encoder_layer": "1", "modelspec.timestep_range": "0,1000"}),
    "says-epsilon": Case(metadata={"modelspec.prediction_type": "epsilon"}),
    "against-itself": Case(
        tensors=("v_pred",), metadata={"modelspec.prediction_type": "epsilon"}, given=V,
        told=("tensor v_pred", "modelspec.prediction_type"),
    ),
    "against-the-models-file": Case(
        tensors=("v_pred", "ztsnr"), scheduler='prediction_type = "epsilon"\nrescale_betas_zero_snr = false',
        given={"prediction_type": "epsilon", "rescale_betas_zero_snr": False}, told=("v_pred", '"epsilon"', "false"),
    ),
    "prediction-against-the-models-file": Case(
        tensors=("v_pred", "ztsnr"), scheduler='prediction_type = "epsilon"', given={"prediction_type": "epsilon"},
        told=("v_pred", '"epsilon"'),
    ),
    "epsilon-against-the-models-file": Case(
        metadata={"modelspec.prediction_type": "epsilon"}, scheduler='prediction_type = "v_prediction"', given=V,
        told=("modelspec.prediction_type", '"v_prediction"'),
    ),
    "as-the-models-file-says": Case(tensors=("v_pred",), scheduler='prediction_type = "v_prediction"', given=V),
}  # fmt: skip


@pytest.fixture(scope="module")
def files(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The tiny model as single files, each with what it says of itself."""
    folder = tmp_path_factory.mktemp("files")
    shutil.copytree(checkpoints / "sd1", folder / "sd1")
    weights = load_file(save_single_file(folder / "sd1", folder / "plain.safetensors"))
    text = ['default = "plain"']
    for name, case in CASES.items():
        said = {**weights, **{tensor: torch.zeros(0) for tensor in case.tensors}}
        save_file(said, folder / f"{name}.safetensors", dict(case.metadata))
        text.append(single(name))
        text.append(f'[models."{name}".scheduler]\n{case.scheduler}\n' if case.scheduler else "")
    (folder / "models.toml").write_text("\n".join(text))
    return read_registry(folder / "models.toml")


def single(name: str) -> str:
    text = entry("NAME", "sd1", "FOLDER").replace("NAME", f'"{name}"')
    return text.replace('folder = "FOLDER"', f'file = "{name}.safetensors"\nconfig = "sd1"')


@pytest.mark.parametrize("name", CASES)
async def test_a_single_file_is_painted_as_it_says(files: Registry, name: str) -> None:
    """Its tensors count more than its metadata, and what the operator sets more than both."""
    async with create_painter(files, max_rows=64) as painter:
        result = await painted(painter, paint_request(model=name, steps=4, pictures=1))
    stock: dict[str, Any] = {"sampler": "euler", "pictures": 1, "prompt": "a red cat", "num_inference_steps": 4,
                             "guidance_scale": 5.0, "height": 32, "width": 32}  # fmt: skip
    folder = files.path.parent / "sd1"
    assert psnr(pixels_of(result)[0], stock_pictures(folder, given=CASES[name].given, **stock)[0]) > EQUAL_DB
    if CASES[name].given.get("prediction_type", "epsilon") != "epsilon":
        assert psnr(pixels_of(result)[0], stock_pictures(folder, **stock)[0]) < OTHER_DB


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_contradicts_is_told(files: Registry, name: str) -> None:
    model = files.model(name)
    told = "\n".join(scheduler_warnings(model, local_path(model)))
    assert bool(told) == bool(CASES[name].told), told
    assert [word for word in CASES[name].told if word not in told] == []


def test_check_tells_it(files: Registry) -> None:
    """As a warning: the model works."""
    status = model_status(files.model("against-itself"))
    assert (status.error, len(status.warnings)) == (None, 1)


@pytest.mark.parametrize("tensor", ["edm_mean", "edm_vpred.sigma_max"])
def test_a_single_file_of_an_edm_model_needs_the_configuration_of_one(
    files: Registry, tmp_path: Path, tensor: str
) -> None:
    """Playground v2.5 and CosXL: with the scheduler of SDXL they would be painted as something else."""
    shutil.copytree(files.path.parent / "sd1", tmp_path / "sd1")
    save_file({"x": torch.zeros(1), tensor: torch.zeros(4)}, tmp_path / "edm.safetensors")
    (tmp_path / "models.toml").write_text(single("edm"))
    error = model_status(read_registry(tmp_path / "models.toml").model()).error
    assert isinstance(error, ModelBroken)
    assert tensor in error.cause
    assert "`config`" in error.cause


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"modelspec.prediction_type": "flow"}, "predicts a flow"),
        ({"modelspec.predict_key": "rectified-flow"}, "predicts a flow"),
        ({"modelspec.prediction_type": "Cosine"}, '"Cosine"'),
        ({"ss_v_parameterization": "maybe"}, '"maybe"'),
        ({"ss_zero_terminal_snr": "2"}, '"2"'),
    ],
)
def test_a_prediction_that_cannot_be_painted_is_refused(
    files: Registry, tmp_path: Path, metadata: dict[str, str], told: str
) -> None:
    """Painted as noise it would be a mess, without a word; the sentence says how the operator can decide."""
    shutil.copytree(files.path.parent / "sd1", tmp_path / "sd1")
    save_file(load_file(files.path.parent / "plain.safetensors"), tmp_path / "odd.safetensors", metadata)
    (tmp_path / "models.toml").write_text(single("odd"))
    error = model_status(read_registry(tmp_path / "models.toml").model()).error
    assert isinstance(error, ModelBroken)
    (key,) = metadata
    assert told in error.cause and f"metadata {key}" in error.cause
    assert "set prediction_type" in error.cause and "[models.odd.scheduler]" in error.cause


def test_a_prediction_that_its_scheduler_does_not_know_is_refused(files: Registry, tmp_path: Path) -> None:
    shutil.copytree(files.path.parent / "sd1", tmp_path / "sd1")
    for file, change in (
        ("scheduler/scheduler_config.json", {"_class_name": "EDMEulerScheduler"}),
        ("model_index.json", {"scheduler": ["diffusers", "EDMEulerScheduler"]}),
    ):
        setting(file, **change)(tmp_path / "sd1")
    weights = load_file(files.path.parent / "plain.safetensors")
    save_file(weights, tmp_path / "odd.safetensors", {"modelspec.prediction_type": "sample"})
    (tmp_path / "models.toml").write_text(single("odd"))
    error = model_status(read_registry(tmp_path / "models.toml").model()).error
    assert isinstance(error, ModelBroken)
    assert "EDMEulerScheduler does not support" in error.cause and "metadata modelspec.prediction_type" in error.cause
