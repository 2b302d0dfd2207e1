"""The log as JSON Lines, made by Postgres itself and streamed by COPY: many times as fast as row by row.

Lines name members by the numbers that they are given, and hold no id of Discord's. There are none of members who have
no number, nor of what `withhold` has noted before. They are put together as text, because Postgres takes twice as long
for JSON values; free text goes through to_json, which escapes it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.store.tables import actions, impressions
from engine.feedback.store.withheld import IS_IMPRESSION_OPEN, IS_PRESS_OPEN

Log = Literal["actions", "impressions"]
Write = Callable[[bytes], Awaitable[None]]

# Of a JSON text no byte is one of these, so that nothing is quoted.
_AS_LINES = {"format": "csv", "delimiter": "\x02", "quote": "\x01", "encoding": "utf-8"}
_TIME = """concat('"', to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'Z"')"""
_CONSENT = """CASE WHEN {0}.may_publish THEN '"publish"' WHEN {0}.may_train THEN '"train"' ELSE '"use"' END"""


def _number(column: str) -> str:
    return f"coalesce({column}::text, 'null')"


def _flag(column: str) -> str:
    return f"CASE {column} WHEN true THEN 'true' WHEN false THEN 'false' ELSE 'null' END"


def _word(column: str) -> str:
    """Return the SQL of ids, hashes and words of ours, in which there is nothing to escape."""
    return f"""coalesce('"' || {column} || '"', 'null')"""


def _text(column: str) -> str:
    return f"coalesce(to_json({column})::text, 'null')"


def _shown(length: int) -> str:
    pictures = [
        f"""'{{"picture_id":"', shown_pictures[{at}], '","slot":', shown_slots[{at}]""" for at in range(1, length + 1)
    ]
    return f"concat('[', {''.join(f'{picture}, ' for picture in _between(pictures))}'}}]')" if length else "'[]'"


def _between(pictures: list[str]) -> Iterable[str]:
    for number, picture in enumerate(pictures):
        yield picture if number == 0 else f"'}},', {picture}"


# A subquery for each row would take as long as all the rest.
_SHOWN = f"""
    CASE cardinality(shown_pictures) {" ".join(f"WHEN {length} THEN {_shown(length)}" for length in (0, 1, 2, 3, 4))}
        ELSE (
            SELECT json_agg(json_build_object('picture_id', picture_id, 'slot', slot))::text
            FROM unnest(shown_pictures, shown_slots) AS shown (picture_id, slot)
        )
    END
"""  # noqa: S608  the parts are constants


def _line(fields: Mapping[str, str]) -> str:
    """Return the SQL of a JSON object, from the SQL of its values."""
    names = [f"""'{"{" if number == 0 else ","}"{name}":'""" for number, name in enumerate(fields)]
    pairs = ", ".join(f"{name}, {value}" for name, value in zip(names, fields.values(), strict=True))
    return f"concat({pairs}, '}}')"


_ACTION = {
    "id": _word("actions.id"),
    "member": "number",
    "verb": _word("verb"),
    "impression_id": _word("coalesce(impression_id, impressions.id)"),
    "job_id": _word("actions.job_id"),
    "picture_id": _word("picture_id"),
    "slot": _number("slot"),
    "value": _number("value"),
    "choice": _word("choice"),
    "variation": _text("variation"),
    "reason": _text("reason"),
    "shown": _SHOWN,
    "surface": _word("actions.surface"),
    "is_owner": _flag("is_owner"),
    "latency_ms": _number("latency_ms"),
    "model": _text("model"),
    "model_hash": _text("model_hash"),
    "consent": _CONSENT.format("actions"),
    "at": _TIME.format("at"),
}
_IMPRESSION = {
    "id": _word("impressions.id"),
    "kind": _word("kind"),
    "member": "number",
    "job_id": _word("job_id"),
    "pictures": "pictures",
    "prompt_hash": _text("prompt_hash"),
    "prompt_source": _word("prompt_source"),
    "parent_job_id": _word("parent_job_id"),
    "parent_picture_id": _word("parent_picture_id"),
    "operation": _text("operation"),
    "surface": _word("surface"),
    "is_nsfw_channel": _flag("is_nsfw_channel"),
    "ui_version": _number("ui_version"),
    "consent": _CONSENT.format("impressions"),
    "shown_at": _TIME.format("shown_at"),
}
_ACTIONS = f"""
    SELECT {_line(_ACTION)}
    FROM actions
    JOIN numbered_members USING (member_id)
    LEFT JOIN impressions
        ON impression_id IS NULL AND impressions.job_id = actions.job_id AND impressions.message_id = actions.message_id
    WHERE press_id >= $1 AND press_id < $2 AND {IS_PRESS_OPEN.format("$3::bigint")}
    ORDER BY press_id
