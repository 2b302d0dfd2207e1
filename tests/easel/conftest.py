"""What the tests of the command share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home(shared_folder: Path) -> Iterator[Path]:
    """An empty `EASEL_HOME`, outside pytest's folder, which the embedded server's user cannot read."""
    folder = Path(tempfile.mkdtemp(prefix="home-", dir=shared_folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
