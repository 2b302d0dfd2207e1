"""What members read about their plan: why something is not in it, how much GPU time is left, and when there is more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from discord.utils import escape_markdown

from bot.language import Phrase, _, listed, number, plural
from bot.policy.plans import (
    STANDARD,
    Period,
    Plan,
    PlanNameRefused,
    PlanUnknown,
    SpeedNotAllowed,
    TimeLeft,
    TimeUnreadable,
    TimeUsedUp,
    TooManyPermutations,
    TooManyPlans,
    TooManyRepeats,
)
from bot.policy.training_quota import CountUnreadable, TrainingsUsedUp
from engine.contract.errors import EaselError
from engine.contract.jobs import Speed

BUILT_IN_NAME = Phrase("the standard plan")
_TO_RELAX = Phrase("Add `--relax` to the prompt: it costs no GPU time, and is painted when no other job waits.")
_TO_CANCEL = Phrase("Cancel a job that waits, and its time is yours again.")
NAME_REFUSED = Phrase(
    "A plan needs a name with a letter or a digit, and not `standard`, which is what the operator's is called. Choose "
    "another name."
)
_SEE = Phrase("`/info` shows what your plan allows.")


def plan_name(name: str) -> str:
    """Return how a plan is called in a sentence."""
    return str(BUILT_IN_NAME) if name in ("", STANDARD) else f"**{escape_markdown(name)}**"


def gpu_time(time: timedelta) -> str:
    """Return GPU time, exact enough to see how much is left: 90 s, 12 min, 3.5 h."""
    seconds = time.total_seconds()
    if seconds < 120:
        return _("{n} s", n=number(seconds))
    if seconds < 7200:
        return _("{n} min", n=number(seconds / 60))
    return _("{n} h", n=number(seconds / 3600, digits=1))


def in_time(moment: datetime) -> str:
    """Return when that is, as Discord shows it in the reader's own time: in 3 hours."""
    return f"<t:{int(moment.timestamp())}:R>"


def plan_lines(plan: Plan) -> list[str]:
    """Return what the plan allows, a line for each kind of limit."""
    lines = [_("{time} of GPU time a day", time=gpu_time(plan.per_day))] if plan.per_day is not None else []
    if plan.per_month is not None:
        lines.append(_("{time} of GPU time a month", time=gpu_time(plan.per_month)))
    if not lines:
        lines.append(_("GPU time without a limit"))
    if plan.max_running is not None:
        lines.append(plural(plan.max_running, "{n} job at once", "{n} jobs at once"))
    lines.append(plural(plan.max_pending, "{n} unfinished job", "{n} unfinished jobs"))
    if plan.max_repeat is not None:
        lines.append(_("`--repeat` up to {n}", n=plan.max_repeat))
    if plan.max_permutations is not None:
        lines.append(plural(plan.max_permutations, "{n} prompt by sets", "{n} prompts by sets"))
    if plan.trainings is not None:
        lines.append(plural(plan.trainings, "{n} training a month", "{n} trainings a month"))
    speeds = [f"`--{speed}`" for speed in Speed if speed in plan.speeds]
    return [*lines, " ".join(speeds)]


def plan_unknown(error: PlanUnknown) -> str:
    """Return that the server has no such plan, and which it has."""
    name, known = escape_markdown(str(error.facts["name"])), [plan_name(one) for one in error.known]
    if not known:
        return _("This server has no plan called {name}, nor any other. `/plan set` makes one.", name=name)
    return _("This server has no plan called {name}. It has {known}.", name=name, known=listed(known))


def time_unreadable(error: TimeUnreadable) -> str:
    """Return how a time is written."""
    return _(
        "`{text}` is no time. Write it as 90s, 30m or 2h, or write none for no limit.",
        text=str(error.facts["text"]).replace("`", "'"),
    )


def count_unreadable(error: CountUnreadable) -> str:
    """Return how a number of trainings is written."""
    return _(
        "`{text}` is no number of trainings. Write one, such as 3, or none for no limit.",
        text=str(error.facts["text"]).replace("`", "'"),
    )


def trainings_used_up(error: TrainingsUsedUp) -> str:
    """Return how many trainings the plan allows, and when there are more."""
    name = _plan_of(error)
    if not error.limit:
        what = _("Your plan, {plan}, allows no trainings.", plan=name)
        return f"{what} {_SEE}"
    what = plural(
        error.limit,
        "Your plan, {plan}, allows {n} training a month, which you have had. You can train again {when}.",
        "Your plan, {plan}, allows {n} trainings a month, which you have had. You can train again {when}.",
        plan=name,
        when=in_time(error.renewed_at),
    )
    return f"{what} {_SEE}"


def too_many_plans(error: TooManyPlans) -> str:
    """Return that the server has enough plans."""
    return _("A server can have {limit} plans. Change one, or remove one first.", limit=error.facts["limit"])


