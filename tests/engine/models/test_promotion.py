"""Adapters that become the style of the community, and those that were it before."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract.errors import SettingsInvalid
from engine.models.promotion import promote, roll_back
from engine.models.registry.registry import read_registry
from tests.easel.models import save_models_file
from tests.engine.painter.checkpoints import save_lora


@pytest.fixture
def models(tmp_path: Path) -> Path:
    file = save_models_file(tmp_path)
    for seed, name in enumerate(("first", "second", "old")):
        save_lora(tmp_path / f"{name}.safetensors", tmp_path / "weights", seed=seed)
    return file


def style_in(models: Path) -> str | None:
    registry = read_registry(models)
    style = registry.style_of(registry.model())
    return style.name if style else None


def test_the_last_promoted_is_the_style_and_each_rollback_brings_back_the_one_before(models: Path) -> None:
    """The operator's own style is there again after them, and the file is as it was."""
    with models.open("a") as file:
        file.write('\n# Ours.\n[adapters.old]\nfile = "old.safetensors"\nfamily = "sd1"\nstyle = true\n')
    before, model = models.read_text(), read_registry(models).model()
    names = [promote(models, models.with_name(f"{name}.safetensors"), model) for name in ("first", "second")]
    assert style_in(models) == names[1] != names[0]
    with pytest.raises(SettingsInvalid, match="promoted already"):
        promote(models, models.with_name("first.safetensors"), model)
    assert [roll_back(models), style_in(models)] == [names[1], names[0]]
    assert [roll_back(models), style_in(models)] == [names[0], "old"]
    assert models.read_text() == before
    assert roll_back(models) is None


def test_a_file_that_would_not_be_valid_is_left_as_it_was(models: Path) -> None:
    """A file in which the adapters are one table in one line."""
    with models.open("a") as file:
        file.write("\n[adapters]\n")
    models.write_text('adapters = { old = { file = "old.safetensors", family = "sd1" } }\n' + _without_last(models))
    before = models.read_text()
    with pytest.raises(SettingsInvalid):
        promote(models, models.with_name("first.safetensors"), read_registry(models).model())
    assert models.read_text() == before


def test_the_file_is_replaced_whole_where_it_is(models: Path) -> None:
    """Through a link, with the permissions that it had, and with nothing left beside it."""
    models.chmod(0o640)
    link = models.with_name("link.toml")
    link.symlink_to(models)
    before = {path.name for path in models.parent.iterdir()}
    old = models.read_text()
    with models.open() as opened:
        name = promote(link, models.with_name("first.safetensors"), read_registry(link).model())
        # Whoever has it open reads the file that it was, to its end.
        assert opened.read() == old
    assert (style_in(models), link.is_symlink(), models.stat().st_mode & 0o777) == (name, True, 0o640)
    assert {path.name for path in models.parent.iterdir()} == {*before, "learned"}


def _without_last(models: Path) -> str:
    return models.read_text().removesuffix("\n[adapters]\n")


def test_the_adapter_is_kept_with_its_hash_beside_the_file(models: Path) -> None:
    name = promote(models, models.with_name("first.safetensors"), read_registry(models).model())
    adapter = read_registry(models).adapters[name]
    assert adapter.file.read_bytes() == models.with_name("first.safetensors").read_bytes()
    assert adapter.sha256 is not None and name == f"learned-{adapter.sha256[:12]}"
