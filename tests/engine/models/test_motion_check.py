"""Motion adapters are registered, fetched, checked against the models of their family, and offered to their prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.contract.errors import ModelBroken, SettingsInvalid, WeightsMissing
from engine.contract.jobs import Operation
from engine.models.module_check import module_statuses, record_module_hash
from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import read_registry
from tests.easel.command import run_easel
from tests.engine.models.hub_server import serve_hub
from tests.engine.painter.checkpoints import ONE_BLOCK, save_sd1
from tests.engine.painter.motion import save_motion

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"


@pytest.fixture
def models_file(tmp_path: Path) -> Path:
    """A file with two models with different U-Nets, and motion adapters that work, do not, and are not here."""
    save_sd1(tmp_path / "tiny")
    save_sd1(tmp_path / "one-block", **ONE_BLOCK)
    save_motion(tmp_path / "wave", seed=1)
    (tmp_path / "other").mkdir()
    settings = json.loads((tmp_path / "wave" / CONFIG).read_text())
    (tmp_path / "other" / CONFIG).write_text(json.dumps({**settings, "_class_name": "ControlNetModel"}))
    (tmp_path / "other" / WEIGHTS).write_bytes((tmp_path / "wave" / WEIGHTS).read_bytes())
    models = [f'[models.{name}]\nfamily = "sd1"\nfolder = "{name}"\n' for name in ("tiny", "one-block")]
    places = {name: f'folder = "{name}"' for name in ("wave", "other", "gone")} | {"far": 'hub = "club/wave"'}
    adapters = [f'[motion_adapters.{name}]\nfamily = "sd1"\n{place}\n' for name, place in places.items()]
    file = tmp_path / "models.toml"
    file.write_text("".join((*models, *adapters)))
    return file


async def test_a_check_says_which_work_and_which_models_they_fit(models_file: Path) -> None:
    """Films are offered for the models that the first of them fits."""
    registry = read_registry(models_file)
    states = {status.module.name: status for status in module_statuses(registry)}
    works = states["wave"]
    assert works.error is None and works.fits == ("tiny",) and works.size_bytes > 100_000
    assert works.misfits == ("does not fit one-block: its block_out_channels is [32, 64], and the model needs [32]",)
    errors = {name: type(status.error) for name, status in states.items() if status.error is not None}
    assert errors == {"other": ModelBroken, "gone": WeightsMissing, "far": WeightsMissing}
    record_module_hash(registry, works)
    assert read_registry(models_file).motion_adapters["wave"].sha256 == works.sha256
    limits = await read_limits(models_file, None)
    paints_films = {model.name: Operation.ANIMATE in (model.operations or ()) for model in limits.models}
    assert paints_films == {"tiny": True, "one-block": False}


async def test_fetch_brings_the_two_files_and_records_their_hash(models_file: Path, tmp_path: Path) -> None:
    """The command lists the motion adapter, too."""
    files = {name: (tmp_path / "wave" / name).read_bytes() for name in (CONFIG, WEIGHTS)}
    variables = {"HF_HOME": str(tmp_path / "hub"), "EASEL_MODELS_FILE": str(models_file), "COLUMNS": "400"}
    with serve_hub() as hub:
        hub.publish("club/wave", "main", files)
        done = await run_easel("models", "fetch", "far", home=tmp_path / "home", HF_ENDPOINT=hub.url, **variables)
        assert done.code == 0, done.out + done.err
        assert set(hub.asked) == {CONFIG, WEIGHTS}
    assert "motion adapter far" in done.out and "fits tiny" in done.out
    assert read_registry(models_file).motion_adapters["far"].sha256 is not None
    listed = await run_easel("models", "list", home=tmp_path / "home", **variables)
    assert "motion adapter far: sd1, unknown, club/wave" in listed.out


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('family = "sd1"', "set exactly one of folder and hub"),
        ('family = "sd1"\nfolder = "x"\nhub = "a/b"', "set exactly one of folder and hub"),
        ('family = "sdxl"\nfolder = "x"', "models of family sdxl cannot use motion adapters"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(tmp_path: Path, entry: str, problem: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(f'[models.a]\nfamily = "sd1"\nfolder = "a"\n[motion_adapters.m]\n{entry}\n')
    with pytest.raises(SettingsInvalid) as told:
        read_registry(file)
    assert [one for one in told.value.problems if problem in one]
