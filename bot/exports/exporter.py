"""Makes the exports that members ask for, one at a time, and tells them; what is left is found again after a crash."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.context import DeliveryContext
from bot.delivery.outcomes import DiscordUnavailable
from bot.exports.handover import tell
from bot.exports.permission import may_have
from bot.exports.place import ExportPlace
from bot.exports.process import Unmade, run_export
from bot.store.export_tables import ExportState, Telling
from bot.store.exports import (
    CLAIM_LASTS,
    KEPT_FOR,
    Export,
    claim_export,
    end_export,
    find_kept,
    put_back_attempt,
    put_back_export,
    record_telling,
    refuse_export,
    release_export,
    renew_export,
)

_MOST_ATTEMPTS = 3
_SIGN_OF_LIFE = CLAIM_LASTS / 4
_WITHDRAWN = "withdrawn"
_ID_LENGTH = 36

RunExport = Callable[[ExportPlace, Export], Awaitable[Mapping[str, Any] | Unmade]]

_log = structlog.get_logger()


class Exporter(ClaimedWork):
    """Works on one export at a time; several processes share them.

    run: makes an export, in a process of its own.
    """

    def __init__(self, context: DeliveryContext, place: ExportPlace, run: RunExport = run_export) -> None:
        super().__init__()
        self._context, self._place, self._run_export = context, place, run

    async def work_on_next(self) -> timedelta:
        """Go on with the oldest export; return after how long to look again."""
        async with self._context.transaction() as connection:
            export = await claim_export(connection)
        if export is None:
            await self._delete_old_files()
            return INTERVAL
        after = timedelta()
        try:
            if export.state is ExportState.WAITING:
                is_over = await self._make(export)
            else:
                is_over = await self._tell(export)
            after = timedelta() if is_over else INTERVAL
        except asyncio.CancelledError:
            # It is the bot that ends, not the export that fails.
            async with self._context.transaction() as connection:
                await put_back_attempt(connection, export.id)
            raise
        finally:
            async with self._context.transaction() as connection:
                await release_export(connection, export.id, after=after)
        return timedelta()

    async def _make(self, export: Export) -> bool:
        """Make the export; return False if it is to be tried again later."""
        if export.attempts > _MOST_ATTEMPTS:
            return await self._end(export, ExportState.FAILED, {"reason": "broken"})
        result = await self._run(export)
        if result is None:
            return True
        if result is Unmade.AWAY:
            async with self._context.transaction() as connection:
                await put_back_attempt(connection, export.id)
            return False
        is_last = export.attempts == _MOST_ATTEMPTS
        if isinstance(result, Unmade):
            return is_last and await self._end(export, ExportState.FAILED, {"reason": "broken"})
        if result.get("reason") == _WITHDRAWN and not is_last:
            return False
        return await self._end(export, ExportState(result["state"]), result)

    async def _run(self, export: Export) -> Mapping[str, Any] | Unmade | None:
        """Return what the process tells, saying meanwhile that it runs; None if its member was erased."""
        running = asyncio.ensure_future(self._run_export(self._place, export))
        try:
            while not (await asyncio.wait({running}, timeout=_SIGN_OF_LIFE.total_seconds()))[0]:
                async with self._context.transaction() as connection:
                    if not await renew_export(connection, export.id):
                        return None
            return running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _end(self, export: Export, state: ExportState, outcome: Mapping[str, Any]) -> bool:
        async with self._context.transaction() as connection:
            if not await end_export(connection, export.id, state, outcome):
                return False
        _log.info("export_ended", export=str(export.id), state=state.value, reason=outcome.get("reason"))
        return True

    async def _tell(self, export: Export) -> bool:
        """Tell the member; return False while Discord cannot be reached."""
        is_there = export.state is not ExportState.DONE or self._place.file(export.id).exists()
        if not is_there and export.attempts < _MOST_ATTEMPTS:
            # Another machine has it, or somebody has deleted it.
            async with self._context.transaction() as connection:
                await put_back_export(connection, export.id)
            return True
        allowed = await may_have(self._context.client, export) if export.state is ExportState.DONE else True
        if isinstance(allowed, DiscordUnavailable):
            return False
        if not allowed:
            async with self._context.transaction() as connection:
                await refuse_export(connection, export.id, "not_manager")
            return True
        telling = await tell(self._context.client, self._place, export)
        if telling is not Telling.DUE:
            async with self._context.transaction() as connection:
                await record_telling(connection, export.id, telling)
        return telling is not Telling.DUE

    async def _delete_old_files(self) -> None:
        """Delete the files that are older than a link to them, and those of members who were erased."""
        found = await asyncio.to_thread(_files_by_export, self._place.folder)
        if not found:
            return
        async with self._context.transaction() as connection:
            kept = await find_kept(connection, list(found), since=datetime.now(UTC) - KEPT_FOR)
        for export_id in found.keys() - kept:
            await asyncio.to_thread(_delete, found[export_id])


def _files_by_export(folder: Path) -> dict[UUID, list[Path]]:
    """Return the files and folders of each export, finished or not."""
    found: dict[UUID, list[Path]] = {}
    for path in folder.glob("*") if folder.is_dir() else ():
        with suppress(ValueError):
            found.setdefault(UUID(path.name.lstrip(".")[:_ID_LENGTH]), []).append(path)
    return found


def _delete(paths: list[Path]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
