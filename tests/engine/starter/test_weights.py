"""The shipped folder: whole, small enough, and refused when a byte of it is another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.contract.errors import WeightsMismatch, WeightsMissing
from engine.models.files.vocabulary import VOCABULARY, read_vocabulary
from engine.starter import WEIGHTS, record_weights, verify_weights
from engine.starter.package import save_vocabulary
from engine.starter.world.vocabulary import SHAPES


def test_the_shipped_weights_are_as_recorded() -> None:
    """The committed files have the committed hashes."""
    verify_weights()


def test_the_shipped_folder_is_at_most_40_mb() -> None:
    """All files together, the card's pictures included."""
    assert sum(file.stat().st_size for file in WEIGHTS.rglob("*") if file.is_file()) <= 40_000_000


def test_the_shipped_vocabulary_is_that_of_the_captions(tmp_path: Path) -> None:
    """The folder says all that the model can paint, and every subject of its captions is among it."""
    save_vocabulary(tmp_path)
    assert (WEIGHTS / VOCABULARY).read_bytes() == (tmp_path / VOCABULARY).read_bytes()
    known = read_vocabulary(WEIGHTS)
    assert known is not None and set(SHAPES) < known.words.keys()
    assert read_vocabulary(tmp_path / "nowhere") is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder with recorded hashes."""
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "model.safetensors").write_bytes(bytes(range(200)))
    record_weights(tmp_path)
    return tmp_path


def test_an_untouched_folder_is_taken(folder: Path) -> None:
    """What was recorded verifies, also after a copy."""
    verify_weights(folder)
    shutil.copytree(folder, folder.parent / "copy")
    verify_weights(folder.parent / "copy")


@pytest.mark.parametrize("content", [bytes(range(199)), bytes(range(199)) + b"\0", b""])
def test_altered_and_truncated_files_are_refused(folder: Path, content: bytes) -> None:
    """The fault names the file."""
    file = folder / "unet" / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(WeightsMismatch) as caught:
        verify_weights(folder)
    assert caught.value.path == file


def test_missing_files_are_named(folder: Path) -> None:
    """A file that is gone, or the list of hashes itself, is said to be missing."""
    (folder / "unet" / "model.safetensors").unlink()
    with pytest.raises(WeightsMissing) as caught:
        verify_weights(folder)
    assert caught.value.path == folder / "unet" / "model.safetensors"
    with pytest.raises(WeightsMissing):
        verify_weights(folder / "nowhere")
