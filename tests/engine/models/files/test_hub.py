"""`easel models fetch` against a hub on the loopback: what comes here, what is recorded, what is refused."""

from __future__ import annotations

import asyncio
import json
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from engine.models.files.weights import hash_of
from tests.easel.command import CommandResult, run_easel
from tests.engine.models.hub_server import Files, Hub, serve_hub
from tests.engine.painter.checkpoints import save_sd1

REGISTRY = """
[models.tiny]
family = "sd1"
hub = "club/tiny"
revision = "v1"
"""
UNET = "unet/diffusion_pytorch_model.safetensors"
UNET_FP16 = "unet/diffusion_pytorch_model.fp16.safetensors"
PICKLE = b"\x80\x04K\x01."


def weights(value: float) -> bytes:
    return save({"weight": np.full(64, value, dtype=np.float32)})


def index(*parts: str) -> bytes:
    named = {part: ["diffusers", "Part"] for part in parts}
    return json.dumps({"_class_name": "StableDiffusionPipeline", "vae": [None, None], **named}).encode()


INDEX = index("unet")
WHOLE: Files = {"model_index.json": INDEX, "README.md": b"# Tiny", UNET: weights(1.0), "unet/model.bin": PICKLE}
# What a pipeline is made of, and all else that repositories have beside it.
PARTS: Files = {
    "model_index.json": index("unet", "text_encoder", "tokenizer", "safety_checker"),
    UNET: weights(1.0),
    "unet/config.json": b"{}",
    "text_encoder/config.json": b"{}",
    "tokenizer/tokenizer_config.json": b"{}",
    "tokenizer/chat_template.jinja": b"{{ x }}",
    "tokenizer/spiece[1].model": b"",
}
SHARDS: Files = {
    "text_encoder/model-00001-of-00002.safetensors": weights(2.0),
    "text_encoder/model-00002-of-00002.safetensors": weights(3.0),
    "text_encoder/model.safetensors.index.json": b"{}",
}
BESIDE: Files = {
    UNET_FP16: weights(4.0),
    "unet/diffusion_pytorch_model.non_ema.safetensors": weights(5.0),
    "unet/diffusion_pytorch_model.bin.index.json": b"{}",
    "text_encoder/model.onnx": b"",
    "text_encoder/openvino_model.bin": PICKLE,
    "safety_checker/model.safetensors": weights(6.0),
    "vae_1_0/diffusion_pytorch_model.safetensors": weights(7.0),
    "tiny_base_1.0.safetensors": weights(8.0),
    "lora[1].safetensors": weights(9.0),
}
CROWDED: Files = {**PARTS, **SHARDS, **BESIDE}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A folder that a model was fetched into: how that ended, and which files the hub was asked for."""

    folder: Path
    done: CommandResult
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


async def easel(folder: Path, hub_url: str, *arguments: str, variant: str = "") -> CommandResult:
    """Run `easel models` with a cache, a home and a models file in this folder.

    variant: that is registered from now on.
    """
    file = folder / "models.toml"
    if not file.exists() or variant:
        file.write_text(REGISTRY + f'variant = "{variant}"\n' * bool(variant))
    variables = {"HF_ENDPOINT": hub_url, "HF_HOME": str(folder / "hub"), "EASEL_MODELS_FILE": str(file)}
    variables |= {"HF_HUB_ETAG_TIMEOUT": "60", "HF_HUB_DOWNLOAD_TIMEOUT": "60"}
    return await run_easel("models", *arguments, home=folder / "home", COLUMNS="400", **variables)


async def test_a_hub_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    """And not that the model is unknown, to which fetching it would be the advice."""
    with serve_hub() as hub:
        gone = hub.url
    done = await easel(tmp_path, gone, "fetch", "tiny")
    assert done.code == 7 and "the Hub cannot be reached" in done.err and "Traceback" not in done.err


def recorded(folder: Path) -> str | None:
    entry: dict[str, str] = tomllib.loads((folder / "models.toml").read_text())["models"]["tiny"]
    return entry.get("sha256")


def saved(files: Files, folder: Path) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def remove(folder: Path, pattern: str) -> None:
    (path,) = folder.rglob(pattern)
    path.unlink()


def test_fetch_says_what_verifies_that_the_model_loads(fetched: Fetched) -> None:
    assert "Note  tiny  its files are complete. Run `easel models check`" in fetched.done.out


def test_fetch_brings_the_revision_and_records_its_hash(fetched: Fetched, tmp_path: Path) -> None:
    """The hash is that of the revision's own files; what is not needed, pickles above all, is never asked for."""
    assert fetched.done.code == 0, fetched.done.out + fetched.done.err
    assert set(fetched.asked) == {"model_index.json", UNET}
    assert recorded(fetched.folder) == hash_of(saved(WHOLE, tmp_path))


