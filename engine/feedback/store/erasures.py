"""Erasures under way and done: what is left to do survives a crash, and what stays of one are counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.ids import new_id
from engine.feedback.store.erasure import PaintedOfMember, erase_feedback, erase_jobs
from engine.feedback.store.tables import erasure_objects, erasures, prunes
from engine.store.own_adapters import erase_adapters
from engine.store.uploads import erase_uploads

CLAIM_LASTS = timedelta(minutes=2)
"""After this without a sign of life, another process goes on with an erasure."""

_IN_HAND_AT_MOST = timedelta(minutes=5)

_IS_IN_HAND = sa.text("""
    SELECT EXISTS (
        SELECT FROM pgqueuer JOIN unnest(:job_ids) AS job_id ON dedupe_key = job_id::text
        WHERE pgqueuer.status = 'picked')
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """An erasure under way.

    is_deleted: whether the rows are deleted, so that files and messages are left. counts: of what was deleted.
    """

    id: UUID
    member_id: UUID
    requested_at: datetime
    is_deleted: bool
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tombstones:
    """What is known of the members who were erased: how many, and how much of theirs."""

    members: int
    counts: Mapping[str, int]


async def request_erasure(connection: AsyncConnection, member_id: UUID) -> None:
    """Record that the member is to be erased; again, it changes nothing."""
    insert = pg.insert(erasures).values(id=new_id(), member_id=member_id)
    await connection.execute(insert.on_conflict_do_nothing(index_elements=["member_id"]))


async def claim_erasure(connection: AsyncConnection) -> Erasure | None:
    """Return the oldest erasure that nobody works on, for this process alone until its claim ends; None if none is."""
    free = sa.or_(erasures.c.claimed_until.is_(None), erasures.c.claimed_until < sa.func.now())
    chosen = (
        sa.select(erasures.c.id)
        .where(erasures.c.done_at.is_(None), free)
        .order_by(erasures.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claimed = sa.update(erasures).where(erasures.c.id == chosen.scalar_subquery()).values(claimed_until=_until())
    row = (await connection.execute(claimed.returning(*erasures.c))).one_or_none()
    return None if row is None else _from_row(row)


async def claim_new(connection: AsyncConnection) -> Erasure:
    """Return a new erasure of nobody, which this process works on."""
    new = pg.insert(erasures).values(id=new_id(), member_id=new_id(), claimed_until=_until())
    return _from_row((await connection.execute(new.returning(*erasures.c))).one())


async def read_erasure(connection: AsyncConnection, member_id: UUID) -> Erasure | None:
    """Return the erasure of the member that is under way; None if none is."""
    row = (await connection.execute(sa.select(erasures).where(erasures.c.member_id == member_id))).one_or_none()
    return None if row is None else _from_row(row)


async def renew_erasure(connection: AsyncConnection, erasure_id: UUID) -> None:
    """Let other processes know that this one goes on with the erasure."""
    await connection.execute(sa.update(erasures).where(erasures.c.id == erasure_id).values(claimed_until=_until()))


async def release_erasure(connection: AsyncConnection, erasure_id: UUID) -> None:
    """Leave the erasure to whoever comes next."""
    await connection.execute(sa.update(erasures).where(erasures.c.id == erasure_id).values(claimed_until=None))


async def is_in_hand(connection: AsyncConnection, erasure: Erasure, painted: PaintedOfMember) -> bool:
    """Return whether an engine still has one of the jobs: it might store a file that nobody would find.

    Not for longer than a few minutes: the engine may be gone.
    """
    if datetime.now(UTC) - erasure.requested_at > _IN_HAND_AT_MOST:
        return False
    return bool((await connection.execute(_IS_IN_HAND, {"job_ids": painted.job_ids})).scalar_one())


async def erase_rows(
    connection: AsyncConnection, erasure: Erasure, painted: PaintedOfMember, counts: Mapping[str, int]
) -> None:
    """Erase the feedback, the jobs, the uploads and the adapters, and note the files that are left to be deleted.

    counts: of what the caller erases besides.
    """
    erased = await erase_feedback(connection, erasure.member_id, painted)
    await erase_jobs(connection, painted)
    brought = await erase_uploads(connection, erasure.member_id)
    trained = await erase_adapters(connection, erasure.member_id)
    await add_objects(connection, erasure.id, painted.keys | brought | trained)
    all_counts = {"jobs": len(painted.job_ids), "pictures": len(painted.picture_ids), **asdict(erased), **counts}
    all_counts |= {name: len(keys) for name, keys in (("uploads", brought), ("adapters", trained)) if keys}
    deleted = {"is_deleted": True, "counts": all_counts}
    await connection.execute(sa.update(erasures).where(erasures.c.id == erasure.id).values(**deleted))


async def add_objects(connection: AsyncConnection, erasure_id: UUID, keys: Collection[str]) -> None:
    """Note files that are left to be deleted."""
    if keys:
        rows = [{"erasure_id": erasure_id, "key": key} for key in sorted(keys)]
        await connection.execute(pg.insert(erasure_objects).on_conflict_do_nothing(), rows)


async def read_keys(connection: AsyncConnection, erasure_id: UUID, *, is_deleted: bool, limit: int) -> list[str]:
    """Return keys of files that the erasure has still to delete, or has deleted and not looked for again."""
    query = sa.select(erasure_objects.c.key).where(
        erasure_objects.c.erasure_id == erasure_id, erasure_objects.c.is_deleted == is_deleted
    )
    return list((await connection.execute(query.order_by(erasure_objects.c.key).limit(limit))).scalars())


async def mark_deleted(connection: AsyncConnection, erasure_id: UUID, keys: Collection[str]) -> None:
    """Record that the files were deleted, or are in use and stay."""
    await connection.execute(sa.update(erasure_objects).where(*_of(erasure_id, keys)).values(is_deleted=True))


async def forget_keys(connection: AsyncConnection, erasure_id: UUID, keys: Collection[str]) -> None:
    """Record that the files are not there any more."""
    await connection.execute(sa.delete(erasure_objects).where(*_of(erasure_id, keys)))


async def finish_erasure(connection: AsyncConnection, erasure_id: UUID) -> None:
    """Leave of the erasure when it was done and how much it erased."""
    done = {"member_id": None, "claimed_until": None, "done_at": sa.func.now()}
    query = sa.update(erasures).where(erasures.c.id == erasure_id, erasures.c.done_at.is_(None))
    await connection.execute(query.values(**done))


async def read_tombstones(connection: AsyncConnection) -> Tombstones:
    """Return how many members were erased, and how much of theirs, for the manifest of an export."""
    counts: dict[str, int] = {}
    query = sa.select(erasures.c.counts).where(erasures.c.is_deleted, erasures.c.id.not_in(sa.select(prunes.c.id)))
    rows = (await connection.execute(query)).scalars().all()
    for own in rows:
        for name, number in own.items():
            counts[name] = counts.get(name, 0) + number
    return Tombstones(members=len(rows), counts=counts)


def _from_row(row: sa.Row[Any]) -> Erasure:
    return Erasure(
        id=row.id,
        member_id=row.member_id,
        requested_at=row.requested_at,
        is_deleted=row.is_deleted,
        counts=row.counts,
    )


def _of(erasure_id: UUID, keys: Collection[str]) -> tuple[Any, Any]:
    wanted = sa.literal(list(keys), pg.ARRAY(sa.Text))
    listed = sa.any_(wanted)
    return erasure_objects.c.erasure_id == erasure_id, erasure_objects.c.key == listed


def _until() -> Any:
    return sa.func.clock_timestamp() + CLAIM_LASTS
