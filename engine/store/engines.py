"""The engines and their models, as each one announces them, so that a job finds an engine that can paint it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.tables import engines

REMEMBERED = timedelta(hours=1)
"""How long a job waits for an engine that has gone, because it may be restarting or loading."""

SEEN_WITHIN = timedelta(minutes=2)
"""An engine that runs announces itself several times in this."""

_KEPT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine and the names of its models."""

    id: UUID
    models: frozenset[str]


async def announce_engine(connection: AsyncConnection, engine: Engine) -> None:
    """Record that the engine runs now, and forget those that have been gone for a day."""
    values = {"models": sorted(engine.models), "seen_at": sa.func.now()}
    insert = pg.insert(engines).values(id=engine.id, **values)
    await connection.execute(insert.on_conflict_do_update(index_elements=[engines.c.id], set_=values))
    await connection.execute(sa.delete(engines).where(engines.c.seen_at < sa.func.now() - _KEPT))


async def has_another_engine(connection: AsyncConnection, model: str, engine_id: UUID) -> bool:
    """Return whether another engine than this one has the model, and runs or has run within `REMEMBERED`."""
    has_model = sa.literal(model) == sa.any_(engines.c.models)
    is_there = engines.c.seen_at > sa.func.now() - REMEMBERED
    found = sa.select(engines.c.id).where(engines.c.id != engine_id, has_model, is_there)
    return bool((await connection.execute(sa.select(sa.exists(found)))).scalar_one())


async def is_any_engine_there(connection: AsyncConnection) -> bool:
    """Return whether an engine runs, whatever its models."""
    found = sa.select(engines.c.id).where(engines.c.seen_at > sa.func.now() - SEEN_WITHIN)
    return bool((await connection.execute(sa.select(sa.exists(found)))).scalar_one())
