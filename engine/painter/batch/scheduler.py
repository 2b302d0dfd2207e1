"""Which rows go into the next forward: short requests first with ageing, fair between members, loaded models first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.models.registry.registry import Model
from engine.painter.batch.rows import ActiveRequest, Row

T = TypeVar("T")

AGEING = 1.0
HALF_LIFE_STEPS = 64
LOOK_AHEAD_STEPS = 32

# A row with its request; None stands for all rows of a request that is not started.
RequestRow = tuple[ActiveRequest, Row | None]


@dataclass(frozen=True, kw_only=True)
class Candidate(Generic[T]):
    """One row that could be painted now.

    batch_key: rows may share a forward when this is equal (model, size, adapters).
    is_warm: whether its model is loaded.
    num_rows: forward rows in its next model call, a film counting as its frames, and steering by CLIP as more.
    remaining_rows: forward rows that the whole request still needs, counted alike.
    remaining_calls: model calls that this row still needs.
    waited: loop steps in which the request was here and was not painted, in all.
    idle: loop steps since the request was last painted.
    """

    row: T
    batch_key: Hashable
    is_warm: bool
    member: Hashable
    num_rows: int
    remaining_rows: int
    remaining_calls: int
    waited: int
    idle: int


@dataclass(frozen=True, kw_only=True)
class MemberUsage:
    """What a member was given lately, and how long they have waited.

    served: forward rows; halves every HALF_LIFE_STEPS loop steps.
    waited: rises by one in a step in which none of their work was painted, and falls by one in each other.
    """

    served: float = 0.0
    waited: int = 0


def candidates_of(requests: Iterable[ActiveRequest], is_warm: Callable[[Model], bool]) -> list[Candidate[RequestRow]]:
    """Return one candidate for each unfinished row of the requests."""
    return [one for active in requests for one in _candidates_of_request(active, is_warm(active.params.model))]


def _candidates_of_request(active: ActiveRequest, is_warm: bool) -> list[Candidate[RequestRow]]:
    # Over all rows of the request, which each of its candidates would sum again.
    batch_key, remaining = active.batch_key, active.remaining_cost
    return [
        Candidate(
            row=(active, row),
            batch_key=batch_key,
            is_warm=is_warm,
            member=active.request.member_id,
            num_rows=row.cost if row else 1,
            remaining_rows=remaining,
            remaining_calls=row.trajectory.remaining if row else 0,
            waited=active.waited,
            idle=active.idle,
        )
        for row in active.unfinished_rows
    ]


def choose_batch(
    candidates: Sequence[Candidate[T]], usage: Mapping[Hashable, MemberUsage], max_rows: Callable[[T], int]
) -> list[Candidate[T]]:
    """Return the rows of the next forward: one batch key, at most `max_rows` forward rows, but at least one picture.

    max_rows: most forward rows worth running at once with the model of a row.
    Guarantees: waiting work rises by AGEING forward rows for each step and each of its forward rows; a request keeps
    that rank until it is done, a member gives it back step by step while they are served. So newer work overtakes for
    a bounded time only, and a member who never pauses cannot hold up one who comes now and then; a model that is not
    loaded waits at most LOOK_AHEAD_STEPS while loaded ones have work, and is not exchanged for another more often.
    """
    if not candidates:
        return []
    members = _member_ranks(candidates, usage)
    ranked = sorted(candidates, key=lambda one: (members[one.member], _rank(one), -one.remaining_calls))
    first = _first(ranked)
    return _fill([one for one in ranked if one.batch_key == first.batch_key], max_rows(first.row))


def next_usage(
    usage: Mapping[Hashable, MemberUsage], present: Iterable[Hashable], batch: Iterable[Candidate[T]]
) -> dict[Hashable, MemberUsage]:
    """Return the usage one step later: what was served decays, and members who were here unserved have waited.

    present: the members with work. Others keep what they were served until it has decayed, and no waiting.
    """
    served: dict[Hashable, int] = {}
    for one in batch:
        served[one.member] = served.get(one.member, 0) + one.num_rows
    here = set(present)
    later = {
        member: _later(usage.get(member, MemberUsage()), served.get(member, 0), member in here)
        for member in {*usage, *here}
    }
    return {member: one for member, one in later.items() if member in here or one.served >= 1}


def count_waiting(requests: Iterable[ActiveRequest], batch: Iterable[Candidate[RequestRow]]) -> None:
    """Count one more step for every request: painted, or waited and idle."""
    painted = {id(one.row[0]) for one in batch}
    for active in requests:
        is_painted = id(active) in painted
        active.waited += not is_painted
        active.idle = 0 if is_painted else active.idle + 1


def _later(usage: MemberUsage, served: int, is_here: bool) -> MemberUsage:
    decayed = usage.served * 0.5 ** (1 / HALF_LIFE_STEPS) + served
    waited = usage.waited + 1 if served == 0 else max(0, usage.waited - 1)
    return MemberUsage(served=decayed, waited=waited if is_here else 0)


def _rank(one: Candidate[T]) -> float:
    return one.remaining_rows - AGEING * one.num_rows * one.waited


def _member_ranks(
    candidates: Iterable[Candidate[T]], usage: Mapping[Hashable, MemberUsage]
) -> dict[Hashable, tuple[float, int]]:
    """Return each member's rank with their position; the position keeps members of equal rank from mixing."""
    ranks: dict[Hashable, tuple[float, int]] = {}
    for one in candidates:
        own = usage.get(one.member, MemberUsage())
        rank = one.remaining_rows + own.served - AGEING * one.num_rows * own.waited
        best, position = ranks.get(one.member, (rank, len(ranks)))
        ranks[one.member] = min(best, rank), position
    return ranks


def _first(ranked: Sequence[Candidate[T]]) -> Candidate[T]:
    overdue = (one for one in ranked if not one.is_warm and one.idle >= LOOK_AHEAD_STEPS)
    warm = (one for one in ranked if one.is_warm)
    return next(overdue, None) or next(warm, None) or ranked[0]


def _fill(ranked: Iterable[Candidate[T]], max_rows: int) -> list[Candidate[T]]:
    batch: list[Candidate[T]] = []
    num_rows = 0
    for candidate in ranked:
        if batch and num_rows + candidate.num_rows > max_rows:
            continue
        batch.append(candidate)
        num_rows += candidate.num_rows
    return batch
