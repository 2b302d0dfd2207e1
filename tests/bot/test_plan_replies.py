"""What members read when their plan does not allow something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.policy.plans import (
    Period,
    Plan,
    SpeedNotAllowed,
    TimeLeft,
    TimeUsedUp,
    TooManyPermutations,
    TooManyRepeats,
)
from bot.replies import reply_for
from bot.replies.plan_replies import gpu_time, nearly_used_up
from engine.contract.jobs import Speed

MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)
PLAN = Plan(name="basic", per_day=timedelta(hours=2))
WHEN = f"Your GPU time is renewed <t:{int(MIDNIGHT.timestamp())}:R>."


def left(seconds: float, period: Period = Period.DAY) -> TimeLeft:
    return TimeLeft(period=period, limit=timedelta(hours=2), left=timedelta(seconds=seconds), renewed_at=MIDNIGHT)


def test_a_refusal_says_which_limit_how_much_when_and_what_to_do() -> None:
    """Nothing left, something left, and time that unfinished jobs keep."""
    nothing = TimeUsedUp(plan=PLAN, left=left(0), asked=1, fitting=0, reserved=timedelta(0))
    assert reply_for(nothing) == (
        f"You have used today's 2 h of GPU time of your plan, **basic**. {WHEN} Add `--relax` to the prompt: it"
        " costs no GPU time, and is painted when no other job waits."
    )
    fast = Plan(name="", per_month=timedelta(hours=2), speeds=frozenset({Speed.FAST}))
    some = TimeUsedUp(plan=fast, left=left(45, Period.MONTH), asked=40, fitting=3, reserved=timedelta(minutes=5))
    assert reply_for(some) == (
        "There is GPU time for 3 of these 40 jobs: 45 s of this month's 2 h are left. Ask for fewer. 5 min of GPU"
        f" time are set aside for your unfinished jobs. {WHEN} Cancel a job that waits, and its time is yours again."
    )


def test_other_limits_say_what_the_plan_allows() -> None:
    for error, said in (
        (SpeedNotAllowed(speed=Speed.TURBO, plan="", allowed=[Speed.FAST]), "`--turbo` is not in your plan, the stand"),
        (TooManyRepeats(asked=10, limit=4, plan="basic"), "**basic**, allows `--repeat` up to 4, and this prompt asks"),
        (TooManyPermutations(asked=10, limit=4, plan="basic"), "allows 4 prompts in one by sets such as {red, green}"),
    ):
        assert said in reply_for(error) and reply_for(error).endswith("`/info` shows what your plan allows.")


def test_a_warning_says_what_is_left() -> None:
    assert nearly_used_up(left(1380)).startswith("After this, about 23 min of today's 2 h of GPU time are left. It is")
    assert [gpu_time(timedelta(seconds=one)) for one in (0, 119, 120, 7199, 12600)] == [
        "0 s", "119 s", "2 min", "120 min", "3.5 h",
    ]  # fmt: skip
