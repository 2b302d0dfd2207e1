"""The log as JSON Lines, made by Postgres itself and streamed by COPY: many times as fast as row by row.

Lines name members by the numbers that they are given, and hold no id of Discord's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

Write = Callable[[bytes], Awaitable[None]]

# By place in the array. Of a JSON text no byte is one of these, so that nothing is quoted.
_NUMBERS = "unnest($1::uuid[]) WITH ORDINALITY AS numbers (member_id, number)"
_AS_LINES = {"format": "csv", "delimiter": "\x02", "quote": "\x01", "encoding": "utf-8"}
_TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_CONSENT = "CASE WHEN {0}.may_publish THEN 'publish' WHEN {0}.may_train THEN 'train' ELSE 'use' END"
_AT = "json_build_object('picture_id', shown_pictures[{0}], 'slot', shown_slots[{0}])"
# A subquery for each row would take as long as all the rest.
_SHOWN = f"""
    CASE cardinality(shown_pictures)
        WHEN 0 THEN '[]'::json
        WHEN 1 THEN json_build_array({_AT.format(1)})
        WHEN 2 THEN json_build_array({_AT.format(1)}, {_AT.format(2)})
        WHEN 4 THEN json_build_array({_AT.format(1)}, {_AT.format(2)}, {_AT.format(3)}, {_AT.format(4)})
        ELSE (
            SELECT json_agg(json_build_object('picture_id', picture_id, 'slot', slot))
            FROM unnest(shown_pictures, shown_slots) AS shown (picture_id, slot)
        )
    END
"""  # noqa: S608  the parts are constants
_ACTIONS = f"""
    SELECT json_build_object(
        'id', actions.id, 'member', numbers.number - 1, 'verb', verb,
        'impression_id', coalesce(impression_id, impressions.id), 'job_id', actions.job_id, 'picture_id', picture_id,
        'slot', slot, 'value', value, 'choice', choice, 'variation', variation, 'reason', reason,
        'shown', {_SHOWN}, 'surface', actions.surface, 'is_owner', is_owner, 'latency_ms', latency_ms,
        'model', model, 'model_hash', model_hash, 'consent', {_CONSENT.format("actions")}, 'at', {_TIME.format("at")}
    )
    FROM actions
    JOIN {_NUMBERS} ON numbers.member_id = actions.member_id
    LEFT JOIN impressions
        ON impression_id IS NULL AND impressions.job_id = actions.job_id AND impressions.message_id = actions.message_id
    ORDER BY press_id
"""  # noqa: S608  the parts are constants
_IMPRESSIONS = f"""
    SELECT json_build_object(
        'id', id, 'kind', kind, 'member', numbers.number - 1, 'job_id', job_id, 'pictures', pictures,
        'prompt_hash', prompt_hash, 'prompt_source', prompt_source, 'parent_job_id', parent_job_id,
        'parent_picture_id', parent_picture_id, 'operation', operation, 'surface', surface,
        'is_nsfw_channel', is_nsfw_channel, 'ui_version', ui_version, 'consent', {_CONSENT.format("impressions")},
        'shown_at', {_TIME.format("shown_at")}
    )
    FROM impressions
    JOIN {_NUMBERS} ON numbers.member_id = impressions.member_id
    ORDER BY id
"""  # noqa: S608  the parts are constants
_COUNT = sa.text("SELECT (SELECT count(*) FROM actions) + (SELECT count(*) FROM impressions)")
_MEMBERS = sa.text("SELECT member_id FROM actions UNION SELECT member_id FROM impressions")


async def copy_actions(connection: AsyncConnection, numbers: Mapping[UUID, int], write: Write) -> None:
    """Write a line for each action, oldest first; `numbers` are 0 to n - 1, of all members of the log."""
    await _copy(connection, _ACTIONS, numbers, write)


async def copy_impressions(connection: AsyncConnection, numbers: Mapping[UUID, int], write: Write) -> None:
    """Write a line for each impression, oldest first; `numbers` as for actions."""
    await _copy(connection, _IMPRESSIONS, numbers, write)


async def count_log(connection: AsyncConnection) -> int:
    """Return how many actions and impressions there are."""
    return int((await connection.execute(_COUNT)).scalar_one())


async def read_logged_ids(connection: AsyncConnection) -> list[UUID]:
    """Return the id of every member who pressed a button or was shown anything."""
    return list((await connection.execute(_MEMBERS)).scalars())


async def _copy(connection: AsyncConnection, query: str, numbers: Mapping[UUID, int], write: Write) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_from_query(query, sorted(numbers, key=numbers.__getitem__), output=write, **_AS_LINES)
