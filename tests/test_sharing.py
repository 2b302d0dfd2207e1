"""Folders that the workers of a run share: none is left by a run that was killed, and each thing is made once."""

from __future__ import annotations

from pathlib import Path

from tests.sharing import made_once, remove_abandoned, run_folder


def test_folder_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    """One whose run still holds its lock stays, and so does one that is only being made."""
    killed, new = tmp_path / "easel-tests-killed", tmp_path / "easel-tests-new"
    for folder in (killed, new):
        folder.mkdir()
    (killed / "run.lock").touch()
    (new / "new.lock").touch()
    with run_folder(tmp_path) as running:
        assert not killed.exists()
        remove_abandoned(tmp_path)
        assert running.exists() and new.exists()
    assert not running.exists()


def test_thing_is_made_once(tmp_path: Path) -> None:
    """Who comes later finds it; what was half made by somebody who was killed is made anew."""
    (tmp_path / "thing.new").mkdir()
    (tmp_path / "thing.new" / "half").touch()
    for _ in range(2):
        folder = made_once(tmp_path / "thing", lambda folder: (folder / "whole").touch(exist_ok=False))
    assert [path.name for path in folder.iterdir()] == ["whole"]
