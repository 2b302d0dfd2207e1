"""Plans: what a member may use, by their roles in the guild where they ask."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.policy.quotas import MAX_PENDING
from engine.contract.costs import cost_of
from engine.contract.errors import RequestError
from engine.contract.jobs import JobSpec, Speed, speed_of

RATES: Mapping[Speed, int] = MappingProxyType({Speed.TURBO: 2, Speed.FAST: 1, Speed.RELAX: 0})
"""How much a second of painting counts: turbo, which others wait for, doubly, and relax, which waits for them, not."""

MAX_PLANS = 25
"""Of a guild: as many as Discord offers choices."""

MAX_NAME, MAX_PENDING_OF_PLAN, MAX_JOBS_OF_PLAN = 32, 200, 40

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_TIME = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(s|m|min|h)\s*", re.IGNORECASE)
NO_LIMIT = frozenset({"none", "no limit", "unlimited"})
"""How people say that there is none."""

_WARNED_AT = 0.8
_DAYS = 30


class Period(StrEnum):
    """How long GPU time is counted, by UTC: until midnight, or until the first of the next month."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a member may use.

    name: as administrators call it; empty for `BUILT_IN`.
    per_day, per_month: GPU time, at the rates of `RATES`; None without a limit.
    max_running: jobs that are painted at once, None for as many as engines take.
    max_pending: unfinished jobs, whether they wait or are painted.
    max_repeat, max_permutations: jobs of one prompt, by `--repeat` and by `{a, b}`; None for as many as
        the prompt language allows.
    trainings: of LoRAs a month; None without a limit.
    """

    name: str = ""
    per_day: timedelta | None = None
    per_month: timedelta | None = None
    max_running: int | None = None
    max_pending: int = MAX_PENDING
    max_repeat: int | None = None
    max_permutations: int | None = None
    trainings: int | None = None
    speeds: frozenset[Speed] = frozenset({Speed.FAST, Speed.RELAX})

    def limit(self, period: Period) -> timedelta | None:
        """Return the GPU time of the period, None without a limit."""
        return self.per_day if period is Period.DAY else self.per_month


STANDARD = "standard"
"""How the operator's plan is named, which holds where a server has set no other."""

BUILT_IN = Plan()
"""What holds where nobody has set anything up."""


@dataclass(frozen=True, kw_only=True)
class GuildPlans:
    """The plans of a guild.

    default: for members none of whose roles has a plan; `BUILT_IN` or the operator's where none is chosen.
    roles: the names of plans by the ids of their roles.
    """

    plans: Mapping[str, Plan] = field(default_factory=lambda: MappingProxyType({}))
    default: Plan = BUILT_IN
    roles: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def spelling(self, name: str) -> str | None:
        """Return the name of the plan as the guild writes it, however it is written here; None if it has none of it."""
        if name in self.plans:
            return name
        return next((known for known in self.plans if _folded(known) == _folded(name)), None)

    def plan_of(self, role_ids: Collection[int]) -> Plan:
        """Return the best plan of the roles, else the default one."""
        own = [self.plans[self.roles[role_id]] for role_id in role_ids if role_id in self.roles]
        return max(own, key=_worth, default=self.default)

    def has(self, plan: Plan) -> bool:
        """Return whether the plan is the guild's own, so that what it allows is used in the guild alone."""
        return self.plans.get(plan.name) is plan


@dataclass(frozen=True, kw_only=True)
class TimeSpent:
    """What counts towards a member's GPU time: of jobs that finished today and this month, and of unfinished ones.

    reserved: how long these are expected to take; estimate: how long one job is. trainings: of this month, unfinished
        ones included.
    """

    day: timedelta = timedelta()
    month: timedelta = timedelta()
    reserved: timedelta = timedelta()
    estimate: timedelta = timedelta()
    trainings: int = 0

    def of(self, period: Period) -> timedelta:
        """Return what counts within the period, unfinished jobs included."""
        return (self.day if period is Period.DAY else self.month) + self.reserved


@dataclass(frozen=True, kw_only=True)
class TimeLeft:
    """How much of a period's GPU time is left, and when there is all of it again."""

    period: Period
    limit: timedelta
    left: timedelta
    renewed_at: datetime


class TimeUnreadable(RequestError):
    """A text is no time; the fact `text` has it."""


class PlanUnknown(RequestError):
    """The guild has no plan called `name`, but those in `known`."""

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name=name, known=known)
        self.name, self.known = name, known


class PlanNameRefused(RequestError):
    """No plan of a guild can have the name, which shows nothing or is that of the operator's."""


class TooManyPlans(RequestError):
    """The guild has as many plans as it may; the fact `limit` says how many."""


class SpeedNotAllowed(RequestError):
    """The plan does not allow the speed; the facts are `speed`, `plan` and `allowed`."""


class TooManyRepeats(RequestError):
    """The plan does not allow so many jobs by `--repeat`; the facts are `asked`, `limit` and `plan`."""


class TooManyPermutations(RequestError):
    """The plan does not allow so many jobs by `{a, b}`; the facts are `asked`, `limit` and `plan`."""


