"""Which plan a member has, and what it allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.policy.plans import (
    BUILT_IN,
    GuildPlans,
    Period,
    Plan,
    SpeedNotAllowed,
    TimeSpent,
    TimeUsedUp,
    TooManyPermutations,
    TooManyRepeats,
    check_prompt_fits,
    check_time,
    renewed_at,
)
from bot.policy.training_quota import CountUnreadable, TrainingsUsedUp, check_trainings, count_from_text
from engine.contract.jobs import JobSpec, Part, Speed

NOON = datetime(2026, 12, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SMALL = Plan(name="small", per_day=MINUTE)
LARGE = Plan(name="large", per_month=60 * MINUTE, max_pending=3)
PLANS = GuildPlans(plans={"small": SMALL, "large": LARGE}, default=SMALL, roles={1: "small", 2: "large"})


def spec(prompt: str = "a cat", speed: Speed | None = None) -> JobSpec:
    parameters = {} if speed is None else {speed.value: True}
    return JobSpec(prompt=prompt, parts=(Part(text=prompt),), parameters=parameters)


def test_a_member_has_the_best_plan_of_their_roles() -> None:
    """By its GPU time first; a role without a plan changes nothing, and no plan at all is the built-in one."""
    assert PLANS.plan_of((1, 2, 3)) is LARGE
    assert PLANS.plan_of((3,)) is PLANS.plan_of(()) is SMALL
    assert GuildPlans().plan_of((1, 2)) is BUILT_IN
    idle = Plan(name="idle", per_day=timedelta(), max_pending=40)
    worst = GuildPlans(plans={"idle": idle, "small": SMALL}, roles={1: "idle", 2: "small"})
    assert worst.plan_of((1, 2)) is SMALL
    unlimited = GuildPlans(plans={"all": Plan(name="all"), "large": LARGE}, roles={1: "all", 2: "large"})
    assert unlimited.plan_of((2, 1)).name == "all"


def test_a_prompt_fits_its_plan() -> None:
    """Its speed, and its jobs by --repeat and by sets, each by itself."""
    plan = Plan(max_repeat=2, max_permutations=3)
    check_prompt_fits(plan, [spec(prompt) for prompt in ("a", "b", "c") for _ in range(2)])
    with pytest.raises(TooManyRepeats) as repeats:
        check_prompt_fits(plan, [spec()] * 3)
    assert repeats.value.facts == {"asked": 3, "limit": 2, "plan": ""}
    with pytest.raises(TooManyPermutations):
        check_prompt_fits(plan, [spec(prompt) for prompt in "abcd"])
    with pytest.raises(SpeedNotAllowed):
        check_prompt_fits(plan, [spec(speed=Speed.TURBO)])
    check_prompt_fits(plan, [spec(speed=Speed.RELAX)])


def test_a_plan_has_so_many_trainings_a_month() -> None:
    check_trainings(Plan(), TimeSpent(trainings=100), NOON)
    check_trainings(Plan(trainings=2), TimeSpent(trainings=1), NOON)
    with pytest.raises(TrainingsUsedUp) as refused:
        check_trainings(Plan(trainings=2), TimeSpent(trainings=2), NOON)
    assert refused.value.renewed_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert [count_from_text(text) for text in ("3", " none", "0")] == [3, None, 0]
    for text in ("", "-1", "three", "1.5", "9999"):
        with pytest.raises(CountUnreadable):
            count_from_text(text)


def test_every_job_begins_while_time_is_left() -> None:
    """Those that wait count with what they are expected to take, so that forty at once exceed it by one job at most."""
    spent = TimeSpent(day=15 * MINUTE / 60, month=15 * MINUTE / 60, reserved=10 * MINUTE / 60, estimate=MINUTE / 6)
    check_time(SMALL, spent, [spec()] * 4, NOON)
    with pytest.raises(TimeUsedUp) as refused:
        check_time(SMALL, spent, [spec()] * 40, NOON)
    assert (refused.value.fitting, refused.value.asked) == (4, 40)
    assert refused.value.left.renewed_at == datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(TimeUsedUp):
        check_time(SMALL, spent, [spec(speed=Speed.TURBO)] * 3, NOON)
    used_up = TimeSpent(day=MINUTE, month=MINUTE, estimate=MINUTE / 6)
    assert check_time(SMALL, used_up, [spec(speed=Speed.RELAX)], NOON) is None
    with pytest.raises(TimeUsedUp):
        check_time(SMALL, used_up, [spec()], NOON)


def test_who_uses_four_fifths_of_their_time_hears_it_once() -> None:
    """By the job that does, and of the period in which less is left."""
    spent = TimeSpent(day=MINUTE / 2, month=MINUTE / 2, estimate=MINUTE / 4)
    assert check_time(SMALL, spent, [spec()], NOON) is None
    warning = check_time(SMALL, spent, [spec()] * 2, NOON)
    assert warning and (warning.period, warning.left) == (Period.DAY, timedelta())
    beyond = TimeSpent(day=MINUTE * 0.9, month=MINUTE * 0.9, estimate=MINUTE / 100)
    assert check_time(SMALL, beyond, [spec()], NOON) is None
    assert check_time(BUILT_IN, spent, [spec()] * 40, NOON) is None


def test_time_is_renewed_at_midnight_and_on_the_first() -> None:
    """By UTC, also at the end of a year and of a short month."""
    assert renewed_at(Period.DAY, NOON) == renewed_at(Period.MONTH, NOON) == datetime(2027, 1, 1, tzinfo=UTC)
    assert renewed_at(Period.MONTH, datetime(2027, 1, 31, 23, tzinfo=UTC)) == datetime(2027, 2, 1, tzinfo=UTC)
    assert renewed_at(Period.MONTH, datetime(2027, 2, 1, tzinfo=UTC)) == datetime(2027, 3, 1, tzinfo=UTC)
