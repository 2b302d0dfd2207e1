"""Which rows go into the next forward: short requests first with ageing, fair between members, warm models first.

Pure bookkeeping on small records; nothing here knows tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")

AGEING = 1.0
HALF_LIFE_STEPS = 64
LOOK_AHEAD_STEPS = 32


@dataclass(frozen=True, kw_only=True)
class Candidate(Generic[T]):
    """One row that could be painted now.

    batch: rows may share a forward when this is equal (model, size).
    is_warm: whether its model is loaded.
    num_rows: forward rows that it takes.
    remaining_rows: forward rows that the whole request still needs.
    remaining_calls: model calls that this row still needs.
    waited: loop steps in which the request was there and was not painted, in all.
    idle: loop steps since the request was last painted.
    """

    row: T
    batch: Hashable
    is_warm: bool
    member: Hashable
    num_rows: int
    remaining_rows: int
    remaining_calls: int
    waited: int
    idle: int


@dataclass(frozen=True, kw_only=True)
class MemberUsage:
    """What a member was given lately, in forward rows, and the loop steps that they still have to be made up for.

    waited: rises by one in a step in which none of their work was painted, and falls by one in each other.
    """

    served: float = 0.0
    waited: int = 0


def chosen(
    candidates: Sequence[Candidate[T]], usage_by_member: Mapping[Hashable, MemberUsage], limit_of: Callable[[T], int]
) -> list[Candidate[T]]:
    """Return the rows of the next forward, all of one batch key and at most as wide as pays, but at least one row.

    limit_of: most rows that pay for the model of a row.
    Guarantees: whoever waits rises by AGEING forward rows for every step and row; a request keeps that rank
    until it is done, a member gives it back step by step while they are served. So newer work overtakes for a bounded
    time only, and who never pauses cannot hold up who comes now and then; a model that is not loaded waits at most
    LOOK_AHEAD_STEPS while loaded ones have work, and is not exchanged for another more often.
    """
    if not candidates:
        return []
    members = _member_ranks(candidates, usage_by_member)
    ranked = sorted(candidates, key=lambda one: (members[one.member], _rank(one), -one.remaining_calls))
    first = _leader(ranked)
    return _filled([one for one in ranked if one.batch == first.batch], limit_of(first.row))


def next_usage(
    usage_by_member: Mapping[Hashable, MemberUsage], present: Iterable[Hashable], turn: Iterable[Candidate[T]]
) -> dict[Hashable, MemberUsage]:
    """Return the usage one step later: what was given fades, and who was there and got nothing has waited.

    present: the members who had work. Who has none keeps what they were given until it has faded, and no waiting.
    """
    given: dict[Hashable, int] = {}
    for one in turn:
        given[one.member] = given.get(one.member, 0) + one.num_rows
    there = set(present)
    later = {
        member: _later(usage_by_member.get(member, MemberUsage()), given.get(member, 0), member in there)
        for member in {*usage_by_member, *there}
    }
    return {member: usage for member, usage in later.items() if member in there or usage.served >= 1}


def _later(usage: MemberUsage, given: int, is_there: bool) -> MemberUsage:
    served = usage.served * 0.5 ** (1 / HALF_LIFE_STEPS) + given
    waited = usage.waited + 1 if given == 0 else max(0, usage.waited - 1)
    return MemberUsage(served=served, waited=waited if is_there else 0)


def _rank(one: Candidate[T]) -> float:
    return one.remaining_rows - AGEING * one.num_rows * one.waited


def _member_ranks(
    candidates: Iterable[Candidate[T]], usage_by_member: Mapping[Hashable, MemberUsage]
) -> dict[Hashable, tuple[float, int]]:
    """Return the rank of each member; equal ones keep the request in which they came, and nobody mixes into another."""
    ranks: dict[Hashable, tuple[float, int]] = {}
    for one in candidates:
        usage = usage_by_member.get(one.member, MemberUsage())
        rank = one.remaining_rows + usage.served - AGEING * one.num_rows * usage.waited
        best, place = ranks.get(one.member, (rank, len(ranks)))
        ranks[one.member] = min(best, rank), place
    return ranks


def _leader(ranked: Sequence[Candidate[T]]) -> Candidate[T]:
    overdue = (one for one in ranked if not one.is_warm and one.idle >= LOOK_AHEAD_STEPS)
    warm = (one for one in ranked if one.is_warm)
    return next(overdue, None) or next(warm, None) or ranked[0]


def _filled(ranked: Iterable[Candidate[T]], limit: int) -> list[Candidate[T]]:
    batch: list[Candidate[T]] = []
    num_rows = 0
    for candidate in ranked:
        if batch and num_rows + candidate.num_rows > limit:
            continue
        batch.append(candidate)
        num_rows += candidate.num_rows
    return batch


@dataclass(frozen=True, kw_only=True)
class BatchSizeLimit:
    """The number of rows beyond which a wider forward does not pay, as far as it was measured.

    rate: rows per second at that size. idle: larger sizes in a row that did not pay. is_found: whether none larger need
    be measured.
    """

    num_rows: int
    rate: float
    idle: int = 0
    is_found: bool = False


UNKNOWN_LIMIT = BatchSizeLimit(num_rows=1, rate=0.0)


def next_limit(
    limit: BatchSizeLimit, num_rows: int, seconds: float, *, gain: float = 0.1, longest_seconds: float = 2.0
) -> BatchSizeLimit:
    """Return the limit after a forward of so many rows was measured; numbers of rows come in ascending order.

    gain: a wider forward pays when it raises rows per second by more than this share.
    longest_seconds: after a forward that took this long, or two in a row that did not pay, nothing wider is measured.
    The first size counts also when it was not to be measured at all.
    """
    rate = num_rows / seconds
    if rate > limit.rate * (1 + gain) or not limit.rate:
        return BatchSizeLimit(num_rows=num_rows, rate=rate, is_found=seconds > longest_seconds)
    idle = limit.idle + 1
    return replace(limit, idle=idle, is_found=idle == 2 or seconds > longest_seconds)
