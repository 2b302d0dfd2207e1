"""The process that makes one export and ends: a whole log or many pictures would keep a bot from answering.

It reads the order as a line of JSON from standard input and prints what became of it as one. When its parent is gone,
so is its standard input, and it ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from bot.exports.archive import pack, pack_own_data
from bot.store.members import read_publishing_ids_in
from bot.store.own_data import read_own_data
from engine.content_credentials import ContentCredentials
from engine.contract.errors import StorageFull, StoreUnavailable
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRefused, ExportRequest
from engine.store.database import Database, open_database
from engine.store.objects import Objects, open_objects
from engine.store.snapshots import KEEP_FROM_PRUNING

_NICENESS = 10


async def make(order: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state and the outcome of the order, for which a file is there if the state is `done`.

    order: `file`, `database_url`, `storage_url`, `credentials`, which are the files of `ContentCredentials` if any,
        `options`, and `guild_id` or, for a member's own data, `discord_id`.

    Raises: StoreUnavailable but for a full disk, which somebody has to free.
    """
    file = Path(order["file"])
    objects = open_objects(order["storage_url"])
    credentials = ContentCredentials(*map(Path, order.get("credentials", ())))
    try:
        async with open_database(order["database_url"], pool_size=2, name="easel-export") as database:
            if order.get("guild_id") is None:
                outcome = await _write_own_data(order["discord_id"], database, objects, credentials, file)
            else:
                outcome = await _write_guild(order["guild_id"], order["options"], database, objects, credentials, file)
    except ExportRefused as refused:
        return {"state": "refused", "reason": refused.reason.value, "left_out": dict(refused.exported.left_out)}
    except StorageFull:
        return {"state": "failed", "reason": "full"}
    return {"state": "done", **outcome}


async def _write_guild(
    guild_id: int,
    options: Mapping[str, Any],
    database: Database,
    objects: Objects,
    credentials: ContentCredentials,
    file: Path,
) -> Mapping[str, Any]:
    folder = file.with_suffix("")
    # Of an attempt that ended while it was packed.
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    request = ExportRequest(
        folder=folder,
        report=lambda done, total: None,
        read_publishers=partial(read_publishing_ids_in, guild_id=guild_id),
        since=_day(options.get("since")),
        until=_day(options.get("until")),
        model=options.get("model"),
        release=datetime.now(UTC).date().isoformat(),
        guild_id=guild_id,
        is_moved=True,
        credentials=credentials,
    )
    exported = asdict(await FORMATS[options["format"]].export(database, objects, request))
    await asyncio.to_thread(pack, folder, file, f"easel-{options['format']}")
    return {**exported, "damaged": len(exported["damaged"])}


async def _write_own_data(
    discord_id: int, database: Database, objects: Objects, credentials: ContentCredentials, file: Path
) -> Mapping[str, Any]:
    async with database.begin(limit=None) as connection:
        await connection.execute(KEEP_FROM_PRUNING)
        data = await read_own_data(connection, discord_id)
        if data is None:
            return {"counts": {"pictures": 0}, "damaged": 0}
        num_damaged = await pack_own_data(data, objects, file, credentials=credentials)
    return {"counts": {"pictures": len(data.keys) - num_damaged}, "damaged": num_damaged}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Make the export that standard input orders; exit with 75 when it is to be tried again later."""
    order = json.loads(sys.stdin.readline())
    file = Path(order["file"])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICENESS)
    # Standard output is for the outcome alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        outcome = asyncio.run(make(order))
    except StoreUnavailable as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(os.EX_TEMPFAIL)
    sys.stdout.write(json.dumps({**outcome, "bytes": file.stat().st_size if file.exists() else 0}) + "\n")


if __name__ == "__main__":
    main()
