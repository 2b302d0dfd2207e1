"""The log's months: which ids belong to one, the partitions that hold them, and making those ahead of time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Literal
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import StoreUnavailable

Log = Literal["actions", "impressions"]
LOGS: tuple[Log, ...] = ("actions", "impressions")

MONTHS_AHEAD = 3
"""How many months after the current one have partitions, so that a service may be down or fail for as long."""

_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_CLOCKS_DIFFER = timedelta(days=1)

_ADD = sa.text("SELECT add_feedback_month(:log, :month)").bindparams(sa.bindparam("month", type_=sa.Date))
_PARTITIONS = sa.text("""
    SELECT parent.relname AS log, child.relname AS name, inhdetachpending AS is_detached,
        pg_get_expr(child.relpartbound, child.oid) AS bound
    FROM pg_inherits
    JOIN pg_class AS parent ON parent.oid = inhparent
    JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = ANY (SELECT to_regclass(name) FROM unnest(:logs) AS name)
""").bindparams(sa.bindparam("logs", type_=pg.ARRAY(sa.Text)))


class MonthMissing(StoreUnavailable):
    """The log has no partition for a month that is to be written to, `log` and `months`; it can be made at once."""

    def __init__(self, log: Log, months: Collection[date]) -> None:
        super().__init__(cause=f"{log} has no partition for one of {', '.join(map(str, sorted(months)))}")
        self.log = log
        self.months = frozenset(months)


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A month of one log; is_detached: whether a detachment was begun and not finished, so that it takes no rows."""

    log: Log
    name: str
    month: date
    is_detached: bool


def month_of_press(press_id: int) -> date:
    """Return the first day of the month, by UTC, of an id of Discord's."""
    return (_DISCORD_EPOCH + (press_id >> 22) * _MS).date().replace(day=1)


def month_of_id(uuid: UUID) -> date:
    """Return the first day of the month, by UTC, of a UUIDv7."""
    return (_UNIX_EPOCH + (uuid.int >> 80) * _MS).date().replace(day=1)


def first_press(month: date) -> int:
    """Return the least id of Discord's that belongs to the month or to a later one."""
    return press_at(_begin(month))


def press_at(moment: datetime) -> int:
    """Return the least id that Discord gives at that time or later."""
    return max(0, (moment - _DISCORD_EPOCH) // _MS << 22)


def first_id(month: date) -> UUID:
    """Return the least UUIDv7 that belongs to the month or to a later one."""
    return UUID(int=(_begin(month) - _UNIX_EPOCH) // _MS << 80)


def first_press_on(job_id: UUID) -> int:
    """Return the least id that a press on the job can have; a day is granted to clocks that are wrong."""
    if job_id.version != 7:
        return 0
    return press_at(_UNIX_EPOCH + (job_id.int >> 80) * _MS - _CLOCKS_DIFFER)


def months_after(month: date, count: int = 1) -> date:
    """Return the first day of the month that is so many after this one."""
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)


def partition_name(log: Log, month: date) -> str:
    """Return the name of the table that holds the month."""
    return f"{log}_{month:%Y_%m}"


def months_to_hold(now: datetime) -> tuple[date, ...]:
    """Return the months that need partitions at that time: the current one, those ahead, and the one before.

    The one before takes what is late, such as the result of a job that was asked for on the last day.
    """
    current = now.astimezone(UTC).date().replace(day=1)
    return tuple(months_after(current, count) for count in range(-1, MONTHS_AHEAD + 1))


async def add_months(connection: AsyncConnection, log: Log, months: Collection[date]) -> tuple[str, ...]:
    """Make the partitions of these months unless they exist; return the names of those that were made.

    Nobody who writes to the log meanwhile waits.
    """
    added = {month: await connection.execute(_ADD, {"log": log, "month": month}) for month in sorted(months)}
    return tuple(partition_name(log, month) for month, is_made in added.items() if is_made.scalar_one())


async def add_months_ahead(connection: AsyncConnection, now: datetime) -> tuple[str, ...]:
    """Make the partitions that the log needs from now on; return the names of those that were made."""
    made = [await add_months(connection, log, months_to_hold(now)) for log in LOGS]
    return tuple(chain.from_iterable(made))


async def read_partitions(connection: AsyncConnection) -> tuple[Partition, ...]:
    """Return every partition of the log."""
    rows = await connection.execute(_PARTITIONS, {"logs": list(LOGS)})
    return tuple(
        Partition(log=row.log, name=row.name, month=_month_from_bound(row.log, row.bound), is_detached=row.is_detached)
        for row in rows
    )


@contextmanager
def noting_missing_months(log: Log, months: Collection[date]) -> Iterator[None]:
    """Raise MonthMissing where Postgres finds no partition for what is written, which is of these months."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        cause = error.orig.__cause__ if error.orig else None
        # Of a constraint it would say the name.
        if isinstance(cause, asyncpg.CheckViolationError) and cause.constraint_name is None:
            raise MonthMissing(log, months) from error
        raise


def _month_from_bound(log: Log, bound: str | None) -> date:
    """Return the month that `FOR VALUES FROM ('...') TO ('...')` begins with; a detached one has no bound any more."""
    least = re.search(r"FROM \('([^']+)'\)", bound or "")
    if least is None:
        return date.min
    return month_of_press(int(least[1])) if log == "actions" else month_of_id(UUID(least[1]))


def _begin(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
