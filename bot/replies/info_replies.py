"""What `/info` says: a member's jobs, plan, GPU time and votes, and how fast things are here."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.cards import MAX_CONTENT, length, shown_prompt
from bot.language import Phrase, _, number, percentage, plural
from bot.policy.plans import Period, TimeLeft, time_left
from bot.replies import duration, waiting
from bot.replies.plan_replies import gpu_time, in_time, plan_lines, plan_name
from bot.store.own_summary import MOST_COUNTED, OwnJob, OwnSummary
from engine.contract.costs import CLIP_GUIDANCE_COST
from engine.contract.jobs import JobStatus
from engine.prompt import Limits

INFO_HELP = Phrase("Your jobs and when they are done, your plan and GPU time, and how fast it is here")
NO_JOBS = Phrase("No job of yours is waiting or painted. `/imagine` starts one.")

_PROMPT_LENGTH = 60
_SHOWN = timedelta(seconds=0.5)


def summary(found: OwnSummary, limits: Limits, now: datetime, *, is_paused: bool) -> str:
    """Return the summary, of the jobs as many as a message takes."""
    head, rest = _jobs_head(found, is_paused=is_paused), [*_plan(found, now), *_so_far(found), *_here(found, limits)]
    shown = list[str]()
    for line in map(_job, found.jobs):
        if length("\n".join([*head, *shown, line, *rest])) > MAX_CONTENT - 100:
            break
        shown.append(line)
    if hidden := found.num_running + found.num_waiting - len(shown):
        shown += [plural(hidden, "and {n} more", "and {n} more")] if shown else []
    return "\n".join([*head, *shown, *rest])


def _jobs_head(found: OwnSummary, *, is_paused: bool) -> list[str]:
    if not found.num_running + found.num_waiting:
        return [str(NO_JOBS)]
    counts = {"running": number(found.num_running), "waiting": number(found.num_waiting)}
    return [
        _("**Your jobs**: {running} being painted, {waiting} waiting", **counts),
        *([_("The queue is paused at the moment.")] if is_paused else []),
    ]


def _job(job: OwnJob) -> str:
    prompt = shown_prompt(job.prompt, _PROMPT_LENGTH)
    if job.message_id is not None:
        place = "@me" if job.guild_id is None else str(job.guild_id)
        link = f"https://discord.com/channels/{place}/{job.channel_id}/{job.message_id}"
        return _("- {state}: {prompt} {link}", state=_state(job), prompt=prompt, link=link)
    return _("- {state}: {prompt}", state=_state(job), prompt=prompt)


def _state(job: OwnJob) -> str:
    if job.status is JobStatus.RUNNING and job.num_ahead is None:
        return percentage(job.progress)
    if job.num_ahead is None:
        return _("Held")
    return waiting(job.num_ahead, job.wait)


def _plan(found: OwnSummary, now: datetime) -> list[str]:
    limits = ", ".join(plan_lines(found.plan))
    lines = ["", _("**Your plan** is {plan}: {limits}.", plan=plan_name(found.plan.name), limits=limits)]
    left = [time_left(found.plan, found.spent, period, now) for period in Period]
    lines += [_left(found, one) for one in left if one]
    used = {"day": gpu_time(found.spent.day), "month": gpu_time(found.spent.month)}
    lines += [] if any(left) else [_("**GPU time**: {day} today, {month} this month.", **used)]
    if found.plan.trainings is not None:
        trainings = {"used": found.spent.trainings, "limit": found.plan.trainings}
        lines.append(_("**Trainings this month**: {used} of {limit}.", **trainings))
    if found.spent.reserved >= _SHOWN:
        lines.append(
            _("{reserved} of GPU time are set aside for your unfinished jobs.", reserved=gpu_time(found.spent.reserved))
        )
    return lines


def _left(found: OwnSummary, left: TimeLeft) -> str:
    used = found.spent.day if left.period is Period.DAY else found.spent.month
    fields = {
        "used": gpu_time(used),
        "limit": gpu_time(left.limit),
        "left": gpu_time(left.left),
        "when": in_time(left.renewed_at),
    }
    if left.period is Period.DAY:
        return _("**GPU time today**: {used} of {limit} used, {left} left. Renewed {when}.", **fields)
    return _("**GPU time this month**: {used} of {limit} used, {left} left. Renewed {when}.", **fields)


def _so_far(found: OwnSummary) -> list[str]:
    jobs = plural(found.num_jobs, "{n}{more} job", "{n}{more} jobs", more=_more(found.num_jobs))
    pictures = plural(found.num_pictures, "{n}{more} picture", "{n}{more} pictures", more=_more(found.num_pictures))
    votes = plural(found.num_votes, "{n}{more} vote", "{n}{more} votes", more=_more(found.num_votes))
    return [_("**So far**: {jobs}, {pictures}, {votes}.", jobs=jobs, pictures=pictures, votes=votes)]


def _more(count: int) -> str:
    return "+" if count >= MOST_COUNTED else ""


def _here(found: OwnSummary, limits: Limits) -> list[str]:
    lines = ["", *_models(limits)]
    if found.pace.per_job:
        lines.append(_("**Speed here**: a job about every {time}.", time=duration(found.pace.per_job)))
    return [*lines, *_costs(limits)]


def _costs(limits: Limits) -> list[str]:
    """Return what takes long, if a model here can do it."""
    if not any("clip_guidance" in (model.abilities or ()) for model in limits.models):
        return []
    times = number(CLIP_GUIDANCE_COST)
    return [_("**--clip-guidance** takes about {times} times as long, and as much GPU time.", times=times)]


def _models(limits: Limits) -> list[str]:
    names = [f"`{model.name}`" for model in limits.models if model.name != limits.default_model]
    if not limits.models:
        return []
    shown = [f"`{limits.default_model}`", *names[:10], *(["..."] if len(names) > 10 else [])]
    return [_("**Models here**: {models}. The first one paints unless you choose.", models=", ".join(shown))]
