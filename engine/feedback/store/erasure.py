"""Erasing a member from the log, which is append-only for everything else, and from the jobs.

What others painted from the member's jobs is erased as well, because it is of their prompts and pictures, and so is
what anybody pressed on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.edits import edit_from_json
from engine.feedback.store.months import first_id, first_press, months_after
from engine.feedback.store.tables import actions, impressions, member_months, press_keys
from engine.store.jobs import mask_key
from engine.store.tables import jobs, pictures

# Of the release before the log, until its table is dropped.
_ERASE_EVENTS = sa.text("""
    DELETE FROM events WHERE member_id = :member_id OR job_id = ANY (:job_ids) OR picture_id = ANY (:picture_ids)
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)), sa.bindparam("picture_ids", type_=pg.ARRAY(pg.UUID)))
_UNQUEUE = sa.text("""
    DELETE FROM pgqueuer WHERE dedupe_key = ANY (SELECT job_id::text FROM unnest(:job_ids) AS job_id)
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))
# For the rest of the transaction: no other way past the log's triggers.
_ALLOW = sa.select(sa.func.set_config("easel.erasing", "on", True))
_FORBID = sa.select(sa.func.set_config("easel.erasing", "off", True))

# UNION, which ends at what it has seen.
_FAMILY = sa.text("""
    WITH RECURSIVE family AS (
        SELECT id FROM jobs WHERE member_id = :member_id
        UNION
        SELECT child.id FROM family CROSS JOIN LATERAL (
            SELECT id FROM jobs WHERE parent_job_id = family.id
            UNION ALL
            SELECT jobs.id FROM pictures JOIN jobs ON parent_picture_id = pictures.id WHERE job_id = family.id
            UNION ALL
            SELECT id FROM jobs
            WHERE (spec -> 'parameters') ? 'between' AND spec #> '{parameters,between}' ? family.id::text
        ) AS child
    )
    SELECT id FROM family
""")


@dataclass(frozen=True, kw_only=True)
class ErasedFeedback:
    """How many records of a member were erased, with those of others about the member's pictures."""

    actions: int
    impressions: int


@dataclass(frozen=True, kw_only=True)
class PaintedOfMember:
    """What was painted for a member, and what anybody painted from that.

    keys: of the files, in the picture store.
    """

    job_ids: tuple[UUID, ...] = ()
    picture_ids: tuple[UUID, ...] = ()
    owners: frozenset[UUID] = frozenset()
    keys: frozenset[str] = frozenset()


async def read_painted(connection: AsyncConnection, member_id: UUID) -> PaintedOfMember:
    """Return what an erasure of the member erases of jobs and pictures."""
    return await read_painted_by(
        connection, (await connection.execute(_FAMILY, {"member_id": member_id})).scalars().all()
    )


async def read_painted_by(connection: AsyncConnection, job_ids: Collection[UUID]) -> PaintedOfMember:
    """Return the jobs with what they painted."""
    of_jobs = (await connection.execute(sa.select(jobs).where(jobs.c.id == _any(job_ids)))).all()
    of_pictures = (await connection.execute(sa.select(pictures).where(pictures.c.job_id == _any(job_ids)))).all()
    grids = {row.grid_key for row in of_jobs if row.grid_key is not None}
    masks = {key for row in of_jobs if row.edit and (key := mask_key(edit_from_json(row.edit)))}
    return PaintedOfMember(
        job_ids=tuple(row.id for row in of_jobs),
        picture_ids=tuple(row.id for row in of_pictures),
        owners=frozenset(row.member_id for row in of_jobs),
        keys=frozenset(grids.union(masks, (row.object_key for row in of_pictures))),
    )


async def erase_feedback(
    connection: AsyncConnection, member_id: UUID, painted: PaintedOfMember = PaintedOfMember()
) -> ErasedFeedback:
    """Erase the member's presses, what they were shown, and what anybody did or was shown of `painted`.

    Only the partitions of months that hold something of the member's, or of those who have painted from it, are read.
    The caller has the member's row locked, so that no press of theirs comes in between.
    """
    owners = [member_id, *painted.owners]
    months = sa.select(member_months.c.month).where(member_months.c.member_id == _any(owners)).distinct()
    held = sorted((await connection.execute(months)).scalars())
    await connection.execute(_ALLOW)
    num_actions = num_impressions = 0
    for month in held:
        num_actions += await _erase_actions(connection, month, member_id, painted)
        num_impressions += await _erase_impressions(connection, month, member_id, painted)
    events = {"member_id": member_id, "job_ids": painted.job_ids, "picture_ids": painted.picture_ids}
    await connection.execute(_ERASE_EVENTS, events)
    await connection.execute(sa.delete(member_months).where(member_months.c.member_id == member_id))
    await connection.execute(_FORBID)
    return ErasedFeedback(actions=num_actions, impressions=num_impressions)


async def erase_jobs(connection: AsyncConnection, painted: PaintedOfMember) -> None:
    """Erase the jobs with their pictures, queue entries and whatever else belongs to them; not the files."""
    await connection.execute(_UNQUEUE, {"job_ids": painted.job_ids})
    await connection.execute(sa.delete(jobs).where(jobs.c.id == _any(painted.job_ids)))


async def _erase_actions(connection: AsyncConnection, month: date, member_id: UUID, painted: PaintedOfMember) -> int:
    theirs = [actions.c.member_id == member_id]
    if painted.job_ids:
        of_pair = actions.c.shown_pictures.overlap(_array(painted.picture_ids))
        theirs += [actions.c.job_id == _any(painted.job_ids), sa.and_(actions.c.job_id.is_(None), of_pair)]
    within = actions.c.press_id >= first_press(month), actions.c.press_id < first_press(months_after(month))
    pressed = sa.delete(actions).where(*within, sa.or_(*theirs)).returning(actions.c.press_id)
    erased = list((await connection.execute(pressed)).scalars())
    keys = press_keys.c.press_id == sa.any_(sa.literal(erased, pg.ARRAY(sa.BigInteger)))
    await connection.execute(sa.delete(press_keys).where(keys))
    return len(erased)


async def _erase_impressions(
    connection: AsyncConnection, month: date, member_id: UUID, painted: PaintedOfMember
) -> int:
    theirs = [impressions.c.member_id == member_id]
    if painted.job_ids:
        shown = sa.func.jsonb_array_elements(impressions.c.pictures).table_valued("value").alias("shown")
        of_pair = (
            sa.exists()
            .where(sa.cast(sa.column("value", pg.JSONB)["picture_id"].astext, pg.UUID) == _any(painted.picture_ids))
            .select_from(shown)
        )
        theirs += [impressions.c.job_id == _any(painted.job_ids), sa.and_(impressions.c.job_id.is_(None), of_pair)]
    within = impressions.c.id >= first_id(month), impressions.c.id < first_id(months_after(month))
    return (await connection.execute(sa.delete(impressions).where(*within, sa.or_(*theirs)))).rowcount


def _any(ids: Collection[UUID]) -> Any:
    return sa.any_(_array(ids))


def _array(ids: Collection[UUID]) -> Any:
    return sa.literal(list(ids), pg.ARRAY(pg.UUID))
