"""Turns: the order in which waiting jobs are painted. Members take turns, at each speed among themselves.

Source: start-time fair queueing, Goyal, Vin and Cheng 1996, with every job of length one. Turns of one speed are far
from those of another, so that wherever jobs are ordered by their turn, every fast job comes before every relaxed one,
and trainings come last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import JobSpec, Operation, Speed, speed_of

Lane = Speed | Operation
"""Among which jobs a job takes its turn: those of its speed, or those of its operation."""

_APART = 1_000_000_000
"""Between the first turns of two lanes: all of them fit PgQueuer's 32 bits."""

_FIRST: Mapping[Lane, int] = {Speed.TURBO: -_APART, Speed.FAST: 0, Speed.RELAX: _APART, Operation.TRAIN: 2 * _APART}

_NEXT_TURNS = sa.text("""
    WITH wanted AS (SELECT * FROM unnest(:member_ids, :firsts) WITH ORDINALITY AS one (member_id, first, number)),
    present AS (
        SELECT first, (SELECT max(turn) FROM jobs WHERE started_at IS NOT NULL
            AND turn >= first - :reach AND turn < first + :reach) AS turn
        FROM (SELECT DISTINCT first FROM wanted) AS firsts)
    SELECT greatest(wanted.first, present.turn, own.turn + 1)
    FROM wanted JOIN present USING (first)
    CROSS JOIN LATERAL (
        SELECT max(turn) AS turn FROM jobs WHERE member_id = wanted.member_id AND status IN ('waiting', 'running')
            AND turn >= wanted.first - :reach AND turn < wanted.first + :reach
    ) AS own
    ORDER BY wanted.number
""").bindparams(
    sa.bindparam("member_ids", type_=pg.ARRAY(pg.UUID)),
    sa.bindparam("firsts", type_=pg.ARRAY(sa.BigInteger)),
    sa.bindparam("reach", _APART // 2, type_=sa.BigInteger),
)


def lane_of(operation: Operation, spec: JobSpec) -> Lane:
    """Return the lane of a job."""
    return operation if operation is Operation.TRAIN else speed_of(spec)


async def read_next_turns(connection: AsyncConnection, wanted: Sequence[tuple[UUID, Lane]]) -> Sequence[int]:
    """Return the turn that each member's next job of the lane takes: the present one, or one after their last."""
    member_ids, firsts = [member_id for member_id, _ in wanted], [_FIRST[lane] for _, lane in wanted]
    return (await connection.execute(_NEXT_TURNS, {"member_ids": member_ids, "firsts": firsts})).scalars().all()


async def assign_turns(connection: AsyncConnection, wanted: Sequence[tuple[UUID, Lane]]) -> list[int]:
    """Return a turn for each job that a member asks for in a lane; those of one member follow one another."""
    kinds = list(dict.fromkeys(wanted))
    following = dict(zip(kinds, await read_next_turns(connection, kinds), strict=True))
    turns = []
    for kind in wanted:
        turns.append(following[kind])
        following[kind] += 1
    return turns
