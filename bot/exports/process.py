"""Runs the process of one export to its end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path
from typing import Any

import structlog

import bot
from bot.exports.place import ExportPlace
from bot.store.exports import Export

_log = structlog.get_logger()

_ROOT = Path(bot.__file__).parent.parent
_LAST_WORDS = 4000


class Unmade(Enum):
    """Why there is no outcome: the stores are away, and it will work later, or the process ended without one."""

    AWAY = auto()
    BROKEN = auto()


async def run_export(place: ExportPlace, export: Export) -> Mapping[str, Any] | Unmade:
    """Return the state and outcome as the process tells them; when this is cancelled, the process ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.exports.child"),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        # Where the module is found, whether Easel is installed or not.
        cwd=_ROOT,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    try:
        process.stdin.write(json.dumps(_order(place, export)).encode() + b"\n")
        # Not closed: the process ends with it.
        out, err, _ = await asyncio.gather(process.stdout.read(), process.stderr.read(), process.wait())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        outcome: Mapping[str, Any] = json.loads(out.splitlines()[-1])
        return outcome
    said = err.decode(errors="replace")[-_LAST_WORDS:]
    _log.warning("export_failed", export=str(export.id), exit=process.returncode, said=said)
    return Unmade.AWAY if process.returncode == os.EX_TEMPFAIL else Unmade.BROKEN


def _order(place: ExportPlace, export: Export) -> Mapping[str, Any]:
    return {
        "file": str(place.file(export.id)),
        "database_url": place.database_url,
        "storage_url": place.storage_url,
        "credentials": [str(file) for file in place.credentials.files],
        "options": dict(export.options),
        "guild_id": export.guild_id,
        "discord_id": export.discord_id,
    }
