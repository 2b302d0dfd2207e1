"""Grids whose pictures may be compared, in Postgres: entered when delivered, and found by how little is known of them.

A grid is shown to whoever sees the channel of a server in which it was posted, while its owner agrees to training.
What was posted in direct messages is shown to nobody, and what was posted where Discord restricts the channel by age
in such channels alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pair_choice import NO_TALLIES, SLOT_PAIRS, Tally, mean_uncertainty, tallies_of
from bot.policy.pictures import STRICT_MARGIN
from bot.store.deliveries import Delivery
from bot.store.ranking.tables import rank_grids
from bot.store.tables import DeliveryKind, DeliveryState, deliveries, members
from engine.contract.feedback import Surface
from engine.store.jobs import PUBLIC
from engine.store.tables import jobs, pictures

_MAX_FOUND = 20
"""Of a channel, and of all together. Among equals of these, chance decides."""

# The least known grid comes first, and of those the newest. The owner's row is what counts: the grid may have been
# entered while they took their consent back.
_CHOSEN = """
    channel_id = visible.id AND is_nsfw = restricted.is_nsfw AND is_shared AND may_train AND NOT is_left_out
"""
# Four pictures make six pairs; two, painted without an adapter and with it, make the first one of these.
_KINDS = {False: ("adapter_id IS NULL", len(SLOT_PAIRS)), True: ("adapter_id IS NOT NULL", 1)}
_UNSEEN = """
    (SELECT members.may_train FROM members WHERE members.id = grid.member_id)
    AND (SELECT count(DISTINCT pair) FROM rank_pairs
        WHERE rank_pairs.member_id = :member_id AND rank_pairs.job_id = grid.job_id) < {num_pairs}
"""
_LEAST_KNOWN = "ORDER BY uncertainty DESC, job_id DESC"


def _search(of_channel: str, unseen: str) -> sa.TextClause:
    """Return the search among those grids of a channel of which `of_channel` holds, for those of which `unseen` does.

    An index has the first in order, and the second is looked at in order until there are enough.
    """
    return sa.text(f"""
        SELECT grid.job_id, grid.tallies, ARRAY(
            SELECT pair FROM rank_pairs WHERE rank_pairs.member_id = :member_id AND rank_pairs.job_id = grid.job_id
        ) AS seen
        FROM (
            SELECT of_channel.*
            FROM unnest(:channel_ids) AS visible (id) CROSS JOIN unnest(:is_nsfw) AS restricted (is_nsfw)
            CROSS JOIN LATERAL (
                SELECT * FROM rank_grids AS grid WHERE {of_channel} {_LEAST_KNOWN} LIMIT :most
            ) AS of_channel
            {_LEAST_KNOWN} OFFSET 0
        ) AS grid
        WHERE {unseen} {_LEAST_KNOWN} LIMIT :most
    """).bindparams(  # noqa: S608  its parts are above
        sa.bindparam("member_id", type_=pg.UUID),
        sa.bindparam("channel_ids", type_=pg.ARRAY(sa.BigInteger)),
        sa.bindparam("is_nsfw", type_=pg.ARRAY(sa.Boolean)),
        most=_MAX_FOUND,
    )


def _searches(is_blind: bool) -> Sequence[sa.TextClause]:
    """Return the searches for grids, or for blind pairs.

    Who has compared all that is least known is rare, and looks among everything; for all others the first is enough.
    """
    kind, num_pairs = _KINDS[is_blind]
    chosen, unseen = f"{_CHOSEN} AND {kind}", _UNSEEN.format(num_pairs=num_pairs)
    return _search(chosen, unseen), _search(f"{chosen} AND {unseen}", "true")


_SEARCHES = {is_blind: _searches(is_blind) for is_blind in _KINDS}

_LOCKED = (
    sa.select(rank_grids.c.job_id, rank_grids.c.tallies, rank_grids.c.adapter_id)
    .order_by(rank_grids.c.job_id)
    .with_for_update()
)
_SETTLE = (
    sa.update(rank_grids)
    .where(rank_grids.c.job_id == sa.bindparam("of_job"))
    .values(tallies=sa.bindparam("new_tallies"), uncertainty=sa.bindparam("new_uncertainty"))
)

_enterable = (
    sa.select(
        deliveries.c.job_id,
        deliveries.c.member_id,
        deliveries.c.channel_id,
        sa.and_(deliveries.c.surface == Surface.GUILD.value, deliveries.c.moved_from.is_(None), PUBLIC)
        .is_(True)
        .label("is_shared"),
        sa.func.coalesce(deliveries.c.is_nsfw_channel, True).label("is_nsfw"),
        members.c.may_train,
        sa.literal(list(NO_TALLIES), pg.ARRAY(sa.SmallInteger)).label("tallies"),
        sa.literal(mean_uncertainty(tallies_of(NO_TALLIES)), sa.Double).label("uncertainty"),
    )
    .join(members, members.c.id == deliveries.c.member_id)
    .join(jobs, jobs.c.id == deliveries.c.job_id)
    .where(
        deliveries.c.kind == DeliveryKind.GRID.value,
        deliveries.c.state == DeliveryState.DELIVERED.value,
        sa.select(sa.func.count()).where(pictures.c.job_id == deliveries.c.job_id).scalar_subquery() == 4,
        ~sa.exists().where(pictures.c.job_id == deliveries.c.job_id, pictures.c.unsafe_score > -STRICT_MARGIN),
    )
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a member compares pictures: the channels that they see there, and whether it is restricted by age."""

    channel_ids: tuple[int, ...]
    is_nsfw: bool


