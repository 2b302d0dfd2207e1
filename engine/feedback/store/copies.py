"""The log as JSON Lines, made by Postgres itself and streamed by COPY: many times as fast as row by row.

Lines name members by the numbers that they are given, and hold no id of Discord's. There are none of members who have
no number, nor of what `withhold` has noted before. They are put together as text, because Postgres takes twice as long
for JSON values; free text goes through to_json, which escapes it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.store.withheld import (
    IS_IMPRESSION_OPEN,
    IS_PRESS_OPEN,
)

Write = Callable[[bytes], Awaitable[None]]

# By place in the array.
_NUMBERS = "unnest($1::uuid[]) WITH ORDINALITY AS numbers (member_id, number)"
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
    "member": "numbers.number - 1",
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
    "id": _word("id"),
    "kind": _word("kind"),
    "member": "numbers.number - 1",
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
    JOIN {_NUMBERS} ON numbers.member_id = actions.member_id
    LEFT JOIN impressions
        ON impression_id IS NULL AND impressions.job_id = actions.job_id AND impressions.message_id = actions.message_id
    WHERE {IS_PRESS_OPEN.format("$2::bigint")}
    ORDER BY press_id
"""  # noqa: S608  the parts are constants
_IMPRESSIONS = f"""
    SELECT {_line(_IMPRESSION)}
    FROM impressions
    JOIN {_NUMBERS} ON numbers.member_id = impressions.member_id
    WHERE {IS_IMPRESSION_OPEN.format("$2::bigint")}
    ORDER BY id
"""  # noqa: S608  the parts are constants
_MEMBERS = sa.text("SELECT member_id FROM actions UNION SELECT member_id FROM impressions")


async def copy_actions(
    connection: AsyncConnection, numbers: Mapping[UUID, int], write: Write, *, guild_id: int | None = None
) -> None:
    """Write a line for each action, oldest first.

    numbers: 0 to n - 1, of the members who agree. guild_id: as `withhold` was told.
    """
    await _copy(connection, _ACTIONS, numbers, guild_id, write)


async def copy_impressions(
    connection: AsyncConnection, numbers: Mapping[UUID, int], write: Write, *, guild_id: int | None = None
) -> None:
    """Write a line for each impression, oldest first, as for actions."""
    await _copy(connection, _IMPRESSIONS, numbers, guild_id, write)


async def read_logged_ids(connection: AsyncConnection) -> list[UUID]:
    """Return the id of every member who pressed a button or was shown anything."""
    return list((await connection.execute(_MEMBERS)).scalars())


async def _copy(
    connection: AsyncConnection, query: str, numbers: Mapping[UUID, int], guild_id: int | None, write: Write
) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    members = sorted(numbers, key=numbers.__getitem__)
    await driver.copy_from_query(query, members, guild_id, output=write, **_AS_LINES)
