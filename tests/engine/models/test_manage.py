"""What an operator does with the registry file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from engine.contract.errors import SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.contract.jobs import Operation
from engine.models.files.clip_folder import clip_hash
from engine.models.files.weights import hash_of
from engine.models.manage import adapter_statuses, add_model, model_status, record_missing_hash
from engine.models.recorded_hashes import record_hash
from engine.models.registry.registry import read_registry
from engine.painter.in_process import create_painter
from engine.prompt import PromptErrors, parse
from engine.starter.weights import WEIGHTS
from tests.engine.painter.checkpoints import save_lora, save_sd1
from tests.engine.painter.requests import paint_request

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
    save_lora(folder / "ink.safetensors", folder / "sd1", seed=1)
    return folder


@pytest.fixture
def file(home: Path) -> Path:
    (home / "models.toml").write_text(FILE)
    return home / "models.toml"


def test_each_model_stands_as_it_is(file: Path, home: Path) -> None:
    here, gone = map(model_status, read_registry(file).models.values())
    assert (here.path, here.error, here.sha256) == (home / "sd1", None, hash_of(home / "sd1"))
    assert here.size_bytes > 10_000
    assert isinstance(gone.error, WeightsMissing)


def test_a_recorded_hash_is_held_against_the_files(file: Path, home: Path) -> None:
    record_hash(file, "here", hash_of(home / "sd1"))
    assert model_status(read_registry(file).model("here")).error is None
    record_hash(file, "here", "0" * 64)
    assert isinstance(model_status(read_registry(file).model("here")).error, WeightsMismatch)


async def test_the_hash_of_its_clip_is_recorded_and_checked(file: Path, home: Path) -> None:
    """Once, in the same entry; a CLIP that is another one by now, or is gone, is told, and is not loaded."""
    copytree(WEIGHTS / "clip", home / "sd1" / "clip")
    record_missing_hash(read_registry(file), model_status(read_registry(file).model("here")))
    recorded = read_registry(file).model("here")
    assert recorded.clip_sha256 == clip_hash(home / "sd1", None) and recorded.sha256 == hash_of(home / "sd1")
    assert model_status(recorded).error is None
    with (home / "sd1" / "clip" / "config.json").open("a") as changed:
        changed.write(" ")
    assert isinstance(model_status(recorded).error, WeightsMismatch)
    shorten = replace(paint_request("two stars", model="here"), operation=Operation.SHORTEN)
    async with create_painter(read_registry(file), max_rows=4) as painter:
        with pytest.raises(WeightsMismatch):
            [event async for event in painter.paint(shorten)]
    rmtree(home / "sd1" / "clip")
    assert isinstance(model_status(recorded).error, WeightsMissing)


def test_recording_a_hash_keeps_all_else(file: Path) -> None:
    record_hash(file, "here", "a" * 64)
    record_hash(file, "here", "b" * 64)
    assert file.read_text().replace(f'sha256 = "{"b" * 64}"\n', "") == FILE


WAYS = {
    "a table": '[models.m]\nfamily = "sd1"\n',
    "a table, spaced": '[ models . "m" ]  # mine\n[models.m.defaults]\nsteps = 9\n',
    "literal quotes": "[models.'m']\nfamily = 'sd1'\n",
    "behind its own table": '[models.m.defaults]\nsteps = 9\n[models.m]\nfamily = "sd1"\n',
    "dotted keys": '[models]\nm.family = "sd1"  # m\nm.folder = "m"\nn.family = "sd1"\n',
    "dotted keys on top": 'default = "m"\nmodels.m.family = "sd1"\nmodels.m.folder = "m"\n',
    "an inline table": '[models]\nn = { family = "sd1" }\nm = { family = "sd1", folder = "m" }  # m\n',
    "inline tables only": 'models = { n = { family = "sd1" }, m = {family = "sd1"} }\n',
    "lines of Windows": '[models.m]\r\nfamily = "sd1"\r\n',
    "a byte order mark": '\ufeff[models.m]\r\nfamily = "sd1"\r\n',
    "no end of line": '[models.m]\nfamily = "sd1"',
    "an adapter of that name": '[adapters.m]\nfile = "m"\n[models.m]\nfamily = "sd1"\n',
    "a header within a text": '[models.n]\nlicence = """\n[models.m]\n"""\n[models.m]\nfamily = "sd1"\n',
    "signs that end lines elsewhere": '[models.m]\nlicence = "a\u2028b\u0085c"\n',
}


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
def test_a_hash_is_written_into_an_entry_of_any_form(tmp_path: Path, text: str) -> None:
    """What was there before stays, letter by letter and in its order, and so it does when another hash replaces it."""
    file = tmp_path / "models.toml"
    file.write_text(text, encoding="utf-8", newline="")
    for sha256 in ("a" * 64, "b" * 64):
        record_hash(file, "m", sha256)
        after = file.read_bytes().decode()
        assert tomllib.loads(after.removeprefix("\ufeff"))["models"]["m"]["sha256"] == sha256
        assert is_within(text, after) and len(after) - len(text) < 100


def is_within(part: str, whole: str) -> bool:
    """Return whether the letters of `part` are all in `whole`, in the same order."""
    letters = iter(whole)
    return all(letter in letters for letter in part)


@pytest.mark.parametrize(
    "text", ['[models."\\u00fc"]\nfamily = "sd1"\n', "[models.n]\n", "[models.ü\n", "models = { ü = 1 }\n"]
)
def test_a_hash_that_has_no_place_is_told_with_the_line_to_write(tmp_path: Path, text: str) -> None:
    """A name in escapes, an entry taken out or a file broken while it was hashed: the file is not touched."""
    file = tmp_path / "models.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        record_hash(file, "ü", "a" * 64)
    (sentence,) = refused.value.problems
    assert '[models."ü"]' in sentence and sentence.endswith(f'sha256 = "{"a" * 64}"')
    assert file.read_text(encoding="utf-8") == text


def test_an_added_model_has_its_hash_and_the_rest_is_untouched(file: Path, home: Path) -> None:
    status = add_model(file, "new-1.5", family="sd1", licence='say "please"', folder="sd1")
    assert status.error is None
    added = read_registry(file).model("new-1.5")
    assert (added.sha256, added.licence) == (hash_of(home / "sd1"), 'say "please"')
    assert file.read_text().startswith(FILE.rstrip())


@pytest.mark.parametrize(
    "name", ["a, b", "SDXL: base", "my model", "-x", ".x", "ü", 'say "x"', "x" * 65, "v6.1", "SD_1-5.x", "x" * 64]
)
def test_a_name_that_no_prompt_can_say_is_refused(home: Path, name: str) -> None:
    """Of a model and of an adapter, by check; a name that a prompt can say is not."""
    table = f"{json.dumps(name, ensure_ascii=False)}]"
    models = home / "names.toml"
    models.write_text(f'[models.{table}\nfamily = "sd1"\nfolder = "sd1"\n[adapters.{table}\nfile = "ink.safetensors"\n'
                      'family = "sd1"\n', encoding="utf-8")  # fmt: skip
    registry = read_registry(models)
    (adapter,) = adapter_statuses(registry)
    for error in (model_status(registry.model()).error, adapter.error):
        assert (error is None) is not isinstance(parse(f"a fox --model {name}"), PromptErrors)
        assert error is None or isinstance(error, SettingsInvalid)


@pytest.mark.parametrize(
    ("name", "family", "source"),
    [("b", "sd9", {"folder": "x"}), ("b", "sd1", {}), ("b", "sd1", {"file": "x.ckpt"}), ("a b", "sd1", {"folder": "x"}),
     ("here", "sd1", {"folder": "sd1"}), ("ü", "sd1", {"folder": "sd1"})],
)  # fmt: skip
def test_a_faulty_addition_leaves_the_file_as_it_was(
    file: Path, name: str, family: str, source: dict[str, str]
) -> None:
    with pytest.raises(SettingsInvalid):
        add_model(file, name, family=family, licence="none", **source)
    assert file.read_text() == FILE
