"""Exports that members ask for in Discord: kept until they are made and told, whichever bot does it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.export_tables import ExportState, Telling, exports
from bot.store.interaction import InteractionContext, InteractionToken
from bot.store.members import lock_members
from bot.store.tables import members
from engine.contract.ids import new_id
from engine.feedback.store.tables import actions, impressions

CLAIM_LASTS = timedelta(minutes=2)
"""After this without a sign of life, another process goes on with an export."""

KEPT_FOR = timedelta(hours=24)
"""How long the file of an export is kept, and a link to it is valid."""

_LOGS = (actions, impressions)
_IS_WAITING = exports.c.state == ExportState.WAITING.value
_IS_OPEN = sa.or_(_IS_WAITING, exports.c.telling == Telling.DUE.value)


@dataclass(frozen=True, kw_only=True)
class Export:
    """An export that a member has asked for.

    discord_id: of the member. guild_id: whose data it holds; None for the member's own.
    options: what was asked for, as JSON. max_bytes: of a file that Discord takes where it was asked for.
    outcome: what it holds, or why there is nothing, as JSON. secret: signs links to its file.
    token: answers the interaction that asked; None once it has expired.
    attempts: how often it was begun. claimed_until: when a process that works on it has to have said so again.
    language: in which the member is told.
    """

    id: UUID
    discord_id: int
    guild_id: int | None
    options: Mapping[str, Any]
    max_bytes: int
    state: ExportState
    outcome: Mapping[str, Any]
    secret: str
    token: InteractionToken | None
    attempts: int
    claimed_until: datetime | None
    telling: Telling
    created_at: datetime
    ended_at: datetime | None
    language: str = "en"

    def __repr__(self) -> str:
        return f"Export(id={self.id}, state={self.state.value})"


async def request_export(
    connection: AsyncConnection,
    context: InteractionContext,
    options: Mapping[str, Any],
    *,
    guild_id: int | None,
    max_bytes: int,
) -> bool:
    """Store what the member asks for; False if one of the guild, or of the member's own data, is waiting already."""
    assert context.token is not None
    (member,) = await lock_members(connection, [context.discord_id])
    row = {
        "id": new_id(),
        "press_id": int(context.id),
        "member_id": member.id,
        "guild_id": guild_id,
        "options": dict(options),
        "max_bytes": max_bytes,
        "secret": secrets.token_urlsafe(32),
        "token": context.token.text,
        "token_expires_at": context.token.expires_at,
        "language": context.languages.member,
    }
    insert = pg.insert(exports).values(row).on_conflict_do_nothing()
    if (await connection.execute(insert)).rowcount:
        return True
    repeated = sa.exists().where(exports.c.press_id == int(context.id))
    return bool((await connection.execute(sa.select(repeated))).scalar_one())