@dataclass(frozen=True, kw_only=True)
class FoundGrid:
    """A grid or a blind pair that the member has not seen all of: how its pairs were answered, which they have seen."""

    job_id: UUID
    tallies: tuple[Tally, ...]
    seen: frozenset[int]


async def enter_grid(connection: AsyncConnection, delivery: Delivery) -> None:
    """Enter the grid of a delivery, which has just been closed."""
    await _enter(connection, _enterable.where(deliveries.c.id == delivery.id))


async def enter_grids_after(connection: AsyncConnection, after: UUID | None, *, limit: int) -> UUID | None:
    """Enter those grids of so many deliveries after that one that are missing; return the last one, None at the end."""
    own = deliveries.alias()
    later = sa.select(own.c.id).where(own.c.id > (after or UUID(int=0))).order_by(own.c.id).limit(limit)
    chunk = later.subquery()
    last: UUID | None = (
        await connection.execute(sa.select(chunk.c.id).order_by(chunk.c.id.desc()).limit(1))
    ).scalar_one_or_none()
    if last is not None:
        is_there = sa.exists().where(rank_grids.c.job_id == deliveries.c.job_id)
        await _enter(connection, _enterable.where(deliveries.c.id.in_(sa.select(chunk.c.id)), ~is_there))
    return last


async def find_grids(
    connection: AsyncConnection, member_id: UUID, place: Place, *, blind_first: bool = False
) -> list[FoundGrid]:
    """Return a few grids that the member may see and has not seen all of, first that of which the least is known.

    If there are none, it returns blind pairs; with `blind_first` these, and grids if there are none.
    """
    for is_blind in (blind_first, not blind_first):
        if found := await _find(connection, member_id, place, is_blind=is_blind):
            return found
    return []


async def _find(connection: AsyncConnection, member_id: UUID, place: Place, *, is_blind: bool) -> list[FoundGrid]:
    kinds = [False, True] if place.is_nsfw else [False]
    asked = {"member_id": member_id, "channel_ids": list(place.channel_ids), "is_nsfw": kinds}
    num_pairs = _KINDS[is_blind][1]
    for search in _SEARCHES[is_blind]:
        if rows := (await connection.execute(search, asked)).all():
            return [
                FoundGrid(
                    job_id=row.job_id, tallies=tuple(tallies_of(row.tallies)[:num_pairs]), seen=frozenset(row.seen)
                )
                for row in rows
            ]
    return []


async def settle_tallies(connection: AsyncConnection, answered: Sequence[tuple[UUID, int, Tally]]) -> None:
    """Add answers, each of a grid and the index of a pair, to what is known; a grid that is not there is left out."""
    job_ids = sa.literal([job_id for job_id, _, _ in answered], pg.ARRAY(pg.UUID))
    rows = (await connection.execute(_LOCKED.where(rank_grids.c.job_id == sa.any_(job_ids)))).all()
    known = {row.job_id: tallies_of(row.tallies) for row in rows}
    num_pairs = {row.job_id: _KINDS[row.adapter_id is not None][1] for row in rows}
    for job_id, pair, tally in answered:
        if job_id in known:
            of_pair = known[job_id][pair]
            known[job_id][pair] = Tally(*(old + new for old, new in zip(of_pair, tally, strict=True)))
    changed = [
        {
            "of_job": job_id,
            "new_tallies": [count for tally in tallies for count in tally],
            "new_uncertainty": mean_uncertainty(tallies[: num_pairs[job_id]]),
        }
        for job_id, tallies in known.items()
    ]
    if changed:
        await connection.execute(_SETTLE, changed)


async def leave_out_grids(connection: AsyncConnection, job_ids: Sequence[UUID]) -> None:
    """Ask nobody about grids any more, nor about blind pairs of their prompts: they were reported, deleted or lost."""
    listed = sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID)))
    children = sa.select(jobs.c.id).where(jobs.c.parent_job_id == listed)
    blind = sa.select(rank_grids.c.job_id).where(
        rank_grids.c.job_id.in_(children), rank_grids.c.adapter_id.is_not(None)
    )
    found = (await connection.execute(blind)).scalars().all()
    of_jobs = rank_grids.c.job_id == sa.any_(sa.literal([*job_ids, *found], pg.ARRAY(pg.UUID)))
    await connection.execute(_LOCKED.where(of_jobs))
    await connection.execute(sa.update(rank_grids).where(of_jobs).values(is_left_out=True))


async def _enter(connection: AsyncConnection, chosen: sa.Select[tuple[object, ...]]) -> None:
    insert = pg.insert(rank_grids).from_select([column.name for column in chosen.selected_columns], chosen)
    await connection.execute(insert.on_conflict_do_nothing(index_elements=["job_id"]))
