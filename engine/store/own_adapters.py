"""Adapters that members train from pictures of their own: named, finished, found by their ids, and deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.ids import new_id
from engine.contract.jobs import Job, Operation
from engine.contract.training import PROFILE, OwnAdapter
from engine.store.jobs import PENDING, job_from_row
from engine.store.tables import jobs, own_adapters, uploads

_FIELDS = tuple(field.name for field in fields(OwnAdapter))
_own = own_adapters.c

IS_THERE = sa.and_(_own.object_key.is_not(None), _own.deleted_at.is_(None))
"""The condition that an adapter can be painted with."""

_IS_TRAINED = sa.exists().where(jobs.c.id == _own.job_id, PENDING)
"""The condition that an adapter's training has not ended."""


async def add_adapter(connection: AsyncConnection, adapter: OwnAdapter) -> bool:
    """Store an adapter that is to be trained; False if the member has one of this name. Their row is locked."""
    # A training that came to nothing leaves its name.
    await forget_untrained(connection, [adapter.member_id])
    values = {name: getattr(adapter, name) for name in _FIELDS}
    insert = pg.insert(own_adapters).values(values).on_conflict_do_nothing().returning(_own.id)
    return (await connection.execute(insert)).one_or_none() is not None


async def forget_untrained(connection: AsyncConnection, member_ids: Collection[UUID]) -> None:
    """Delete the rows of the members' trainings that ended without an adapter."""
    of_members = (_own.member_id == sa.any_(_array(member_ids)), _own.deleted_at.is_(None))
    await connection.execute(sa.delete(own_adapters).where(*of_members, _own.object_key.is_(None), ~_IS_TRAINED))


async def finish_adapter(connection: AsyncConnection, job_id: UUID, object_key: str) -> None:
    """Store where the file of a training's adapter is."""
    await connection.execute(sa.update(own_adapters).where(_own.job_id == job_id).values(object_key=object_key))


async def read_adapters(connection: AsyncConnection, adapter_ids: Collection[UUID]) -> dict[UUID, OwnAdapter]:
    """Return those of the adapters that are trained, by their ids."""
    query = sa.select(own_adapters).where(_own.id == sa.any_(_array(adapter_ids)), IS_THERE)
    return {row.id: adapter_from_row(row) for row in await connection.execute(query)}


async def read_adapters_of(connection: AsyncConnection, member_id: UUID) -> tuple[OwnAdapter, ...]:
    """Return the member's adapters by name, those that are being trained too, without the style of their votes."""
    is_known = sa.or_(_own.object_key.is_not(None), _IS_TRAINED)
    # The index has only those that are not deleted.
    mine = (_own.member_id == member_id, _own.deleted_at.is_(None), _own.name != PROFILE)
    query = sa.select(own_adapters).where(*mine, is_known)
    return tuple(adapter_from_row(row) for row in await connection.execute(query.order_by(sa.func.lower(_own.name))))


async def read_all_adapters(connection: AsyncConnection, limit: int) -> tuple[OwnAdapter, ...]:
    """Return the newest adapters of all members that are trained."""
    query = sa.select(own_adapters).where(IS_THERE).order_by(_own.id.desc()).limit(limit)
    return tuple(adapter_from_row(row) for row in await connection.execute(query))


async def delete_adapter(connection: AsyncConnection, adapter_id: UUID) -> OwnAdapter | None:
    """Delete a trained adapter and return what it was; None if there is none. An engine deletes its file."""
    query = sa.update(own_adapters).where(_own.id == adapter_id, IS_THERE).values(deleted_at=sa.func.now())
    row = (await connection.execute(query.returning(*own_adapters.c))).one_or_none()
    return None if row is None else adapter_from_row(row)


async def read_profile(connection: AsyncConnection, member_id: UUID) -> OwnAdapter | None:
    """Return the style that was trained from the member's votes; None without one."""
    row = (await connection.execute(sa.select(own_adapters).where(_is_profile_of([member_id])))).one_or_none()
    return None if row is None else adapter_from_row(row)


