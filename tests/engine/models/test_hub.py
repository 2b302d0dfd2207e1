"""`easel models fetch` against a hub on the loopback: what comes here, what is recorded, what is refused."""

from __future__ import annotations

import asyncio
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from engine.models.weights import hash_of
from tests.cli.easel import Outcome, run_easel
from tests.engine.models.hub_server import Files, Hub, serve_hub

REGISTRY = """
[models.tiny]
family = "sd1"
hub = "club/tiny"
revision = "v1"
"""
INDEX = b'{"_class_name": "StableDiffusionPipeline"}'
UNET = "unet/diffusion_pytorch_model.safetensors"
PICKLE = b"\x80\x04K\x01."


def weights(value: float) -> bytes:
    return save({"weight": np.full(64, value, dtype=np.float32)})


WHOLE: Files = {"model_index.json": INDEX, "README.md": b"# Tiny", UNET: weights(1.0), "unet/model.bin": PICKLE}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A folder that a model was fetched into: how that ended, and which files the hub was asked for."""

    folder: Path
    done: Outcome
    asked: tuple[str, ...]


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Fetched:
    folder = tmp_path_factory.mktemp("fetched")
    with serve_hub() as hub:
        hub.publish("club/tiny", "main", {**WHOLE, UNET: weights(2.0)})
        hub.publish("club/tiny", "v1", WHOLE)
        done = asyncio.run(easel(folder, hub.url, "fetch", "tiny"))
        return Fetched(folder=folder, done=done, asked=tuple(hub.asked))


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub() as served:
        yield served


async def easel(folder: Path, hub_url: str, *arguments: str) -> Outcome:
    """Run `easel models` with a cache, a home and a models file in this folder."""
    file = folder / "models.toml"
    if not file.exists():
        file.write_text(REGISTRY)
    variables = {"HF_ENDPOINT": hub_url, "HF_HOME": str(folder / "hub"), "EASEL_MODELS_FILE": str(file)}
    return await run_easel("models", *arguments, home=folder / "home", COLUMNS="400", **variables)


def recorded(folder: Path) -> str | None:
    entry: dict[str, str] = tomllib.loads((folder / "models.toml").read_text())["models"]["tiny"]
    return entry.get("sha256")


def saved(files: Files, folder: Path) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_fetch_brings_the_revision_and_records_its_hash(fetched: Fetched, tmp_path: Path) -> None:
    """The hash is that of the revision's own files; what is not needed, pickles above all, is never asked for."""
    assert fetched.done.code == 0, fetched.done.out + fetched.done.err
    assert set(fetched.asked) == {"model_index.json", UNET}
    assert recorded(fetched.folder) == hash_of(saved(WHOLE, tmp_path))


async def test_what_was_fetched_is_used_without_the_hub(fetched: Fetched) -> None:
    """A snapshot is whole when all that was wanted of it is here, also where its repository has more."""
    checked = await easel(fetched.folder, "http://127.0.0.1:9", "check")
    assert checked.code == 0, checked.out + checked.err
    assert str(recorded(fetched.folder)) in checked.out


async def test_an_altered_file_is_refused_by_its_hash(fetched: Fetched, hub: Hub, tmp_path: Path) -> None:
    """A tag that came to name other weights does not pass for what was recorded, and the record stays."""
    folder = Path(shutil.copytree(fetched.folder, tmp_path / "altered", symlinks=True))
    hub.publish("club/tiny", "v1", {**WHOLE, UNET: weights(2.0)})
    done = await easel(folder, hub.url, "fetch", "tiny")
    assert done.code == 1
    assert "damaged, or not what was registered" in done.out and "Put the right files back" in done.out
    assert recorded(folder) == recorded(fetched.folder) is not None


async def test_a_repository_of_pickles_is_refused(hub: Hub, tmp_path: Path) -> None:
    """Its weights are not even asked for, nothing is recorded, and the sentence says why."""
    hub.publish("club/tiny", "v1", {"model_index.json": INDEX, "unet/model.bin": PICKLE, "all.ckpt": PICKLE})
    done = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert done.code == 1
    assert "club/tiny has no .safetensors file" in done.err and "can run code" in done.err
    assert set(hub.asked) == {"model_index.json"} and recorded(tmp_path) is None


@pytest.mark.parametrize(("repository", "revision"), [("club/other", "v1"), ("club/tiny", "v2")])
async def test_what_the_hub_does_not_have_is_said(hub: Hub, tmp_path: Path, repository: str, revision: str) -> None:
    """No such repository, and no such revision of one."""
    hub.publish(repository, revision, WHOLE)
    done = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert done.code == 1
    assert "There is no model at club/tiny" in done.err and "Traceback" not in done.err


async def test_a_fetch_that_broke_off_is_done_by_another(hub: Hub, tmp_path: Path) -> None:
    """What is there by then does not pass for the model; the sentence says to fetch again."""
    hub.publish("club/tiny", "v1", WHOLE)
    hub.dropped.add(UNET)
    first = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert first.code == 1 and recorded(tmp_path) is None
    assert "fetch it again" in first.err and "Traceback" not in first.err
    hub.dropped.clear()
    second = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert second.code == 0, second.out + second.err
    assert recorded(tmp_path) == hash_of(saved(WHOLE, tmp_path / "original"))
