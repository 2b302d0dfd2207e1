"""Weight files are judged before they are opened: truncated, altered, missing, or pickles by another name."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.contract.errors import ModelBroken, WeightsMismatch, WeightsMissing
from engine.models.files.weights import check_complete, hash_of, header_of, tensors_of
from engine.models.loading.device import best_device
from engine.models.loading.pipeline import load_pipeline
from engine.models.registry.families import FAMILIES
from engine.models.registry.registry import Model, read_registry
from engine.models.registry.sources import WeightSource
from tests.engine.painter.checkpoints import save_sd1

UNET = Path("unet") / "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sd1(tmp_path_factory.mktemp("whole") / "sd1")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "sd1"))


def model(folder: Path, **changes: object) -> Model:
    shipped = read_registry().model()
    return replace(shipped, name="tiny", source=WeightSource(folder=folder), **changes)  # type: ignore[arg-type]


def test_a_whole_folder_is_loaded_with_its_hash(folder: Path) -> None:
    pipe, sha256 = load_pipeline(model(folder), best_device())
    assert sha256 == hash_of(folder)
    assert load_pipeline(model(folder, sha256=sha256), best_device())[1] == sha256
    assert all(weight.dtype == torch.float32 for weight in pipe.unet.parameters())


def test_the_hash_is_of_contents_and_names(folder: Path) -> None:
    before = hash_of(folder)
    (folder / "unet" / "config.json").write_text((folder / "unet" / "config.json").read_text() + " ")
    assert hash_of(folder) != before


def test_a_truncated_file_is_refused(folder: Path) -> None:
    file = folder / UNET
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsMismatch) as refused:
        load_pipeline(model(folder), best_device())
    assert refused.value.path == file


def test_altered_weights_are_refused_by_their_hash(folder: Path) -> None:
    recorded = hash_of(folder)
    file = folder / UNET
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(WeightsMismatch):
        load_pipeline(model(folder, sha256=recorded), best_device())


@pytest.mark.parametrize(
    "header",
    [
        "[]",
        "null",
        "[" * 100_000,
        '{"__metadata__": 5}',
        '{"conv": 5}',
        '{"conv": {"dtype": 5, "shape": [1], "data_offsets": [0, 4]}}',
        '{"conv": {"dtype": "F32", "shape": "1", "data_offsets": [0, 4]}}',
        '{"conv": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        '{"conv": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}',
    ],
    ids=lambda header: header[:60],
)
def test_a_header_of_something_else_is_refused(folder: Path, header: str) -> None:
    (folder / UNET).write_bytes(len(header).to_bytes(8, "little") + header.encode())
    with pytest.raises(WeightsMismatch) as refused:
        check_complete(folder)
    assert "its header " in str(refused.value.facts["cause"])


@pytest.mark.parametrize("how", ["pickle", "zip"])
def test_a_pickle_named_safetensors_is_refused_unopened(folder: Path, how: str) -> None:
    if how == "pickle":
        (folder / UNET).write_bytes(pickle.dumps({"weight": [1.0]}))
    else:
        torch.save({"weight": torch.zeros(2)}, folder / UNET)
    with pytest.raises(WeightsMismatch) as refused:
        check_complete(folder)
    assert "pickle" in str(refused.value.facts["cause"])


def test_a_folder_with_pickles_only_is_refused(folder: Path) -> None:
    """The weights of the UNet as `.bin` are not opened, although diffusers could."""
    torch.save({"conv_in.weight": torch.zeros(2)}, folder / "unet" / "diffusion_pytorch_model.bin")
    (folder / UNET).unlink()
    with pytest.raises(ModelBroken):
        load_pipeline(model(folder), best_device())


def test_a_folder_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing):
        load_pipeline(model(tmp_path / "nowhere"), best_device())


def test_a_folder_of_another_family_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(ModelBroken) as refused:
        load_pipeline(model(folder, family=FAMILIES["sdxl"]), best_device())
    assert "StableDiffusionPipeline" in refused.value.cause


def test_a_folder_that_changes_later_does_not_change_a_loaded_model(folder: Path) -> None:
    """Zeros written over the file leave the weights in memory as they were."""
    pipe, _ = load_pipeline(model(folder), best_device())
    before = pipe.unet.conv_in.weight.clone()
    size = (folder / UNET).stat().st_size
    with (folder / UNET).open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(size // 2))
        file.seek(0)
    assert torch.equal(pipe.unet.conv_in.weight, before)


def test_tensor_names_and_shapes_are_read_from_the_header(folder: Path) -> None:
    shapes = dict(tensors_of(header_of(folder / UNET)))
    assert shapes["conv_in.weight"] == (32, 4, 3, 3)


def test_a_single_file_of_a_family_that_is_kept_in_folders_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pixart.safetensors"
    save_file({"a": torch.zeros(1)}, file)
    with pytest.raises(ModelBroken) as refused:
        load_pipeline(replace(model(file, family=FAMILIES["pixart"]), source=WeightSource(file=file)), best_device())
    assert "must be a diffusers folder" in refused.value.cause


def test_a_header_as_long_as_a_pickle_begins_is_read(tmp_path: Path) -> None:
    """1408 bytes, which are 80 05 as a pickle's first two are: shards of real models have such headers."""
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", metadata={"x": "x"})
    spare = 1408 - int.from_bytes((tmp_path / "a.safetensors").read_bytes()[:8], "little")
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", metadata={"x": "x" * (spare + 1)})
    assert (tmp_path / "a.safetensors").read_bytes().startswith(b"\x80\x05")
    assert dict(tensors_of(header_of(tmp_path / "a.safetensors"))) == {"a": (1,)}


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html><body>Log in", "it is a web page, so the download failed or asks for a login"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "it is a pointer of Git LFS"),
        (b'{"error": "Unauthorized"}', "it is JSON, such as the message of a server that the download failed"),
        (b"GGUF\x03\0\0\0" + bytes(99), "it is a GGUF file, whose weights are quantized"),
        (b"Rar!\x1a\x07\x01\0" + bytes(99), "it is a RAR archive"),
        (b"PK\x03\x04" + bytes(99), "it is a pickle"),
        (b"\xff" * 99, "its header is longer than the file"),
    ],
)
def test_what_is_no_safetensors_file_is_told_for_what_it_is(tmp_path: Path, data: bytes, cause: str) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(data)
    with pytest.raises(WeightsMismatch) as refused:
        header_of(file)
    assert cause in str(refused.value.facts["cause"])
