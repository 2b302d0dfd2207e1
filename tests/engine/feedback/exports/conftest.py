"""What was exported of a simulated community, once for all formats, and the loader that reads it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.store.database import open_database
from engine.store.objects import open_objects
from tests.conftest import new_database
from tests.engine.feedback.exports.released import ReleasedLog, release


@pytest.fixture(scope="session")
def released(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> ReleasedLog:
    folder = tmp_path_factory.mktemp("released")

    async def export() -> ReleasedLog:
        async with new_database(postgres, template) as url, open_database(url) as database:
            return await release(database, open_objects((folder / "pictures").as_uri()), folder)

    return asyncio.run(export())


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return `datasets.load_dataset`, offline and with a cache of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    import datasets

    return lambda *args, **kwargs: datasets.load_dataset(*args, **kwargs, cache_dir=str(tmp_path / "cache"))