class TimeUsedUp(RequestError):
    """There is too little GPU time left for the jobs.

    left: of the period that is used up. fitting: how many of the jobs there is time for.
    """

    def __init__(self, *, plan: Plan, left: TimeLeft, asked: int, fitting: int, reserved: timedelta) -> None:
        super().__init__(plan=plan.name, left=left, asked=asked, fitting=fitting)
        self.plan, self.left, self.asked, self.fitting, self.reserved = plan, left, asked, fitting, reserved


def check_plan_name(name: str) -> None:
    """Check that a plan of a guild can be called that.

    Raises: PlanNameRefused.
    """
    if _folded(name) == STANDARD or not any(map(str.isalnum, name)):
        raise PlanNameRefused()


def renewed_at(period: Period, now: datetime) -> datetime:
    """Return when the period that `now` is in ends."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period is Period.DAY:
        return today + timedelta(days=1)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def time_left(plan: Plan, spent: TimeSpent, period: Period, now: datetime) -> TimeLeft | None:
    """Return how much GPU time of the period is left, None without a limit."""
    limit = plan.limit(period)
    if limit is None:
        return None
    left = max(timedelta(), limit - spent.of(period))
    return TimeLeft(period=period, limit=limit, left=left, renewed_at=renewed_at(period, now))


def check_prompt_fits(plan: Plan, specs: Sequence[JobSpec]) -> None:
    """Check what the jobs of one prompt ask for.

    Raises: SpeedNotAllowed, TooManyRepeats, TooManyPermutations.
    """
    for spec in specs:
        if (speed := speed_of(spec)) not in plan.speeds:
            raise SpeedNotAllowed(speed=speed, plan=plan.name, allowed=sorted(plan.speeds))
    repeated = Counter(spec.prompt for spec in specs)
    if plan.max_repeat is not None and (asked := max(repeated.values(), default=0)) > plan.max_repeat:
        raise TooManyRepeats(asked=asked, limit=plan.max_repeat, plan=plan.name)
    if plan.max_permutations is not None and (asked := len(repeated)) > plan.max_permutations:
        raise TooManyPermutations(asked=asked, limit=plan.max_permutations, plan=plan.name)


def check_time(plan: Plan, spent: TimeSpent, specs: Sequence[JobSpec], now: datetime) -> TimeLeft | None:
    """Check that each of the jobs begins while there is GPU time left; so only the last one can exceed it.

    Returns what will be left when they are painted, if they bring it below a fifth; otherwise None.

    Raises: TimeUsedUp.
    """
    costs = [spent.estimate * RATES[speed_of(spec)] * cost_of(spec) for spec in specs]
    for period in reversed(Period):
        left = time_left(plan, spent, period, now)
        if left is not None and (fitting := _num_fitting(costs, left.left)) < len(costs):
            raise TimeUsedUp(plan=plan, left=left, asked=len(costs), fitting=fitting, reserved=spent.reserved)
    after = TimeSpent(day=spent.day, month=spent.month, reserved=spent.reserved + sum(costs, timedelta()))
    both = [(time_left(plan, spent, period, now), time_left(plan, after, period, now)) for period in Period]
    crossed = [then for before, then in both if before and then and _is_warned(then) and not _is_warned(before)]
    return min(crossed, key=lambda one: one.left / one.limit if one.limit else 0, default=None)


def _num_fitting(costs: Sequence[timedelta], left: timedelta) -> int:
    """Return before which of the jobs nothing is left; those that cost nothing always fit."""
    for number, cost in enumerate(costs):
        if cost and not left:
            return number
        left = max(timedelta(), left - cost)
    return len(costs)


def _is_warned(left: TimeLeft) -> bool:
    return left.left <= left.limit * (1 - _WARNED_AT)


def _folded(name: str) -> str:
    """Return the name as names are compared: GOLD is gold."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _worth(plan: Plan) -> tuple[float, ...]:
    """Return by what plans are compared: GPU time first, then jobs."""
    unlimited = float("inf")
    times = [one / timedelta(seconds=1) for one in (plan.per_month, plan.per_day and plan.per_day * _DAYS) if one]
    counts = (plan.max_running, plan.max_repeat, plan.max_permutations, plan.trainings)
    jobs = (unlimited if one is None else one for one in counts)
    has_time = plan.per_day != timedelta() and plan.per_month != timedelta()
    time = min(times, default=unlimited) if has_time else 0.0
    return time, plan.max_pending, *jobs, len(plan.speeds)


def time_from_text(text: str) -> timedelta | None:
    """Return the GPU time that the text says, None for no limit.

    Raises: TimeUnreadable.
    """
    if text.strip().lower() in NO_LIMIT:
        return None
    found = _TIME.fullmatch(text)
    seconds = float(found[1]) * _UNITS[found[2].lower()] if found else -1
    if not 0 <= seconds <= 31 * 24 * 3600:
        raise TimeUnreadable(text=text[:40])
    return timedelta(seconds=seconds)
