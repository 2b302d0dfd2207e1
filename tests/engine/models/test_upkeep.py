"""What an operator does with the registry file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract.errors import SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.models.registry import read_registry
from engine.models.upkeep import add_model, record_hash, standing_of
from engine.models.weights import hash_of
from tests.engine.painter.checkpoints import save_sd1

FILE = """# my models
default = "here"

[models.here]  # the good one
family = "sd1"
folder = "sd1"
[models.here.defaults]
steps = 9

[models.gone]
family = "sd1"
folder = "nowhere"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    save_sd1(folder / "sd1")
    return folder


@pytest.fixture
def file(home: Path) -> Path:
    (home / "models.toml").write_text(FILE)
    return home / "models.toml"


def test_each_model_stands_as_it_is(file: Path, home: Path) -> None:
    here, gone = map(standing_of, read_registry(file).models.values())
    assert (here.place, here.error, here.sha256) == (home / "sd1", None, hash_of(home / "sd1"))
    assert here.size_bytes > 10_000
    assert isinstance(gone.error, WeightsMissing)


def test_a_recorded_hash_is_held_against_the_files(file: Path, home: Path) -> None:
    record_hash(file, "here", hash_of(home / "sd1"))
    assert standing_of(read_registry(file).model("here")).error is None
    record_hash(file, "here", "0" * 64)
    assert isinstance(standing_of(read_registry(file).model("here")).error, WeightsMismatch)


def test_recording_a_hash_keeps_all_else(file: Path) -> None:
    record_hash(file, "here", "a" * 64)
    record_hash(file, "here", "b" * 64)
    assert file.read_text().replace(f'sha256 = "{"b" * 64}"\n', "") == FILE


def test_an_added_model_has_its_hash_and_the_rest_is_untouched(file: Path, home: Path) -> None:
    standing = add_model(file, "new-1.5", family="sd1", licence='say "please"', folder="sd1")
    assert standing.error is None
    added = read_registry(file).model("new-1.5")
    assert (added.sha256, added.licence) == (hash_of(home / "sd1"), 'say "please"')
    assert file.read_text().startswith(FILE.rstrip())


@pytest.mark.parametrize(
    ("name", "family", "source"),
    [("b", "sd9", {"folder": "x"}), ("b", "sd1", {}), ("b", "sd1", {"file": "x.ckpt"}), ("a b", "sd1", {"folder": "x"}),
     ("here", "sd1", {"folder": "sd1"})],
)  # fmt: skip
def test_a_faulty_addition_leaves_the_file_as_it_was(
    file: Path, name: str, family: str, source: dict[str, str]
) -> None:
    with pytest.raises(SettingsInvalid):
        add_model(file, name, family=family, licence="none", **source)
    assert file.read_text() == FILE
