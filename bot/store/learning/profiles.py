"""Styles that members' own votes make: asked for, trained, and deleted when somebody agrees no longer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.profiles import MemberProfile, TrainingNotAgreed
from bot.store.interaction import InteractionContext
from bot.store.learning.profile_tables import profile_sources, profiles
from bot.store.members import lock_members, read_training_ids
from bot.store.tables import members
from engine.contract.training import PROFILE, UsableAdapter
from engine.store.own_adapters import IS_THERE, delete_profiles, store_profile
from engine.store.tables import own_adapters

_STYLE = sa.and_(own_adapters.c.member_id == members.c.id, sa.func.lower(own_adapters.c.name) == PROFILE, IS_THERE)


@dataclass(frozen=True, kw_only=True)
class WantedProfile:
    """A member who wants a style of their own and agrees to training.

    counted_at: when their votes were last counted; None if they have not been.
    num_learned: how many votes the one that they have was trained from; None without one. model: that it is for.
    """

    member_id: UUID
    counted_at: datetime | None
    num_learned: int | None
    model: str | None


@dataclass(frozen=True, kw_only=True)
class TrainedProfile:
    """A member's style that has just been trained: the model that it is for, its file, from how many votes and whose
    pictures.
    """

    member_id: UUID
    model: str
    object_key: str
    num_votes: int
    sources: frozenset[UUID]


async def toggle_profile(connection: AsyncConnection, context: InteractionContext) -> bool:
    """Turn the member's style on, or off if it is on, which deletes it; return whether it is on now.

    Raises: TrainingNotAgreed.
    """
    (member,) = await lock_members(connection, [context.discord_id])
    if await _turn_off(connection, [member.id]):
        return False
    if not member.consent_in_force.may_train:
        raise TrainingNotAgreed()
    await connection.execute(sa.insert(profiles).values(member_id=member.id))
    return True


async def read_profile(connection: AsyncConnection, discord_id: int) -> MemberProfile:
    """Return what there is of the style of the Discord user."""
    query = (
        sa.select(profiles.c.num_votes, own_adapters.c.id, own_adapters.c.model)
        .join(members, members.c.id == profiles.c.member_id)
        .outerjoin(own_adapters, _STYLE)
        .where(members.c.discord_id == discord_id)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return MemberProfile()
    adapter = None if row.id is None else UsableAdapter(id=row.id, name=PROFILE, model=row.model, is_own=True)
    return MemberProfile(is_wanted=True, num_votes=row.num_votes, adapter=adapter)


async def read_wanted(connection: AsyncConnection) -> list[WantedProfile]:
    """Return who wants a style of their own, those who have waited longest first."""
    query = (
        sa.select(profiles.c.member_id, profiles.c.counted_at, profiles.c.num_learned, own_adapters.c.model)
        .join(members, members.c.id == profiles.c.member_id)
        .outerjoin(own_adapters, _STYLE)
        .where(members.c.may_train)
        .order_by(profiles.c.wanted_at, profiles.c.member_id)
    )
    return [
        WantedProfile(
            member_id=row.member_id,
            counted_at=row.counted_at,
            num_learned=row.num_learned if row.model is not None else None,
            model=row.model,
        )
        for row in await connection.execute(query)
    ]


async def note_votes(connection: AsyncConnection, counted: Mapping[UUID, int]) -> None:
    """Record how many votes members have now."""
    ids, numbers = sa.literal([*counted], pg.ARRAY(pg.UUID)), sa.literal([*counted.values()], pg.ARRAY(sa.Integer))
    found = sa.func.unnest(ids, numbers).table_valued("member_id", "num_votes").render_derived()
    query = sa.update(profiles).where(profiles.c.member_id == found.c.member_id)
    await connection.execute(query.values(num_votes=found.c.num_votes, counted_at=sa.func.now()))


async def put_in_use(connection: AsyncConnection, trained: TrainedProfile) -> bool:
    """Store a style in place of the one before; False if the member wants none now, or somebody agrees no longer."""
    # Locked, because one of them may be about to withdraw their consent, or to be erased; in the order of presses.
    listed = sa.any_(sa.literal(sorted(trained.sources), pg.ARRAY(pg.UUID)))
    locked = sa.select(members.c.id).where(members.c.id == listed).order_by(members.c.discord_id)
    await connection.execute(locked.with_for_update(read=True))
    wanted = sa.select(sa.exists().where(profiles.c.member_id == trained.member_id))
    is_wanted = (await connection.execute(wanted)).scalar_one()
    if not (is_wanted and trained.sources <= await read_training_ids(connection)):
        return False
    adapter_id = await store_profile(connection, trained.member_id, trained.model, trained.object_key)
    await connection.execute(sa.delete(profile_sources).where(profile_sources.c.adapter_id == adapter_id))
    rows = [{"adapter_id": adapter_id, "member_id": member_id} for member_id in sorted(trained.sources)]
    await connection.execute(sa.insert(profile_sources), rows)
    learned = sa.update(profiles).where(profiles.c.member_id == trained.member_id)
    await connection.execute(learned.values(num_learned=trained.num_votes))
    return True


async def withdraw_profiles(connection: AsyncConnection, member_ids: Collection[UUID]) -> None:
    """Turn off the styles of members who agree to training no longer, and delete those that have learnt from them.

    Others get theirs back when it is trained anew, without those members.
    """
    await _turn_off(connection, member_ids)
    learnt = sa.select(own_adapters.c.member_id).join(
        profile_sources, profile_sources.c.adapter_id == own_adapters.c.id
    )
    listed = sa.any_(sa.literal(list(member_ids), pg.ARRAY(pg.UUID)))
    owners = (await connection.execute(learnt.where(profile_sources.c.member_id == listed, IS_THERE))).scalars().all()
    await delete_profiles(connection, sorted(set(owners)))


async def _turn_off(connection: AsyncConnection, member_ids: Collection[UUID]) -> bool:
    """Turn the members' styles off and delete them; return whether any was on."""
    listed = sa.any_(sa.literal(list(member_ids), pg.ARRAY(pg.UUID)))
    gone = (await connection.execute(sa.delete(profiles).where(profiles.c.member_id == listed))).rowcount
    await delete_profiles(connection, member_ids)
    return gone > 0
