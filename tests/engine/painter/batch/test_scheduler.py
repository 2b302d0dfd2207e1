"""Whose turn it is: simulated without any model."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import pytest

from engine.painter.batch.scheduler import (
    HALF_LIFE_STEPS,
    LOOK_AHEAD_STEPS,
    Candidate,
    MemberUsage,
    choose_batch,
    next_usage,
)
from engine.painter.cache.warmup import UNKNOWN_LIMIT, BatchSizeLimit, next_limit


@dataclass
class Work:
    """A request in the simulation: so many rows, each with steps left."""

    name: str
    rows: int = 4
    steps: int = 10
    member: str = ""
    model: str = "a"
    begins: int = 0
    waited: int = 0
    idle: int = 0
    started: int | None = None
    ended: int | None = None
    left: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = [self.steps] * self.rows


def simulated(
    works: list[Work],
    limit: int,
    steps: int,
    warm: frozenset[str] = frozenset("a"),
    until_ended: Sequence[Work] = (),
) -> None:
    """Run the policy; each row is 2 forward rows wide, and a chosen model becomes the warm one.

    steps: how many at most; fewer once all of `until_ended` have ended, if there are any.
    """
    usage: dict[Hashable, MemberUsage] = {}
    for now in range(steps):
        if until_ended and all(work.ended is not None for work in until_ended):
            return
        open_works = [work for work in works if work.begins <= now and any(work.left)]
        turn = choose_batch([one for work in open_works for one in candidates(work, warm)], usage, lambda _: limit)
        usage = next_usage(usage, (work.member or work.name for work in open_works), turn)
        painted = [one.row[0].name for one in turn]
        for work in open_works:
            work.waited += work.name not in painted
            work.idle = 0 if work.name in painted else work.idle + 1
        for one in turn:
            work, slot = one.row
            warm = frozenset(work.model)
            work.left[slot] -= 1
            work.started = now if work.started is None else work.started
            work.ended = work.ended if any(work.left) else now


def candidates(work: Work, warm: frozenset[str]) -> list[Candidate[tuple[Work, int]]]:
    return [
        Candidate(
            row=(work, slot), batch_key=work.model, is_warm=work.model in warm, member=work.member or work.name,
            num_rows=2,
            remaining_rows=2 * sum(work.left), waited=work.waited, idle=work.idle, remaining_calls=left,
        )
        for slot, left in enumerate(work.left) if left
    ]  # fmt: skip


def test_a_late_one_picture_request_starts_at_the_next_step() -> None:
    long, late = Work("long", steps=100), Work("late", rows=1, steps=8, begins=20)
    simulated([long, late], limit=8, steps=60)
    assert late.started == 20
    assert late.ended is not None


def test_shorter_requests_end_first() -> None:
    works = [Work(str(steps), steps=steps) for steps in (40, 8, 24, 16)]
    simulated(works, limit=8, steps=100)
    ends = {work.steps: work.ended for work in works}
    assert sorted(ends, key=lambda steps: ends[steps] or 0) == [8, 16, 24, 40]


def test_a_long_request_is_not_starved_by_an_endless_stream_of_short_ones() -> None:
    """A new short request at every other step, for ever: the long one still ends."""
    long = Work("long", steps=40)
    works = [long, *(Work(f"short{begins}", steps=2, begins=begins) for begins in range(0, 1000, 2))]
    simulated(works, limit=8, steps=1000)
    assert long.ended is not None


def test_a_member_who_floods_the_queue_does_not_delay_another() -> None:
    """Sixty requests by one member; a later request of the same size by another is among the first to finish."""
    flood = [Work(f"f{index}", member="flood", steps=10) for index in range(60)]
    other = Work("other", steps=10, begins=30)
    simulated([*flood, other], limit=8, steps=200)
    assert other.ended is not None
    assert other.ended <= 60


@pytest.mark.parametrize("every", [60, 100])
def test_an_occasional_member_never_waits_for_one_who_never_pauses(every: int) -> None:
    """One member keeps four grids open for ever; the other's grids start at once, the last as soon as the first."""
    steps = 2400
    flood = [Work(f"f{index}", member="flood", steps=30, begins=30 * (index - 4)) for index in range(steps // 30)]
    others = [Work(f"o{begins}", member="other", steps=30, begins=begins) for begins in range(300, steps - 500, every)]
    simulated([*flood, *others], limit=8, steps=steps)
    delays = [steps if other.started is None else other.started - other.begins for other in others]
    assert max(delays) <= 30
    assert all(other.ended is not None for other in others)


def test_a_member_who_never_pauses_is_served_beside_an_endless_stream_of_others() -> None:
    """A new short request by a new member at every other step takes all there is; the long one still gets its share."""
    long = [Work(f"long{index}", member="long", steps=100) for index in range(4)]
    shorts = [Work(f"s{begins}", steps=2, begins=begins) for begins in range(0, 2000, 2)]
    simulated([*long, *shorts], limit=8, steps=2000, until_ended=long)
    assert all(work.ended is not None for work in long)


@pytest.mark.parametrize(("waited", "first"), [(0, "short"), (36, "short"), (37, "long")])
def test_a_waiting_requests_priority_rises_by_its_rows_in_every_step(waited: int, first: str) -> None:
    """Of one member: 80 forward rows come after 8 until 72 are made up for, two in a step."""
    short, long = offered("short", remaining_rows=8), offered("long", remaining_rows=80, waited=waited)
    assert [one.row for one in choose_batch([short, long], {}, lambda _: 2)] == [first]


def test_a_long_request_is_not_starved_by_short_ones_of_the_same_member() -> None:
    """A new short request at every other step, for ever: the long one still ends."""
    long = Work("long", steps=40, member="one")
    works = [long, *(Work(f"short{begins}", steps=2, member="one", begins=begins) for begins in range(0, 1000, 2))]
    simulated(works, limit=8, steps=1000)
    assert long.ended is not None


@pytest.mark.parametrize(("served", "first"), [(0.0, "served"), (1.0, "served"), (3.0, "other")])
def test_a_members_recent_usage_counts_as_remaining_work(served: float, first: str) -> None:
    """Two rows less of work lead until more than two were given."""
    turn = [offered("served", remaining_rows=8, member="served"), offered("other", remaining_rows=10, member="other")]
    usage: dict[Hashable, MemberUsage] = {"served": MemberUsage(served=served)}
    assert [one.row for one in choose_batch(turn, usage, lambda _: 2)] == [first]


def test_a_members_usage_halves_over_time_and_is_finally_forgotten() -> None:
    usage = next_usage({}, ["one"], [offered("a", remaining_rows=8, member="one")] * 4)
    assert usage["one"].served == 8
    for left in (4, 2):
        usage = after_steps_of_others(usage, HALF_LIFE_STEPS)
        assert usage["one"].served == pytest.approx(left)
    assert "one" not in after_steps_of_others(usage, 2 * HALF_LIFE_STEPS)


def after_steps_of_others(usage: dict[Hashable, MemberUsage], steps: int) -> dict[Hashable, MemberUsage]:
    for _ in range(steps):
        usage = next_usage(usage, ["another"], [])
    return usage


def offered(name: str, *, remaining_rows: int, member: str = "one", waited: int = 0) -> Candidate[str]:
    return Candidate(
        row=name,
        batch_key="a",
        is_warm=True,
        member=member,
        num_rows=2,
        remaining_rows=remaining_rows,
        waited=waited,
        idle=0,
        remaining_calls=9,
    )


def test_a_loaded_model_is_preferred_for_a_bounded_time_only() -> None:
    warm = [Work(f"w{index}", steps=20, begins=20 * index) for index in range(20)]
    cold = Work("cold", steps=1, model="b", begins=5)
    simulated([*warm, cold], limit=8, steps=100)
    assert cold.started == 5 + LOOK_AHEAD_STEPS


def test_a_batch_has_one_size_and_one_model_and_no_more_rows_than_pay() -> None:
    works = [Work("a1"), Work("b1", model="b"), Work("a2")]
    turn = choose_batch([one for work in works for one in candidates(work, frozenset("ab"))], {}, lambda _: 12)
    assert len({one.batch_key for one in turn}) == 1
    assert sum(one.num_rows for one in turn) <= 12


def test_a_picture_with_more_rows_than_pay_is_painted_alone() -> None:
    assert len(choose_batch(candidates(Work("wide"), frozenset("a")), {}, lambda _: 1)) == 1


@pytest.mark.parametrize(
    ("seconds_of", "num_rows"),
    [
        (lambda rows: 0.1, 32),
        (lambda rows: 0.01 * rows, 2),
        (lambda rows: 0.01 * max(rows, 8), 8),
        (lambda rows: math.inf if rows > 4 else 0.1, 4),
        (lambda rows: math.inf, 2),
    ],
)
def test_the_limit_is_where_more_rows_no_longer_pay(seconds_of: Callable[[int], float], num_rows: int) -> None:
    """Where time does not grow, where it grows with every row, from some row on, and where there is no room."""
    assert limit_of(seconds_of)[0].num_rows == num_rows


def test_the_limit_is_not_measured_with_forwards_that_take_too_long() -> None:
    limit, measured = limit_of(lambda rows: 3.0)
    assert (limit.num_rows, measured) == (2, [2])


def limit_of(seconds_of: Callable[[int], float]) -> tuple[BatchSizeLimit, list[int]]:
    """Return the limit, and the numbers of rows that were measured until it was found."""
    limit, measured = UNKNOWN_LIMIT, []
    for num_rows in (2, 4, 8, 16, 32):
        if not limit.is_found:
            measured.append(num_rows)
            limit = next_limit(limit, num_rows, seconds_of(num_rows))
    return limit, measured
