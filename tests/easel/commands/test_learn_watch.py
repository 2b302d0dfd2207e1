"""`easel learn watch` as a real process: what it refuses, and that it waits while nobody has voted."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.easel.command import run_easel
from tests.easel.models import save_models_file


@pytest.fixture
def given(database_url: str, tmp_path: Path) -> dict[str, str]:
    """An empty database, and a models file of the operator's own."""
    return {"DATABASE_URL": database_url, "EASEL_MODELS_FILE": str(save_models_file(tmp_path))}


async def test_it_waits_for_votes(home: Path, given: dict[str, str], tmp_path: Path) -> None:
    done = await run_easel("learn", "watch", "-o", str(tmp_path / "runs"), "--once", home=home, **given)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert not (tmp_path / "runs").exists()


async def test_only_one_watches(home: Path, given: dict[str, str], tmp_path: Path) -> None:
    """Two trainings at once would take each other's time and memory on the device."""
    with (home / "learning.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = await run_easel("learn", "watch", "-o", str(tmp_path), "--once", home=home, **given)
    assert (refused.code, f"Another `easel learn watch` runs for {home}." in refused.err) == (4, True)


async def test_it_needs_a_models_file_of_ones_own(home: Path, tmp_path: Path) -> None:
    refused = await run_easel("learn", "watch", "-o", str(tmp_path), "--once", home=home)
    assert (refused.code, "Set EASEL_MODELS_FILE to a file of your own first." in refused.err) == (4, True)


@pytest.mark.parametrize("option", [("--every", "soon"), ("--every", "0h"), ("--votes", "0")])
async def test_wrong_options_are_told(home: Path, tmp_path: Path, option: tuple[str, str]) -> None:
    refused = await run_easel("learn", "watch", "-o", str(tmp_path), *option, home=home)
    assert (refused.code, "Usage: easel learn watch" in refused.err) == (2, True)
