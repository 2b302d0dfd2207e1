"""The scheduler class in a model's files decides what is sampled, or the model is refused with what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import pytest

from engine.contract.errors import ModelBroken, SettingUnsupported
from engine.models.manage import model_status, with_trial
from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import encoded_gradient, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, stock_pictures

EDM = {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5}
# Each as it may be in a folder of SDXL: the class, its settings, and a word of the refusal; "" where it is painted.
CLASSES: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "playground": ("EDMDPMSolverMultistepScheduler", EDM, ""),
    "flow": ("FlowMatchEulerDiscreteScheduler", {}, "need one that is not for flow models"),
    "flow-dpm": (
        "DPMSolverMultistepScheduler", {"prediction_type": "flow_prediction", "use_flow_sigmas": True}, "flow models",
    ),
    "cascade": ("DDPMWuerstchenScheduler", {}, "no sampler supports"),
    "sigmoid": ("DDPMScheduler", {"beta_schedule": "sigmoid"}, "beta_schedule"),
    "listed": ("DDPMScheduler", {"prediction_type": ["epsilon"]}, "prediction_type"),
    "continuous": ("EulerDiscreteScheduler", {"timestep_type": "continuous"}, "Set sampler in"),
}  # fmt: skip
CLIPPING = {
    "euler": "EulerDiscreteScheduler",
    "pndm": "PNDMScheduler",
    "single": "DPMSolverSinglestepScheduler",
}


@pytest.fixture(scope="module")
def saved(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Tiny SDXL models whose files have other schedulers, and SD 1 ones without a word about clipping."""
    folder = tmp_path_factory.mktemp("saved")
    text = ['default = "playground"']
    for name, (kind, settings, _) in CLASSES.items():
        shutil.copytree(checkpoints / "sdxl", folder / name)
        replace_scheduler(folder / name, kind, settings)
        text.append(entry(name, "sdxl", name, "dpmpp-2m"))
    for name, kind in CLIPPING.items():
        shutil.copytree(checkpoints / "sd1", folder / name)
        replace_scheduler(folder / name, kind, {})
        settings = {"_class_name": kind, "beta_start": 0.00085, "beta_end": 0.012, "timestep_spacing": "leading"}
        (folder / name / "scheduler" / "scheduler_config.json").write_text(json.dumps(settings))
        text.append(entry(name, "sd1", name))
    vae = folder / "playground" / "vae" / "config.json"
    statistics = {"latents_mean": [0.1, -0.2, 0.3, 0.0], "latents_std": [1.0, 2.0, 0.7, 1.5]}
    vae.write_text(json.dumps({**json.loads(vae.read_text()), **statistics}))
    (folder / "models.toml").write_text("\n".join(text))
    return read_registry(folder / "models.toml")


def replace_scheduler(folder: Path, kind: str, settings: Mapping[str, Any]) -> None:
    """Save a scheduler in a pipeline's folder; the index names its class."""
    shutil.rmtree(folder / "scheduler")
    getattr(diffusers, kind)(**settings).save_pretrained(folder / "scheduler")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "scheduler": ["diffusers", kind]}))


@pytest.mark.parametrize("sampler", ["euler", "dpmpp-2m", "dpmpp-2m-sde"])
async def test_an_edm_model_is_painted_as_by_its_stock_pipeline(saved: Registry, sampler: str) -> None:
    """As Playground v2.5 has it: timesteps of log sigma, a decoder with statistics; also from a source."""
    source, folder = encoded_gradient(32, 32), saved.path.parent / "playground"
    asked: dict[str, Any] = {"sampler": sampler, "steps": 5, "pictures": 2}
    stock: dict[str, Any] = {"sampler": f"edm-{sampler}", "pictures": 2, "prompt": "a red cat", "guidance_scale": 5.0,
                             "num_inference_steps": 5}  # fmt: skip
    async with create_painter(saved, max_rows=64) as painter:
        new = await painted(painter, paint_request(**asked))
        varied = await painted(painter, paint_request(**asked, source=source, strength=0.7))
    expected = stock_pictures(folder, kind="StableDiffusionXLPipeline", height=32, width=32, **stock)
    assert min(psnr(*pair) for pair in zip(pixels_of(new), expected, strict=True)) > EQUAL_DB
    expected = stock_pictures(folder, kind="StableDiffusionXLImg2ImgPipeline", source=source, strength=0.7, **stock)
    assert min(psnr(*pair) for pair in zip(pixels_of(varied), expected, strict=True)) > EQUAL_DB


STATISTICS = {"shift_factor": 0.3, "latents_mean": [0.1, -0.2, 0.3, 0.0], "latents_std": [1.0, 2.0, 0.7, 1.5]}


