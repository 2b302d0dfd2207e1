"""In CI, and only there, a skipped browser test is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SUITE = """
import pytest


@pytest.mark.browser
def test_page():
    pytest.skip("no browser")


@pytest.mark.skip(reason="another reason")
def test_other():
    pass
"""


def _run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with Easel's own conftest and two skipped tests, one of them of the browser."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    browser: needs a browser\n")
    (tmp_path / "test_skipped.py").write_text(SUITE)
    return tmp_path


def test_skipped_browser_test_fails_in_ci(suite: Path) -> None:
    """The number of skipped tests is printed, with what to do."""
    done = _run(suite, CI="true")
    assert done.returncode == 1
    assert "1 browser tests were skipped: install Chromium." in done.stdout


def test_skipped_browser_test_passes_elsewhere(suite: Path) -> None:
    """Without a browser, the other tests can still run."""
    assert _run(suite).returncode == 0


def test_settings_of_whoever_runs_the_tests_are_not_used(tmp_path: Path) -> None:
    """A developer's token, database and home are unset before the first test."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "test_settings.py").write_text(
        "import os\n\ndef test_gone():\n"
        "    assert 'DISCORD_TOKEN' not in os.environ and 'EASEL_MODEL' not in os.environ\n"
        "    assert os.environ['EASEL_HOME'] != '/srv/mine'\n"
    )
    done = _run(tmp_path, DISCORD_TOKEN="x", EASEL_MODEL="x", EASEL_HOME="/srv/mine")
    assert done.returncode == 0, done.stdout
