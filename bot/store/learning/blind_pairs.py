"""Blind pairs in Postgres: a prompt painted with an adapter and without, for `/rank`, and how members answered.

A pair is a finished job of two pictures that nobody asked for: slot 0 without the adapter, slot 1 with it. Its parent
is the job whose prompt it has: it is shown where that was posted, while its owner agrees, and is erased with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pair_choice import NO_TALLIES, mean_uncertainty, tallies_of
from bot.policy.pictures import STRICT_MARGIN
from bot.store.ranking.tables import rank_grids, rank_pairs
from engine.contract.feedback import Choice
from engine.contract.jobs import JobRequest, JobSpec, Operation, Picture, spec_from_json
from engine.store.operator_jobs import OPERATOR_ID
from engine.store.painted_jobs import store_painted_job
from engine.store.tables import jobs

_CHUNK = 500

_blind_jobs = jobs.alias()


@dataclass(frozen=True, kw_only=True)
class PostedPrompt:
    """A job whose prompt may be painted again for a blind pair."""

    job_id: UUID
    spec: JobSpec


@dataclass(frozen=True, kw_only=True)
class NewBlindPair:
    """A pair that was painted, as the job with `job_id`: slot 0 of it without the adapter, slot 1 with it.

    grid_key, grid_type: of both pictures side by side.
    """

    job_id: UUID
    source: PostedPrompt
    spec: JobSpec
    seed: int
    old: Picture
    new: Picture
    grid_key: str
    grid_type: str


@dataclass(frozen=True, kw_only=True)
class BlindVotes:
    """How members answered an adapter's blind pairs, each answer once: repeated questions are left out.

    wins, losses: who prefers the picture with the adapter, and the one without. undecided: neither.
    members: how many decided.
    """

    wins: int
    losses: int
    undecided: int
    members: int


async def stream_sources(connection: AsyncConnection, adapter_id: UUID) -> AsyncIterator[PostedPrompt]:
    """Yield the jobs whose prompts may be painted for the adapter and were not yet, newest first.

    They are new pictures by words alone, posted in a server, of members who agree to training.
    """
    of_adapter = sa.exists().where(
        rank_grids.c.adapter_id == adapter_id,
        _blind_jobs.c.id == rank_grids.c.job_id,
        _blind_jobs.c.parent_job_id == jobs.c.id,
    )
    grid = rank_grids.alias()
    query = (
        sa.select(jobs.c.id, jobs.c.spec)
        .join(grid, grid.c.job_id == jobs.c.id)
        .where(
            grid.c.is_shared,
            grid.c.may_train,
            ~grid.c.is_left_out,
            grid.c.adapter_id.is_(None),
            jobs.c.operation == Operation.IMAGINE.value,
            jobs.c.image_keys == [],
            ~of_adapter,
        )
        .order_by(grid.c.job_id.desc())
        .limit(_CHUNK)
    )
    before: UUID | None = None
    while True:
        rows = (await connection.execute(query if before is None else query.where(grid.c.job_id < before))).all()
        for row in rows:
            yield PostedPrompt(job_id=row.id, spec=spec_from_json(row.spec))
        if len(rows) < _CHUNK:
            return
        before = rows[-1].id


def may_be_shown(picture: Picture) -> bool:
    """Return whether members may be asked about the picture: a classifier finds it safe, or none has looked at it."""
    return picture.unsafe_score is None or picture.unsafe_score <= -STRICT_MARGIN


async def store_blind_pair(connection: AsyncConnection, adapter_id: UUID, pair: NewBlindPair) -> bool:
    """Store the pair for `/rank` to ask about; False, and nothing stored, if its source may not be used any more."""
    kept = {name: rank_grids.c[name] for name in ("member_id", "channel_id", "is_shared", "is_nsfw", "may_train")}
    own = {
        "job_id": sa.literal(pair.job_id, pg.UUID),
        "tallies": sa.literal(list(NO_TALLIES), pg.ARRAY(sa.SmallInteger)),
        "uncertainty": sa.literal(mean_uncertainty(tallies_of(NO_TALLIES)), sa.Double),
        "adapter_id": sa.literal(adapter_id, pg.UUID),
    }
    entered = sa.select(*kept.values(), *own.values()).where(
        rank_grids.c.job_id == pair.source.job_id, rank_grids.c.may_train, ~rank_grids.c.is_left_out
    )
    insert = pg.insert(rank_grids).from_select([*kept, *own], entered.with_for_update(read=True))
    if not (await connection.execute(insert)).rowcount:
        return False
    request = JobRequest(
        id=pair.job_id,
        member_id=OPERATOR_ID,
        operation=Operation.IMAGINE,
        spec=pair.spec,
        seed=pair.seed,
        parent_job_id=pair.source.job_id,
    )
    await store_painted_job(connection, request, [pair.old, pair.new], pair.grid_key, pair.grid_type)
    return True


async def read_blind_votes(connection: AsyncConnection, adapter_id: UUID) -> BlindVotes:
    """Return how the adapter's blind pairs were answered."""
    has_adapter = (rank_pairs.c.choice == Choice.RIGHT.value) != rank_pairs.c.is_swapped
    is_decided = rank_pairs.c.choice.in_([Choice.LEFT.value, Choice.RIGHT.value])
    count = sa.func.count()
    query = (
        sa.select(
            count.filter(is_decided, has_adapter).label("wins"),
            count.filter(is_decided, ~has_adapter).label("losses"),
            count.filter(rank_pairs.c.choice.in_([Choice.TIE.value, Choice.BOTH_BAD.value])).label("undecided"),
            sa.func.count(rank_pairs.c.member_id.distinct()).filter(is_decided).label("members"),
        )
        .join(rank_grids, rank_grids.c.job_id == rank_pairs.c.job_id)
        .where(rank_grids.c.adapter_id == adapter_id, ~rank_pairs.c.is_repeat)
    )
    row = (await connection.execute(query)).one()
    return BlindVotes(wins=row.wins, losses=row.losses, undecided=row.undecided, members=row.members)


async def stop_asking(connection: AsyncConnection, adapter_id: UUID) -> None:
    """Ask nobody about the adapter's pairs any more: it was decided on."""
    of_adapter = rank_grids.c.adapter_id == adapter_id
    locked = sa.select(rank_grids.c.job_id).where(of_adapter).order_by(rank_grids.c.job_id).with_for_update()
    await connection.execute(locked)
    await connection.execute(sa.update(rank_grids).where(of_adapter).values(is_left_out=True))