async def store_profile(connection: AsyncConnection, member_id: UUID, model: str, object_key: str) -> UUID:
    """Store the style of the member's votes, and return its id: that of the one before, which jobs may name already."""
    old = await read_profile(connection, member_id)
    values = {"member_id": member_id, "name": PROFILE, "subject": "", "kind": "", "model": model}
    if old is None:
        added = new_id()
        await connection.execute(sa.insert(own_adapters).values(id=added, object_key=object_key, **values))
        return added
    if old.object_key != object_key:
        # An engine deletes the file of the old one.
        gone = {**values, "model": old.model, "object_key": old.object_key, "deleted_at": sa.func.now()}
        await connection.execute(sa.insert(own_adapters).values(id=new_id(), **gone))
    changed = {"model": model, "object_key": object_key, "created_at": sa.func.now()}
    await connection.execute(sa.update(own_adapters).where(_own.id == old.id).values(changed))
    return old.id


async def delete_profiles(connection: AsyncConnection, member_ids: Collection[UUID]) -> None:
    """Delete the styles of the members' votes. Engines delete their files."""
    query = sa.update(own_adapters).where(_is_profile_of(member_ids))
    await connection.execute(query.values(deleted_at=sa.func.now()))


async def read_deleted(connection: AsyncConnection, limit: int) -> list[tuple[UUID, str]]:
    """Return deleted adapters whose files may still be there: their ids and the keys of the files."""
    query = sa.select(_own.id, _own.object_key).where(_own.deleted_at.is_not(None)).order_by(_own.id).limit(limit)
    return [(row.id, row.object_key) for row in await connection.execute(query)]


async def forget_deleted(connection: AsyncConnection, adapter_id: UUID) -> None:
    """Record that the file of a deleted adapter is gone."""
    await connection.execute(sa.delete(own_adapters).where(_own.id == adapter_id))


async def erase_adapters(connection: AsyncConnection, member_id: UUID) -> frozenset[str]:
    """Delete the rows of all the member's adapters; return the keys of the files, which stay."""
    deleted = sa.delete(own_adapters).where(_own.member_id == member_id).returning(_own.object_key)
    return frozenset(key for key in (await connection.execute(deleted)).scalars() if key is not None)


async def find_kept_keys(connection: AsyncConnection, keys: Collection[str]) -> frozenset[str]:
    """Return those of the keys under which there is the file of an adapter that can be painted with."""
    listed = sa.any_(sa.literal(list(keys), pg.ARRAY(sa.Text)))
    query = sa.select(_own.object_key).where(_own.object_key == listed, IS_THERE)
    return frozenset((await connection.execute(query)).scalars())


async def read_trained_pictures(connection: AsyncConnection, limit: int) -> list[Job]:
    """Return trainings that have ended and still have their pictures."""
    query = sa.select(jobs).where(
        jobs.c.operation == Operation.TRAIN.value, jobs.c.image_keys != [], jobs.c.ended_at.is_not(None)
    )
    return [job_from_row(row) for row in await connection.execute(query.limit(limit))]


async def forget_brought(
    connection: AsyncConnection, member_id: UUID, keys: Sequence[str], *, training: Job | None = None
) -> None:
    """Forget that the member brought the pictures, but for those that a job of theirs has in its prompt.

    training: for which they were brought; what was brought or asked for again since then stays the member's.
    """
    wanted = sa.literal(list(keys), pg.ARRAY(sa.Text))
    has_any = [jobs.c.member_id == member_id, jobs.c.image_keys != [], jobs.c.image_keys.overlap(wanted)]
    of_member = [uploads.c.member_id == member_id]
    if training is not None:
        has_any.append(jobs.c.id != training.id)
        of_member.append(uploads.c.created_at < training.created_at)
    prompted = (await connection.execute(sa.select(sa.func.unnest(jobs.c.image_keys)).where(*has_any))).scalars()
    gone = sa.literal(sorted(set(keys).difference(prompted)), pg.ARRAY(sa.Text))
    await connection.execute(sa.delete(uploads).where(*of_member, uploads.c.object_key == sa.any_(gone)))


async def forget_pictures(connection: AsyncConnection, job_id: UUID) -> None:
    """Record that the training has its pictures no longer."""
    await connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(image_keys=[]))


def _is_profile_of(member_ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    return sa.and_(_own.member_id == sa.any_(_array(member_ids)), sa.func.lower(_own.name) == PROFILE, IS_THERE)


def adapter_from_row(row: sa.Row[Any]) -> OwnAdapter:
    """Return the adapter stored in the row."""
    return OwnAdapter(**{name: row._mapping[name] for name in _FIELDS})


def _array(ids: Collection[UUID]) -> sa.ColumnElement[Any]:
    return sa.literal(list(ids), pg.ARRAY(pg.UUID))
