"""What is kept of a run on the log's votes: whose votes it used, how the training went, and what became of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from bot.store.learning.adapters import NewAdapter, add_evaluation, record_adapter, set_state
from bot.store.learning.tables import AdapterState
from bot.store.members import read_training_ids
from easel.commands.learn_votes import LoggedVotes
from easel.postgres import open_migrated_postgres
from engine.feedback.trainable import ConsentWithdrawn
from engine.learn.run_files import ADAPTER, RECORD, RUN
from engine.models.files.weights import hash_of
from engine.settings import EngineSettings
from engine.store.database import AsyncConnection, open_database
from engine.store.objects import open_objects


async def record_run(
    folder: Path, votes: LoggedVotes, num_preferences: int, figures: Mapping[str, Any], settings: EngineSettings
) -> None:
    """Record the adapter of a complete run, and whose votes it used.

    Raises: ConsentWithdrawn if somebody agrees no longer.
    """
    adapter, members = _adapter_of(folder, votes, num_preferences, figures), votes.members
    async with _connected(settings) as connection:
        if not members <= await read_training_ids(connection):
            raise ConsentWithdrawn
        adapter_id = await record_adapter(connection, adapter, members)
    _save_record(folder, adapter_id, adapter.sha256)


def _adapter_of(folder: Path, votes: LoggedVotes, num_preferences: int, figures: Mapping[str, Any]) -> NewAdapter:
    facts = json.loads((folder / RUN).read_text())
    return NewAdapter(
        sha256=hash_of(folder / ADAPTER),
        preferences_sha256=facts["preferences_sha256"],
        num_preferences=num_preferences,
        model=facts["model"],
        model_sha256=facts["model_sha256"],
        folder=str(folder.resolve()),
        read_at=votes.read_at,
        figures=figures,
    )


def _save_record(folder: Path, adapter_id: UUID, sha256: str) -> None:
    (folder / RECORD).write_text(json.dumps({"id": str(adapter_id), "sha256": sha256}) + "\n")


def recorded_hash(record: Path) -> str | None:
    """Return the hash of the adapter that a record names; None without such a file, of a run that is not on the log."""
    if not record.is_file():
        return None
    return str(json.loads(record.read_text())["sha256"])


async def note_state(sha256: str | None, state: AdapterState, settings: EngineSettings) -> None:
    """Record what became of the adapter with the hash, if there is one."""
    if sha256 is None:
        return
    async with _connected(settings) as connection:
        await set_state(connection, sha256, state)


async def note_evaluation(
    sha256: str | None, evaluation: Mapping[str, Any], sheet: bytes | None, settings: EngineSettings
) -> None:
    """Keep how the adapter with the hash did, and its pictures before and after, if there is one."""
    if sha256 is None:
        return
    key = None if sheet is None else await open_objects(settings.storage_url).put(sheet, ".jpg")
    async with _connected(settings) as connection:
        await add_evaluation(connection, sha256, evaluation, key)


@asynccontextmanager
async def _connected(settings: EngineSettings) -> AsyncIterator[AsyncConnection]:
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        yield connection
