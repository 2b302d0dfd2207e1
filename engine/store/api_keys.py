"""Keys of the API, of programs or of members: made, listed, revoked, found by a secret of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.api_keys import Scope
from engine.contract.ids import new_id
from engine.store.tables import api_keys

SECRET_START = "easel_"  # noqa: S105  what every secret begins with, so that a leaked one is recognised
_SECRET_BYTES = 32
_SHOWN = len(SECRET_START) + 6
_USE_PRECISION = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class KeyOptions:
    """What a key may do.

    name: for the operator; no two keys in force have the same. jobs_per_day: in any 24 hours.
    jobs_at_once: unfinished ones. cancels_abandoned: whether a job is cancelled when whoever waits for it hangs up.
    """

    name: str
    scopes: frozenset[Scope] = frozenset(Scope)
    jobs_per_day: int = 200
    jobs_at_once: int = 4
    cancels_abandoned: bool = False


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key as stored; its jobs belong to `member_id`.

    is_members: whether that is the person who made it; else no person has it.
    secret_start: by which whoever has the secret knows it; None for old keys.
    """

    id: UUID
    member_id: UUID
    is_members: bool
    secret_start: str | None
    options: KeyOptions
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


async def create_key(
    connection: AsyncConnection, options: KeyOptions, *, member_id: UUID | None = None
) -> tuple[ApiKey, str] | None:
    """Return a new key and its secret, which nobody can find out afterwards.

    member_id: the person whose key it is; None for one that acts for nobody.

    None if the name is taken, or the person has a key in force.
    """
    secret = SECRET_START + secrets.token_urlsafe(_SECRET_BYTES)
    row = {
        "id": new_id(),
        "member_id": member_id or new_id(),
        "is_members": member_id is not None,
        "name": options.name,
        "secret_hash": hash_of(secret),
        "secret_start": secret[:_SHOWN],
        "scopes": sorted(options.scopes),
        "jobs_per_day": options.jobs_per_day,
        "jobs_at_once": options.jobs_at_once,
        "cancels_abandoned": options.cancels_abandoned,
    }
    insert = pg.insert(api_keys).values(row).on_conflict_do_nothing().returning(*api_keys.c)
    created = (await connection.execute(insert)).one_or_none()
    return None if created is None else (_from_row(created), secret)


async def read_key_of(connection: AsyncConnection, member_id: UUID) -> ApiKey | None:
    """Return the person's key in force, None if they have none."""
    row = (await connection.execute(sa.select(api_keys).where(*_in_force_of(member_id)))).one_or_none()
    return None if row is None else _from_row(row)


async def revoke_key_of(connection: AsyncConnection, member_id: UUID) -> ApiKey | None:
    """Revoke the person's key from now on, and return it; None if they have none in force."""
    query = sa.update(api_keys).where(*_in_force_of(member_id)).values(revoked_at=sa.func.now())
    row = (await connection.execute(query.returning(*api_keys.c))).one_or_none()
    return None if row is None else _from_row(row)


async def delete_keys_of(connection: AsyncConnection, member_id: UUID) -> None:
    """Delete every key of the person, and what is noted of its requests."""
    await connection.execute(sa.delete(api_keys).where(api_keys.c.member_id == member_id, api_keys.c.is_members))


async def read_keys(connection: AsyncConnection) -> list[ApiKey]:
    """Return every key, the oldest first."""
    return [_from_row(row) for row in await connection.execute(sa.select(api_keys).order_by(api_keys.c.id))]


async def read_key_owners(
    connection: AsyncConnection, member_ids: Collection[UUID] = (), *, named: str = ""
) -> dict[UUID, str]:
    """Return those of the members to whom the jobs of a key belong, and that of the key in force `named` so, by name.

    Persons are none of them.

    named: name of a key, or the id of it or of its member.
    """
    listed = sa.any_(sa.literal(list(member_ids), pg.ARRAY(pg.UUID)))
    is_named = sa.and_(api_keys.c.name == named, api_keys.c.revoked_at.is_(None))
    ids = (api_keys.c.id, api_keys.c.member_id)
    query = sa.select(api_keys.c.member_id, api_keys.c.name).where(
        ~api_keys.c.is_members,
        sa.or_(api_keys.c.member_id == listed, is_named, *(sa.cast(one, sa.Text) == named for one in ids)),
    )
    return {row.member_id: row.name for row in await connection.execute(query)}


async def revoke_key(connection: AsyncConnection, named: str) -> ApiKey | None:
    """Revoke the key in force that has this name or id, from now on; None if there is none."""
    is_named = sa.or_(api_keys.c.name == named, sa.cast(api_keys.c.id, sa.Text) == named)
    query = sa.update(api_keys).where(is_named, api_keys.c.revoked_at.is_(None)).values(revoked_at=sa.func.now())
    row = (await connection.execute(query.returning(*api_keys.c))).one_or_none()
    return None if row is None else _from_row(row)


async def find_key(connection: AsyncConnection, secret: str) -> ApiKey | None:
    """Return the key with this secret, revoked or not, and note its use; None if there is none."""
    query = sa.select(api_keys).where(api_keys.c.secret_hash == hash_of(secret))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    last = api_keys.c.last_used_at
    is_due = sa.or_(last.is_(None), last < sa.func.now() - _USE_PRECISION)
    used = sa.update(api_keys).where(api_keys.c.id == row.id, api_keys.c.revoked_at.is_(None), is_due)
    await connection.execute(used.values(last_used_at=sa.func.now()))
    return _from_row(row)


async def lock_keys_of(connection: AsyncConnection, member_id: UUID) -> None:
    """Hold the keys of which the jobs belong to the member until the transaction ends."""
    query = sa.select(api_keys.c.id).where(api_keys.c.member_id == member_id).order_by(api_keys.c.id)
    await connection.execute(query.with_for_update(key_share=True))


async def lock_key(connection: AsyncConnection, key_id: UUID) -> None:
    """Hold the key until the transaction ends: of two requests, the second sees what the first has started."""
    query = sa.select(api_keys.c.id).where(api_keys.c.id == key_id).with_for_update(key_share=True)
    await connection.execute(query)


def hash_of(secret: str) -> bytes:
    """Return what is kept of a secret; a plain hash is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def _in_force_of(member_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return api_keys.c.member_id == member_id, api_keys.c.revoked_at.is_(None), api_keys.c.is_members


def _from_row(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        member_id=row.member_id,
        is_members=row.is_members,
        secret_start=row.secret_start,
        options=KeyOptions(
            name=row.name,
            scopes=frozenset(map(Scope, row.scopes)),
            jobs_per_day=row.jobs_per_day,
            jobs_at_once=row.jobs_at_once,
            cancels_abandoned=row.cancels_abandoned,
        ),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
