"""Files of the adapters that members have trained, kept beside the engine for as long as they are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path, PurePath
from uuid import UUID

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import Job
from engine.contract.painting import AdapterFile
from engine.contract.training import ADAPTER_SUFFIX, PROFILE, OwnAdapter
from engine.store.database import Database
from engine.store.file_copies import key_from_hash
from engine.store.own_adapters import find_kept_keys, read_adapters
from engine.worker.runner import JobRunner, retry_while_down, with_objects


async def fetch_adapters(runner: JobRunner, job: Job) -> tuple[AdapterFile, ...]:
    """Return the files of those of the job's adapters that members have trained.

    Raises: SettingUnsupported for one that is deleted, StoreUnavailable.
    """
    if not job.spec.adapters:
        return ()
    assert runner.adapters is not None
    found = await _read(runner, job)
    return tuple([await _fetch(runner, runner.adapters, name, found[one]) for name, one in job.spec.adapters.items()])


async def _read(runner: JobRunner, job: Job) -> Mapping[UUID, OwnAdapter]:
    async def read() -> Mapping[UUID, OwnAdapter]:
        async with runner.database.begin() as connection:
            return await read_adapters(connection, list(job.spec.adapters.values()))

    found = await retry_while_down(read)
    for name, adapter_id in job.spec.adapters.items():
        if adapter_id not in found:
            model = str(job.spec.parameters.get("model", ""))
            if name == PROFILE:
                raise SettingUnsupported(name="profile", value="", model=model)
            raise SettingUnsupported(name="lora", value=name, model=model)
    return found


async def _fetch(runner: JobRunner, folder: Path, name: str, adapter: OwnAdapter) -> AdapterFile:
    key = adapter.object_key or ""
    path = folder / PurePath(key).name
    if not path.exists():
        await with_objects(runner, lambda: runner.objects.copy(key, path))
    return AdapterFile(name=name, path=path, sha256=path.stem, model=adapter.model)


async def drop_deleted(database: Database, folder: Path | None) -> None:
    """Delete the files of adapters that are stored no longer."""
    files = [] if folder is None else await asyncio.to_thread(lambda: list(folder.glob(f"*{ADAPTER_SUFFIX}")))
    if not files:
        return
    by_key = {key_from_hash(file.stem, ADAPTER_SUFFIX): file for file in files}
    async with database.begin() as connection:
        kept = await find_kept_keys(connection, by_key.keys())
    for key, file in by_key.items():
        if key not in kept:
            await asyncio.to_thread(file.unlink, missing_ok=True)
