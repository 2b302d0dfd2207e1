"""A registered captioner describes pictures, for every model; what is no captioner is refused in a sentence."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from bot.replies import reply_for
from easel.errors import sentence_from_error
from engine.contract.add_ons import AddOn
from engine.contract.edits import Edit
from engine.contract.errors import EaselError, ModelBroken, SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.contract.jobs import Operation
from engine.contract.painting import PaintRequest
from engine.models.files.folder_hash import folder_hash
from engine.models.folder_check import folder_statuses, record_folder_hash
from engine.models.prompt_limits import read_limits
from engine.models.registry.folders import ModelFolder
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.prompt import parse
from tests.engine.painter.captioners import save_captioner
from tests.engine.painter.requests import paint_request
from tests.engine.painter.test_suggestions import suggested
from tests.sharing import made_once


@pytest.fixture(scope="session")
def folder(shared_folder: Path) -> Path:
    """A folder with a BLIP of random weights."""
    return made_once(shared_folder / "captioner", save_captioner)


def with_captioner(registry: Registry, folder: Path, sha256: str | None = None) -> Registry:
    captioner = ModelFolder(kind=AddOn.CAPTIONER, name="words", folder=folder, licence="none", sha256=sha256)
    return replace(registry, folders=MappingProxyType({AddOn.CAPTIONER: MappingProxyType({"words": captioner})}))


def describing(colour: str) -> PaintRequest:
    encoded = io.BytesIO()
    Image.new("RGB", (48, 64), colour).save(encoded, "PNG")
    asked = paint_request("this picture", source=encoded.getvalue())
    return replace(asked, operation=Operation.DESCRIBE, edit=Edit())


async def refusal(registry: Registry, folder: Path, sha256: str | None = None) -> EaselError:
    """Return the error of a picture that this folder is to describe."""
    async with create_painter(with_captioner(registry, folder, sha256), max_rows=64) as painter:
        with pytest.raises(EaselError) as told:
            await suggested(painter, describing("red"))
    return told.value


@pytest.mark.parametrize("kind", ["blip", "git", "vision-encoder-decoder"])
async def test_a_picture_is_described_by_four_captions(registry: Registry, tmp_path: Path, kind: str) -> None:
    """They are words alone, the same after a restart, and others for another picture; the model has no CLIP."""
    save_captioner(tmp_path / kind, kind)
    able = with_captioner(registry, tmp_path / kind)
    async with create_painter(able, max_rows=64) as painter:
        first, other = [(await suggested(painter, describing(one))).prompts for one in ("red", "blue")]
    async with create_painter(able, max_rows=64) as painter:
        assert (await suggested(painter, describing("red"))).prompts == first
    assert len(set(first)) == 4 and first != other
    for prompt in first:
        parsed = parse(prompt)
        assert isinstance(parsed, tuple)
        (spec,) = parsed
        assert spec.parameters == {} and [part.text for part in spec.parts] == [prompt]


async def test_a_captioner_describes_for_every_model(checkpoints: Path, folder: Path, tmp_path: Path) -> None:
    """Shorter prompts need a CLIP all the same."""
    file = tmp_path / "models.toml"
    text = (checkpoints / "registry.toml").read_text()
    file.write_text(f'{text}\n[captioners.words]\nfolder = "{folder}"\nlicence = "BSD-3-Clause"\n')
    registry = read_registry(file)
    assert registry.captioner == ModelFolder(
        kind=AddOn.CAPTIONER, name="words", folder=folder, licence="BSD-3-Clause", sha256=None
    )
    for model in (await read_limits(file, None)).models:
        assert model.operations is not None
        assert Operation.DESCRIBE in model.operations and Operation.SHORTEN not in model.operations
    (status,) = folder_statuses(registry)
    record_folder_hash(registry, status)
    (again,) = folder_statuses(read_registry(file))
    assert again.error is None and again.registered.sha256 == status.sha256 == folder_hash(folder, None)
    assert status.size_bytes > 50_000
    file.write_text(f'{text}\n[captioners.words]\nhub = "someone/blip"\n')
    with pytest.raises(SettingsInvalid) as told:
        read_registry(file)
    assert "captioners.words" in str(told.value)


async def test_what_is_no_captioner_is_refused(registry: Registry, folder: Path, tmp_path: Path) -> None:
    """Members read of the captioner, not of a model, and the operator what to put where."""
    error = await refusal(registry, tmp_path / "nowhere")
    assert isinstance(error, WeightsMissing)
    assert reply_for(error).startswith("The captioner words is missing. Describe again later")

    pickled = _changed(folder, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    error = await refusal(registry, pickled)
    assert isinstance(error, WeightsMissing)
    assert "it has pickles (.bin, .ckpt, .pt), which are not opened because they can run code" in _told(error)
    assert 'The captioner "words" has no weights' in _told(error)

    assert isinstance(await refusal(registry, folder, "0" * 64), WeightsMismatch)
    for place, cause in (
        (_of_kind(folder, tmp_path / "clipseg", "clipseg"), 'its architecture is "clipseg", and captioners are BLIP'),
        (_of_kind(folder, tmp_path / "none", None), "its config.json is missing or names no model_type"),
        (_without_words(folder, tmp_path / "mute"), "its tokenizer lacks most of the vocabulary"),
        (_without_tensor(folder, tmp_path / "holed"), "its weights lack 1 tensors, such as vision_model."),
    ):
        error = await refusal(registry, place)
        assert isinstance(error, ModelBroken) and cause in _told(error)
        assert reply_for(error).startswith("The captioner words does not work. Describe again later")


async def test_code_beside_a_captioner_is_not_run(registry: Registry, folder: Path, tmp_path: Path) -> None:
    """A configuration that names classes in files of its own gives the library's, or is refused."""
    place = _changed(folder, tmp_path / "code")
    ran = tmp_path / "ran"
    (place / "own.py").write_text(f"open({str(ran)!r}, 'w')\nclass Own: pass\n")
    auto_map = dict.fromkeys(("AutoConfig", "AutoModelForImageTextToText", "AutoTokenizer"), "own.Own")
    for name in ("config.json", "tokenizer_config.json"):
        settings = json.loads((place / name).read_text())
        (place / name).write_text(json.dumps({**settings, "auto_map": auto_map}))
    async with create_painter(with_captioner(registry, place), max_rows=64) as painter:
        assert len((await suggested(painter, describing("red"))).prompts) == 4
    assert not ran.exists()


def _told(error: EaselError) -> str:
    return sentence_from_error(error)


def _changed(folder: Path, place: Path) -> Path:
    return Path(shutil.copytree(folder, place))


def _of_kind(folder: Path, place: Path, kind: str | None) -> Path:
    config = _changed(folder, place) / "config.json"
    settings = {**json.loads(config.read_text()), "model_type": kind}
    config.write_text(json.dumps(settings))
    return place


def _without_words(folder: Path, place: Path) -> Path:
    (_changed(folder, place) / "tokenizer.json").unlink()
    return place


def _without_tensor(folder: Path, place: Path) -> Path:
    file = _changed(folder, place) / "model.safetensors"
    tensors = load_file(file)
    del tensors[next(name for name in tensors if name.startswith("vision_model."))]
    save_file(tensors, file, metadata={"format": "pt"})
    return place
