"""Which moment of the log an export reads: the same for two snapshots only if nothing was written in between."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.store.tables import actions, guild_choices, impressions
from engine.store.tables import jobs, pictures

_READ = (jobs, pictures, impressions, actions, guild_choices)


async def read_moment(connection: AsyncConnection) -> str:
    """Return what differs as soon as a row that exports read was added, changed or removed.

    A row's `xmin` is the transaction that wrote it, so that the sum changes with every change, and the count with what
    is removed. Reads all of the tables, but no column.
    """
    parts = list[str]()
    for table in _READ:
        written = sa.func.sum(sa.cast(sa.cast(sa.literal_column("xmin"), sa.Text), sa.BigInteger))
        row = (await connection.execute(sa.select(sa.func.count(), written).select_from(table))).one()
        parts.append(f"{table.name}={row[0]}:{row[1] or 0}")
    return " ".join(parts)