"""  # noqa: S608  the parts are constants
_IMPRESSIONS = f"""
    SELECT {_line(_IMPRESSION)}
    FROM impressions
    JOIN numbered_members USING (member_id)
    WHERE impressions.id >= $1 AND impressions.id < $2 AND {IS_IMPRESSION_OPEN.format("$3::bigint")}
    ORDER BY impressions.id
"""  # noqa: S608  the parts are constants
_MEMBERS = sa.text("SELECT member_id FROM actions UNION SELECT member_id FROM impressions")
# So that Postgres reads the rows in their order and looks up what belongs to each, most of which it has just looked up
# for the one before. It would rather hash whole months, and sort on the disk what comes out. Other parts go on beside.
_SETTINGS = sa.select(
    *(sa.func.set_config(name, "off", True) for name in ("enable_hashjoin", "enable_mergejoin", "enable_sort")),
    sa.func.set_config("max_parallel_workers_per_gather", "0", True),
    sa.func.set_config("work_mem", "64MB", True),
)


@dataclass(frozen=True, kw_only=True)
class LogPart:
    """Rows of a table of the log, by their keys: the first that counts and the first that no longer does."""

    log: Log
    first: Any
    end: Any


async def divide_log(connection: AsyncConnection, log: Log, parts: int) -> list[LogPart]:
    """Return the table in so many parts of about as many rows each, oldest first, or in fewer where there are few."""
    key, least, most = _KEYS[log]
    num_rows = (await connection.execute(sa.select(sa.func.count()).select_from(key.table))).scalar_one()
    bounds = [least]
    for offset in filter(None, (num_rows * part // parts for part in range(1, parts))):
        bound = sa.select(key).order_by(key).offset(offset).limit(1)
        bounds += [found for found in (await connection.execute(bound)).scalars() if found > bounds[-1]]
    return [LogPart(log=log, first=first, end=end) for first, end in pairwise([*bounds, most])]


async def copy_part(connection: AsyncConnection, part: LogPart, write: Write, *, guild_id: int | None = None) -> None:
    """Write a line for each row of a part that `withhold` has left, oldest first; `guild_id` as it was told."""
    await connection.execute(_SETTINGS)
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_from_query(_LINES[part.log], part.first, part.end, guild_id, output=write, **_AS_LINES)


async def read_logged_ids(connection: AsyncConnection) -> list[UUID]:
    """Return the id of every member who pressed a button or was shown anything."""
    return list((await connection.execute(_MEMBERS)).scalars())


_LINES: Mapping[Log, str] = MappingProxyType({"actions": _ACTIONS, "impressions": _IMPRESSIONS})
# The column, the least of what it may hold, and what is above all of that.
_KEYS: Mapping[Log, tuple[sa.Column[Any], Any, Any]] = MappingProxyType(
    {
        "actions": (actions.c.press_id, 0, 2**63 - 1),
        "impressions": (impressions.c.id, UUID(int=0), UUID(int=2**128 - 1)),
    }
)