async def test_what_was_fetched_is_used_without_the_hub(hub: Hub, tmp_path: Path) -> None:
    """A snapshot is whole when all that was wanted of it is here, also where its repository has more."""
    folder = save_sd1(tmp_path / "sd1")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    hub.publish("club/tiny", "v1", {**BESIDE, **files})
    fetched = await easel(tmp_path, hub.url, "fetch", "tiny")
    checked = await easel(tmp_path, "http://127.0.0.1:9", "check")
    assert (fetched.code, checked.code) == (0, 0), checked.out + checked.err
    assert str(recorded(tmp_path)) in checked.out


async def test_an_altered_file_is_refused_by_its_hash(fetched: Fetched, hub: Hub, tmp_path: Path) -> None:
    """A tag that came to name other weights does not pass for what was recorded, and the record stays."""
    folder = Path(shutil.copytree(fetched.folder, tmp_path / "altered", symlinks=True))
    hub.publish("club/tiny", "v1", {**WHOLE, UNET: weights(2.0)})
    done = await easel(folder, hub.url, "fetch", "tiny")
    assert done.code == 7
    assert "damaged or is not the registered file" in done.out and "Restore the original files" in done.out
    assert recorded(folder) == recorded(fetched.folder) is not None


async def test_only_what_makes_the_pipeline_is_brought(hub: Hub, tmp_path: Path) -> None:
    """One copy of the weights of each part in use, in shards here, and all of its settings."""
    hub.publish("club/tiny", "v1", CROWDED)
    done = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert done.code == 0, done.out + done.err
    assert set(hub.asked) == {*PARTS, *SHARDS}
    assert recorded(tmp_path) == hash_of(saved({**PARTS, **SHARDS}, tmp_path / "original"))


async def test_the_registered_variant_is_brought(hub: Hub, tmp_path: Path) -> None:
    """Where a part has it; the text encoder has only plain weights."""
    hub.publish("club/tiny", "v1", CROWDED)
    done = await easel(tmp_path, hub.url, "fetch", "tiny", variant="fp16")
    assert done.code == 0, done.out + done.err
    assert set(hub.asked) == {*PARTS, *SHARDS, UNET_FP16} - {UNET}


async def test_another_variant_is_another_fetch(hub: Hub, tmp_path: Path) -> None:
    """What is here does not pass for it; it is brought beside, and nothing is brought twice."""
    hub.publish("club/tiny", "v1", CROWDED)
    await easel(tmp_path, hub.url, "fetch", "tiny")
    checked = await easel(tmp_path, hub.url, "check", variant="fp16")
    assert checked.code == 7 and "Model not found: club/tiny" in checked.out
    hub.asked.clear()
    done = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert done.code == 0, done.out + done.err
    assert set(hub.asked) == {UNET_FP16}