async def claim_export(connection: AsyncConnection) -> Export | None:
    """Return the oldest export that is to be made or told and that nobody works on, for this process alone.

    None if there is none.
    """
    free = sa.or_(exports.c.claimed_until.is_(None), exports.c.claimed_until < sa.func.now())
    chosen = (
        sa.select(exports.c.id)
        .where(_IS_OPEN, free)
        .order_by(exports.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    attempts = exports.c.attempts + sa.case((_IS_WAITING, 1), else_=0)
    outcome = sa.case((_IS_WAITING, sa.literal({}, pg.JSONB)), else_=exports.c.outcome)
    values = {"claimed_until": _until(), "attempts": attempts, "outcome": outcome}
    claimed = sa.update(exports).where(exports.c.id == chosen).values(**values)
    export_id = (await connection.execute(claimed.returning(exports.c.id))).scalar_one_or_none()
    return None if export_id is None else await read_export(connection, export_id)


async def renew_export(connection: AsyncConnection, export_id: UUID) -> bool:
    """Let other processes know that this one goes on with the export; False if it is gone, with its member."""
    renewed = sa.update(exports).where(exports.c.id == export_id).values(claimed_until=_until())
    return bool((await connection.execute(renewed)).rowcount)


async def release_export(connection: AsyncConnection, export_id: UUID, *, after: timedelta = timedelta()) -> None:
    """Leave the export to whoever comes next, after a while."""
    until = sa.func.clock_timestamp() + after if after else None
    await connection.execute(sa.update(exports).where(exports.c.id == export_id).values(claimed_until=until))


async def put_back_export(connection: AsyncConnection, export_id: UUID) -> None:
    """Let the export be made anew, because its file is not there."""
    values: dict[str, Any] = {"state": ExportState.WAITING.value, "ended_at": None, "outcome": {}}
    await connection.execute(sa.update(exports).where(exports.c.id == export_id).values(**values))


async def put_back_attempt(connection: AsyncConnection, export_id: UUID) -> None:
    """Forget the attempt, which says nothing about the export."""
    less = sa.func.greatest(exports.c.attempts - 1, 0)
    await connection.execute(sa.update(exports).where(exports.c.id == export_id, _IS_WAITING).values(attempts=less))


async def end_export(
    connection: AsyncConnection, export_id: UUID, state: ExportState, outcome: Mapping[str, Any]
) -> bool:
    """Record what became of it; the member is still to be told. False if it has to be made anew, or is gone."""
    ended = {"state": state.value, "outcome": dict(outcome), "ended_at": sa.func.now()}
    is_valid = exports.c.outcome == sa.literal({}, pg.JSONB)
    query = sa.update(exports).where(exports.c.id == export_id, _IS_WAITING, is_valid).values(**ended)
    return bool((await connection.execute(query)).rowcount)


async def refuse_export(connection: AsyncConnection, export_id: UUID, reason: str) -> None:
    """Withhold the file of an export that is made, which is deleted soon; the member is still to be told."""
    refused = {"state": ExportState.REFUSED.value, "outcome": {"reason": reason}}
    is_made = exports.c.state == ExportState.DONE.value
    await connection.execute(sa.update(exports).where(exports.c.id == export_id, is_made).values(**refused))


async def withdraw_exports(connection: AsyncConnection, member_id: UUID, reason: str) -> None:
    """Take back the files that may hold something of the member: those of the guilds that they were active in.

    One that is being made does not end as `done` then, and is made anew.
    """
    is_kept = sa.and_(
        exports.c.state == ExportState.DONE.value, exports.c.ended_at > sa.func.now() - sa.literal(KEPT_FOR)
    )
    # The log is looked into only if there is such a file, which is rare.
    held = (sa.exists().where(log.c.member_id == member_id, log.c.guild_id == exports.c.guild_id) for log in _LOGS)
    withdrawn = {
        "state": sa.case((is_kept, ExportState.REFUSED.value), else_=exports.c.state),
        "outcome": {"reason": reason},
    }
    of_guild = sa.and_(exports.c.guild_id.is_not(None), sa.or_(is_kept, _IS_WAITING))
    await connection.execute(sa.update(exports).where(of_guild, sa.or_(*held)).values(**withdrawn))


async def record_telling(connection: AsyncConnection, export_id: UUID, telling: Telling) -> None:
    """Record that the member knows, or has to ask; the token is forgotten."""
    told = {"telling": telling.value, "token": None, "token_expires_at": None}
    await connection.execute(sa.update(exports).where(exports.c.id == export_id).values(**told))


async def read_export(connection: AsyncConnection, export_id: UUID) -> Export | None:
    """Return the export; None if there is none of this id."""
    row = (await connection.execute(_SELECT.where(exports.c.id == export_id))).one_or_none()
    return None if row is None else _from_row(row)


async def read_guild_exports(connection: AsyncConnection, guild_id: int, *, limit: int) -> list[Export]:
    """Return the last exports of the guild, newest first."""
    query = _SELECT.where(exports.c.guild_id == guild_id).order_by(exports.c.id.desc()).limit(limit)
    return [_from_row(row) for row in await connection.execute(query)]


async def find_kept(connection: AsyncConnection, export_ids: list[UUID], *, since: datetime) -> frozenset[UUID]:
    """Return those of the exports whose files are still wanted: they are being made, or are there since then."""
    listed = exports.c.id == sa.any_(sa.literal(export_ids, pg.ARRAY(pg.UUID)))
    wanted = sa.or_(_IS_WAITING, sa.and_(exports.c.state == ExportState.DONE.value, exports.c.ended_at > since))
    return frozenset((await connection.execute(sa.select(exports.c.id).where(listed, wanted))).scalars())


_SELECT = sa.select(exports, members.c.discord_id).join(members, members.c.id == exports.c.member_id)


def _from_row(row: sa.Row[Any]) -> Export:
    is_valid = row.token is not None and row.token_expires_at > datetime.now(UTC)
    return Export(
        id=row.id,
        discord_id=row.discord_id,
        guild_id=row.guild_id,
        options=row.options,
        max_bytes=row.max_bytes,
        state=ExportState(row.state),
        outcome=row.outcome,
        secret=row.secret,
        token=InteractionToken(text=row.token, expires_at=row.token_expires_at) if is_valid else None,
        attempts=row.attempts,
        claimed_until=row.claimed_until,
        telling=Telling(row.telling),
        created_at=row.created_at,
        ended_at=row.ended_at,
        language=row.language,
    )


def _until() -> Any:
    return sa.func.clock_timestamp() + CLAIM_LASTS