def speed_not_allowed(error: SpeedNotAllowed) -> str:
    """Return that the plan does not have the speed."""
    what = _("`--{speed}` is not in your plan, {plan}. Remove it.", speed=error.facts["speed"], plan=_plan_of(error))
    return f"{what} {_SEE}"


def too_many_repeats(error: TooManyRepeats) -> str:
    """Return how many the plan allows by `--repeat`."""
    what = _(
        "Your plan, {plan}, allows `--repeat` up to {limit}, and this prompt asks for {asked}. Lower it.",
        plan=_plan_of(error),
        limit=error.facts["limit"],
        asked=error.facts["asked"],
    )
    return f"{what} {_SEE}"


def too_many_permutations(error: TooManyPermutations) -> str:
    """Return how many the plan allows by sets."""
    what = _(
        "Your plan, {plan}, allows {limit} prompts in one by sets such as {{red, green}}, and this makes {asked}. "
        "Leave some out, or send them one at a time.",
        plan=_plan_of(error),
        limit=error.facts["limit"],
        asked=error.facts["asked"],
    )
    return f"{what} {_SEE}"


def time_used_up(error: TimeUsedUp) -> str:
    """Return which limit it is, how much is used, when there is more, and what to do until then."""
    sentences = [_some_fit(error) if error.fitting else _none_fits(error)]
    if error.reserved:
        sentences.append(
            _("{reserved} of GPU time are set aside for your unfinished jobs.", reserved=gpu_time(error.reserved))
        )
    sentences.append(_("Your GPU time is renewed {when}.", when=in_time(error.left.renewed_at)))
    if Speed.RELAX in error.plan.speeds:
        sentences.append(str(_TO_RELAX))
    if error.reserved:
        sentences.append(str(_TO_CANCEL))
    return " ".join(sentences)


def nearly_used_up(left: TimeLeft) -> str:
    """Return how much is left when this is painted."""
    fields = {"left": gpu_time(left.left), "limit": gpu_time(left.limit), "when": in_time(left.renewed_at)}
    if left.period is Period.DAY:
        said = _("After this, about {left} of today's {limit} of GPU time are left. It is renewed {when}.", **fields)
    else:
        said = _(
            "After this, about {left} of this month's {limit} of GPU time are left. It is renewed {when}.", **fields
        )
    return _("{said} `--relax` costs none, and `/info` shows the rest.", said=said)


def notice(*, warning: TimeLeft | None, relaxed: TimeLeft | None) -> str:
    """Return what a member is told about their GPU time when a job starts; empty if nothing is."""
    if relaxed:
        return relaxed_instead(relaxed)
    return nearly_used_up(warning) if warning else ""


def relaxed_instead(used_up: TimeLeft) -> str:
    """Return why a job is relaxed."""
    when = in_time(used_up.renewed_at)
    return _(
        "Your GPU time is used up, so this is painted relaxed: when no other job waits, and at no cost. It is renewed "
        "{when}; `/info` shows the rest.",
        when=when,
    )


def _none_fits(error: TimeUsedUp) -> str:
    left = error.left
    fields = {"limit": gpu_time(left.limit), "plan": plan_name(error.plan.name)}
    if left.period is Period.DAY:
        return _("You have used today's {limit} of GPU time of your plan, {plan}.", **fields)
    return _("You have used this month's {limit} of GPU time of your plan, {plan}.", **fields)


def _some_fit(error: TimeUsedUp) -> str:
    left = error.left
    fields = {
        "n": number(error.fitting),
        "asked": number(error.asked),
        "left": gpu_time(left.left),
        "limit": gpu_time(left.limit),
    }
    if left.period is Period.DAY:
        return _(
            "There is GPU time for {n} of these {asked} jobs: {left} of today's {limit} are left. Ask for fewer.",
            **fields,
        )
    return _(
        "There is GPU time for {n} of these {asked} jobs: {left} of this month's {limit} are left. Ask for fewer.",
        **fields,
    )


def _plan_of(error: SpeedNotAllowed | TooManyRepeats | TooManyPermutations | TrainingsUsedUp) -> str:
    return plan_name(str(error.facts["plan"]))


PLAN_SENTENCES: Mapping[type[EaselError], Callable[[Any], str]] = {
    CountUnreadable: count_unreadable,
    PlanNameRefused: lambda error: str(NAME_REFUSED),
    PlanUnknown: plan_unknown,
    SpeedNotAllowed: speed_not_allowed,
    TimeUnreadable: time_unreadable,
    TimeUsedUp: time_used_up,
    TooManyPermutations: too_many_permutations,
    TooManyPlans: too_many_plans,
    TooManyRepeats: too_many_repeats,
    TrainingsUsedUp: trainings_used_up,
}