@pytest.mark.parametrize(
    ("files", "variant", "told"),
    [
        (
            {**PARTS, "text_encoder/model.fp16.safetensors": b""},
            "",
            'text_encoder, only variants: set variant = "fp16"',
        ),
        ({**CROWDED}, "bf16", 'no variant "bf16": set variant = "fp16" or "non_ema", or remove its variant'),
        (
            {**PARTS, "text_encoder/pytorch_model.bin": PICKLE},
            "",
            "no .safetensors file for text_encoder, only pickles",
        ),
        ({**PARTS}, "", "club/tiny has no weights for text_encoder"),
        ({name: CROWDED[name] for name in CROWDED if "tokenizer" not in name}, "", "has no folder tokenizer, which"),
        ({name: CROWDED[name] for name in CROWDED if "00002-of" not in name}, "", "has only 1 of 2 weight files in"),
        ({**CROWDED, "model_index.json": b"{}"}, "", "model_index.json is damaged"),
        ({UNET: weights(1.0)}, "", "club/tiny has no model_index.json, so it is not a diffusers pipeline"),
    ],
)
async def test_what_makes_no_pipeline_is_refused_before_it_is_brought(
    hub: Hub, tmp_path: Path, files: Files, variant: str, told: str
) -> None:
    """No more than the index is asked for, and the sentence says what is wrong; variants that there are have names."""
    hub.publish("club/tiny", "v1", files)
    done = await easel(tmp_path, hub.url, "fetch", "tiny", variant=variant)
    assert done.code == 7
    assert told in done.err and "Traceback" not in done.err
    assert set(hub.asked) <= {"model_index.json"} and recorded(tmp_path) is None


async def test_half_of_a_snapshot_does_not_pass(hub: Hub, tmp_path: Path) -> None:
    """A shard that is gone is missed, whether or not the list of the repository's files is still here."""
    hub.publish("club/tiny", "v1", CROWDED)
    await easel(tmp_path, hub.url, "fetch", "tiny")
    remove(tmp_path, "snapshots/*/text_encoder/model-00001-of-00002.safetensors")
    listed = await easel(tmp_path, hub.url, "check")
    remove(tmp_path, "trees/*.json")
    unlisted = await easel(tmp_path, hub.url, "check")
    assert (listed.code, unlisted.code) == (7, 7)
    assert "Model not found: club/tiny" in listed.out
    assert "has only 1 of 2 weight files in text_encoder" in unlisted.out
    assert (await easel(tmp_path, hub.url, "fetch", "tiny")).code == 0


async def test_a_repository_of_pickles_is_refused(hub: Hub, tmp_path: Path) -> None:
    """Its weights are not even asked for, nothing is recorded, and the sentence says why."""
    hub.publish("club/tiny", "v1", {"model_index.json": INDEX, "unet/model.bin": PICKLE, "all.ckpt": PICKLE})
    done = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert done.code == 7
    assert "club/tiny has no .safetensors file" in done.err and "can run code" in done.err
    assert set(hub.asked) == {"model_index.json"} and recorded(tmp_path) is None


@pytest.mark.parametrize(("repository", "revision"), [("club/other", "v1"), ("club/tiny", "v2")])
async def test_what_the_hub_does_not_have_is_said(hub: Hub, tmp_path: Path, repository: str, revision: str) -> None:
    """No such repository, and no such revision of one."""
    hub.publish(repository, revision, WHOLE)
    done = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert done.code == 7
    assert "Model not found: club/tiny" in done.err and "Traceback" not in done.err


async def test_a_licence_that_was_not_agreed_to_is_told(hub: Hub, tmp_path: Path) -> None:
    """The list of files of such a repository is for everybody, its files are not."""
    hub.publish("club/tiny", "v1", WHOLE)
    hub.gated.add("club/tiny")
    done = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert done.code == 7
    assert "accept its license on its Hugging Face page, then set HF_TOKEN" in done.err and "Traceback" not in done.err


async def test_a_fetch_that_broke_off_is_done_by_another(hub: Hub, tmp_path: Path) -> None:
    """What is there by then does not pass for the model; the sentence says to fetch again."""
    hub.publish("club/tiny", "v1", WHOLE)
    hub.dropped.add(UNET)
    first = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert first.code == 7 and recorded(tmp_path) is None
    assert "Fetch it again" in first.err and "Traceback" not in first.err
    checked = await easel(tmp_path, hub.url, "check")
    assert checked.code == 7 and recorded(tmp_path) is None
    hub.dropped.clear()
    hub.asked.clear()
    second = await easel(tmp_path, hub.url, "fetch", "tiny")
    assert second.code == 0, second.out + second.err
    assert set(hub.asked) == {UNET}
    assert recorded(tmp_path) == hash_of(saved(WHOLE, tmp_path / "original"))