@pytest.mark.parametrize(
    ("family", "pipeline", "unused"),
    [
        ("sd1", "StableDiffusion", ("latents_mean", "latents_std", "shift_factor")),
        ("sdxl", "StableDiffusionXL", ("shift_factor",)),
    ],
)
async def test_statistics_of_latents_count_where_the_stock_pipeline_reads_them(
    checkpoints: Path, tmp_path: Path, family: str, pipeline: str, unused: tuple[str, ...]
) -> None:
    """Also from a source; those that nothing reads are told."""
    shutil.copytree(checkpoints / family, tmp_path / family)
    vae = tmp_path / family / "vae" / "config.json"
    vae.write_text(json.dumps({**json.loads(vae.read_text()), **STATISTICS}))
    (tmp_path / "models.toml").write_text(entry("odd", family, family))
    registry, source = read_registry(tmp_path / "models.toml"), encoded_gradient(32, 32)
    status = with_trial(model_status(registry.model()))
    assert (status.error, status.unread) == (None, tuple(f"vae/config.json: {name}" for name in unused))
    stock: dict[str, Any] = {"sampler": "euler", "pictures": 1, "prompt": "a red cat", "guidance_scale": 5.0,
                             "num_inference_steps": 4}  # fmt: skip
    async with create_painter(registry, max_rows=64) as painter:
        new = await painted(painter, paint_request(steps=4, pictures=1))
        varied = await painted(painter, paint_request(steps=4, pictures=1, source=source, strength=0.7))
    expected = stock_pictures(tmp_path / family, kind=f"{pipeline}Pipeline", height=32, width=32, **stock)
    assert psnr(pixels_of(new)[0], expected[0]) > EQUAL_DB
    expected = stock_pictures(
        tmp_path / family, kind=f"{pipeline}Img2ImgPipeline", source=source, strength=0.7, **stock
    )
    assert psnr(pixels_of(varied)[0], expected[0]) > EQUAL_DB


async def test_samplers_of_another_kind_are_refused_before_they_are_queued(saved: Registry) -> None:
    """By the limits of prompts, and by the painter for a bot that has not got the files."""
    known = ("euler", "dpmpp-2m", "dpmpp-2m-karras", "dpmpp-2m-sde")
    limits = await read_limits(saved.path, None)
    assert [model.samplers for model in limits.models if model.name == "playground"] == [known]
    async with create_painter(saved, max_rows=64) as painter:
        with pytest.raises(SettingUnsupported) as refused:
            await painted(painter, paint_request(sampler="ddim"))
    assert refused.value.known == known


@pytest.mark.parametrize("name", [name for name, (_, _, word) in CLASSES.items() if word])
async def test_schedulers_that_no_sampler_can_stand_in_for_are_refused_by_check_and_when_loaded(
    saved: Registry, name: str
) -> None:
    error = model_status(saved.model(name)).error
    assert isinstance(error, ModelBroken)
    assert CLASSES[name][0] in error.cause or name in ("sigmoid", "listed")
    assert CLASSES[name][2] in error.cause
    async with create_painter(saved, max_rows=64) as painter:
        with pytest.raises(ModelBroken) as refused:
            await painted(painter, paint_request(model=name))
    assert refused.value.cause == error.cause


@pytest.mark.parametrize("name", CLIPPING)
@pytest.mark.parametrize("sampler", ["ddim", "euler", "unipc"])
async def test_what_the_files_leave_out_is_what_the_stock_pipeline_makes_of_it(
    saved: Registry, name: str, sampler: str
) -> None:
    """It counts steps from 1, and keeps DDIM from clipping, which is meant for pixels."""
    async with create_painter(saved, max_rows=64) as painter:
        result = await painted(painter, paint_request(model=name, sampler=sampler, steps=5, pictures=1))
    stock = stock_pictures(
        saved.path.parent / name, sampler=sampler, pictures=1, prompt="a red cat", num_inference_steps=5,
        guidance_scale=5.0, height=32, width=32,
    )  # fmt: skip
    assert psnr(pixels_of(result)[0], stock[0]) > EQUAL_DB


def test_an_index_and_a_configuration_of_different_kinds_are_refused(saved: Registry, tmp_path: Path) -> None:
    folder = shutil.copytree(saved.path.parent / "playground", tmp_path / "playground")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(
        json.dumps({**index, "scheduler": ["diffusers", "EulerDiscreteScheduler"]})
    )
    (tmp_path / "models.toml").write_text(entry("playground", "sdxl", "playground"))
    error = model_status(read_registry(tmp_path / "models.toml").model()).error
    assert isinstance(error, ModelBroken)
    assert "EulerDiscreteScheduler" in error.cause
    assert "EDMDPMSolverMultistepScheduler" in error.cause


@pytest.mark.parametrize("family", ["sd3", "flux"])
def test_a_flow_model_with_a_scheduler_for_noise_is_refused(saved: Registry, tmp_path: Path, family: str) -> None:
    folder = shutil.copytree(saved.path.parent / "pndm", tmp_path / "pndm")
    assert folder.is_dir()
    (tmp_path / "models.toml").write_text(entry("pndm", family, "pndm"))
    error = model_status(read_registry(tmp_path / "models.toml").model()).error
    assert isinstance(error, ModelBroken)
    assert "PNDMScheduler" in error.cause
