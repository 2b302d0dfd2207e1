"""Feedback events in Postgres: append-only, one per press however often it is delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.feedback import Consent, Event, Shown, Surface, Verb
from engine.store.database import Database
from engine.store.tables import events


@dataclass(frozen=True, kw_only=True)
class Rated:
    """What a member rates: a picture, or the whole grid when `picture_id` is None."""

    job_id: UUID
    member_id: UUID
    picture_id: UUID | None


# Built once: building it for every event took a third of the time of storing one.
_APPEND = pg.insert(events).on_conflict_do_nothing(index_elements=["press_id"])
_COLUMNS = ", ".join(events.c.keys())
# One parameter, so that any number of events is one prepared statement.
_APPEND_MANY = sa.text(f"""
    INSERT INTO events ({_COLUMNS})
    SELECT {_COLUMNS} FROM jsonb_populate_recordset(NULL::events, :rows)
    ON CONFLICT (press_id) DO NOTHING RETURNING press_id
""").bindparams(sa.bindparam("rows", type_=pg.JSONB))  # noqa: S608  the names are the table's own
_RATINGS = sa.text("""
    SELECT latest.value
    FROM unnest(:job_ids, :member_ids, :picture_ids) WITH ORDINALITY AS asked (job_id, member_id, picture_id, number)
    LEFT JOIN LATERAL (
        SELECT value FROM events
        WHERE job_id = asked.job_id AND member_id = asked.member_id AND verb = 'rate'
            AND picture_id IS NOT DISTINCT FROM asked.picture_id
        ORDER BY at DESC, id DESC LIMIT 1
    ) AS latest ON true
    ORDER BY asked.number
""").bindparams(*(sa.bindparam(name, type_=pg.ARRAY(pg.UUID)) for name in ("job_ids", "member_ids", "picture_ids")))


async def record_event(connection: AsyncConnection, event: Event) -> bool:
    """Append the event; return False and write nothing when its press is already recorded."""
    return bool((await connection.execute(_APPEND, _row_from_event(event))).rowcount)


async def record_events(connection: AsyncConnection, recorded: Sequence[Event]) -> list[bool]:
    """Append the events, and return for each what `record_event` would."""
    rows = [{name: _json_from_value(value) for name, value in _row_from_event(event).items()} for event in recorded]
    new = set((await connection.execute(_APPEND_MANY, {"rows": rows})).scalars())
    return [event.press_id in new for event in recorded]


async def store_event(database: Database, event: Event) -> bool:
    """Append the event in its own transaction; return False when its press is already recorded.

    Raises: StoreUnavailable when the commit could not be confirmed.
    """
    async with database.autocommit() as connection:
        return await record_event(connection, event)


async def read_ratings(connection: AsyncConnection, rated: Sequence[Rated]) -> list[int | None]:
    """Return the current rating of each, or None where the member has not rated it."""
    parameters = {
        "job_ids": [one.job_id for one in rated],
        "member_ids": [one.member_id for one in rated],
        "picture_ids": [one.picture_id for one in rated],
    }
    return list((await connection.execute(_RATINGS, parameters)).scalars())


async def read_events(connection: AsyncConnection, job_id: UUID) -> tuple[Event, ...]:
    """Return the events of a job, oldest first."""
    rows = await connection.execute(
        sa.select(events).where(events.c.job_id == job_id).order_by(events.c.at, events.c.id)
    )
    return tuple(event_from_row(row) for row in rows)


def event_from_row(row: sa.Row[Any]) -> Event:
    """Return the event stored in the row."""
    return Event(
        id=row.id,
        press_id=row.press_id,
        member_id=row.member_id,
        verb=Verb(row.verb),
        job_id=row.job_id,
        picture_id=row.picture_id,
        value=row.value,
        shown=tuple(Shown(picture_id=UUID(item["picture_id"]), slot=item["slot"]) for item in row.shown),
        surface=Surface(row.surface),
        is_owner=row.is_owner,
        latency=None if row.latency_ms is None else timedelta(milliseconds=row.latency_ms),
        model=row.model,
        model_hash=row.model_hash,
        consent=Consent(row.consent),
        at=row.at,
    )


def _json_from_value(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            return value


def _row_from_event(event: Event) -> dict[str, Any]:
    latency = event.latency
    return {
        "id": event.id,
        "press_id": event.press_id,
        "member_id": event.member_id,
        "verb": event.verb.value,
        "job_id": event.job_id,
        "picture_id": event.picture_id,
        "value": event.value,
        "shown": [{"picture_id": str(shown.picture_id), "slot": shown.slot} for shown in event.shown],
        "surface": event.surface.value,
        "is_owner": event.is_owner,
        "latency_ms": None if latency is None else max(0, latency // timedelta(milliseconds=1)),
        "model": event.model,
        "model_hash": event.model_hash,
        "consent": event.consent.value,
        "at": event.at,
    }
