"""Feedback events in Postgres: append-only, one per press however often it is delivered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.feedback import Consent, Event, Shown, Surface, Verb
from engine.store.database import Database
from engine.store.tables import events

_RATING = (
    sa.select(events.c.value)
    .where(
        events.c.job_id == sa.bindparam("job_id"),
        events.c.member_id == sa.bindparam("member_id"),
        events.c.verb == Verb.RATE.value,
        events.c.picture_id.is_not_distinct_from(sa.bindparam("picture_id")),
    )
    .order_by(events.c.at.desc(), events.c.id.desc())
    .limit(1)
)
# Built once: building it for every event took a third of the time of storing one.
_APPEND = pg.insert(events).on_conflict_do_nothing(index_elements=["press_id"])


async def record_event(connection: AsyncConnection, event: Event) -> bool:
    """Append the event; return False and write nothing when its press is already recorded."""
    return bool((await connection.execute(_APPEND, _row_from_event(event))).rowcount)


async def store_event(database: Database, event: Event) -> bool:
    """Append the event in its own transaction; return False when its press is already recorded.

    Raises: StoreUnavailable when the commit could not be confirmed.
    """
    async with database.autocommit() as connection:
        return await record_event(connection, event)


async def read_rating(
    connection: AsyncConnection, member_id: UUID, job_id: UUID, picture_id: UUID | None
) -> int | None:
    """Return the member's current rating of the picture, or of the whole grid when `picture_id` is None."""
    parameters = {"job_id": job_id, "member_id": member_id, "picture_id": picture_id}
    rating: int | None = (await connection.execute(_RATING, parameters)).scalar_one_or_none()
    return rating


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
