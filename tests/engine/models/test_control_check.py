"""ControlNets are registered, fetched, checked against the models of their family, and offered to their prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.contract.errors import ModelBroken, SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.models.module_check import module_statuses, record_module_hash
from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import Registry, read_registry
from tests.easel.command import run_easel
from tests.engine.models.hub_server import serve_hub
from tests.engine.painter.checkpoints import save_sd1
from tests.engine.painter.controls import save_control

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"


@pytest.fixture
def models_file(tmp_path: Path) -> Path:
    """A file with two models, of which one has other latents, and ControlNets that work, do not, and are not here."""
    for name, channels in (("tiny", 4), ("wide", 6)):
        save_sd1(tmp_path / name, latent_channels=channels)
    save_control(tmp_path / "edges", tmp_path / "tiny", seed=1)
    (tmp_path / "cut").mkdir()
    for name in (CONFIG, WEIGHTS):
        content = (tmp_path / "edges" / name).read_bytes()
        (tmp_path / "cut" / name).write_bytes(content if name == CONFIG else content[:-8])
    (tmp_path / "pooled").mkdir()
    (tmp_path / "pooled" / WEIGHTS).write_bytes((tmp_path / "edges" / WEIGHTS).read_bytes())
    settings = json.loads((tmp_path / "edges" / CONFIG).read_text())
    (tmp_path / "pooled" / CONFIG).write_text(json.dumps({**settings, "global_pool_conditions": True}))
    models = [f'[models.{name}]\nfamily = "sd1"\nfolder = "{name}"\n' for name in ("tiny", "wide")]
    places = {name: f'folder = "{name}"' for name in ("edges", "cut", "pooled", "gone")} | {"far": 'hub = "club/steer"'}
    controls = [f'[controls.{name}]\nkind = "edges"\nfamily = "sd1"\n{place}\n' for name, place in places.items()]
    file = tmp_path / "models.toml"
    file.write_text("".join((*models, *controls)))
    return file


async def test_a_check_says_which_work_and_which_models_they_fit(models_file: Path) -> None:
    registry = read_registry(models_file)
    states = {status.module.name: status for status in module_statuses(registry)}
    works = states["edges"]
    assert works.error is None and works.fits == ("tiny",) and works.size_bytes > 100_000
    assert works.misfits == ("does not fit wide: its in_channels is 4, and the model needs 6",)
    errors = {name: type(status.error) for name, status in states.items() if status.error is not None}
    assert errors == {
        "cut": WeightsMismatch,
        "pooled": ModelBroken,
        "gone": WeightsMissing,
        "far": WeightsMissing,
    }
    record_module_hash(registry, works)
    assert read_registry(models_file).controls["edges"].sha256 == works.sha256
    limits = await read_limits(models_file, None)
    # What cannot be compared is told when it is loaded.
    assert {model.name: "edges" in (model.controls or ()) for model in limits.models} == {"tiny": True, "wide": False}
    assert "gone" in (limits.models[0].controls or ())


async def test_fetch_brings_the_two_files_and_records_their_hash(models_file: Path, tmp_path: Path) -> None:
    """The command lists the ControlNet, too."""
    files = {name: (tmp_path / "edges" / name).read_bytes() for name in (CONFIG, WEIGHTS)}
    variables = {"HF_HOME": str(tmp_path / "hub"), "EASEL_MODELS_FILE": str(models_file), "COLUMNS": "400"}
    with serve_hub() as hub:
        hub.publish("club/steer", "main", {**files, "diffusion_pytorch_model.bin": b"\x80\x04K\x01."})
        done = await run_easel("models", "fetch", "far", home=tmp_path / "home", HF_ENDPOINT=hub.url, **variables)
        assert done.code == 0, done.out + done.err
        assert set(hub.asked) == {CONFIG, WEIGHTS}
    assert "control far" in done.out and "fits tiny" in done.out
    assert read_registry(models_file).controls["far"].sha256 is not None
    listed = await run_easel("models", "list", home=tmp_path / "home", **variables)
    assert "control far: edges, sd1, unknown, club/steer" in listed.out


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('family = "sd1"\nkind = "edges"', "set exactly one of folder and hub"),
        ('family = "sd1"\nkind = "edges"\nfolder = "a"\nhub = "b/c"', "set exactly one of folder and hub"),
        ('family = "sd1"\nkind = "canny"\nfolder = "a"', 'kind must be "edges" for Canny edges'),
        ('family = "sd1"\nfolder = "a"', "such as edges, depth or pose"),
        ('family = "flux"\nkind = "depth"\nfolder = "a"', "models of family flux cannot use ControlNets"),
        ('kind = "depth"\nfolder = "a"', "family is missing"),
        ('family = "sd1"\nkind = "depth"\nfile = "a.safetensors"\nfolder = "a"', "unknown key 'file'"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(tmp_path: Path, entry: str, told: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(f'[models.a]\nfamily = "sd1"\nfolder = "a"\n[controls.x]\n{entry}\n')
    with pytest.raises(SettingsInvalid) as refused:
        read_registry(file)
    assert "controls.x" in str(refused.value.problems) and told in str(refused.value.problems)


def test_the_registry_knows_the_controls_of_a_family(models_file: Path) -> None:
    registry: Registry = read_registry(models_file)
    assert [control.name for control in registry.controls_of(registry.model())] == [*registry.controls]
