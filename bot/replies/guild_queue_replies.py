"""Every sentence about a server's own queue and its cost, which those who manage the server read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.cards import MAX_CONTENT, length, shown_prompt
from bot.language import Phrase, _, percentage, plural
from bot.replies import duration
from bot.replies.cause_replies import sentence_from_cause
from bot.replies.plan_replies import gpu_time
from bot.store.guild_quarantine import FailedJob
from bot.store.guild_queue import GuildJob, GuildQueue
from bot.store.guild_usage import GuildMemberUsage, GuildUsage
from engine.contract.jobs import JobStatus

QUEUE_HELP = Phrase("The jobs of this server: see them, pause them, and what they cost")
LIST_HELP = Phrase("What is painted and what waits for this server")
PAUSE_HELP = Phrase("Stop starting jobs in this server; those that are painted are finished")
RESUME_HELP = Phrase("Let members of this server start jobs again; waiting ones go on")
DRAIN_HELP = Phrase("Pause, and tell you when nothing of this server is painted any more")
COST_HELP = Phrase("Jobs, pictures and engine time of each member in this server")
QUARANTINE_HELP = Phrase("Jobs of this server that failed for good; let them run again, or give them up")
DAYS_HELP = Phrase("Of which time; the last day unless you say")
DAYS_CHOICES: Mapping[int, Phrase] = {1: Phrase("The last 24 hours"), 30: Phrase("The last 30 days")}

MANAGERS_ONLY = Phrase("Only members who may manage this server can look after its queue.")
RETRIED = Phrase("The job waits to be painted again, and its message follows it.")
GIVEN_UP = Phrase("The job is given up.")
NOT_QUARANTINED = Phrase("This job is not in quarantine any more.")
PREVIOUS, NEXT = Phrase("Previous"), Phrase("Next")

_PAUSED = Phrase("This server is paused: nobody can start jobs here, and waiting ones are held until `/queue resume`.")
_PAUSED_ALREADY = Phrase("This server is paused already. `/queue resume` ends that.")
_ALL_PAUSED = Phrase("The whole queue is paused by Easel's operator, who can resume it.")
_PROMPT_LENGTH = 80
_RESUMED = Phrase(
    "Somebody has resumed this server meanwhile, so engines go on with its jobs. `/queue drain` pauses it again."
)
_RESTARTED = Phrase("Easel was restarted meanwhile. `/queue list` shows what is still painted.")
_STILL = Phrase("It takes longer than Discord lets me wait. `/queue list` shows what is still painted.")


def paused(queue: GuildQueue, *, is_new: bool) -> str:
    """Return that the server is paused, and what is left of it in the queue."""
    left = _("Painted: {painted}. Held: {held}.", painted=queue.num_running, held=queue.num_waiting)
    return f"{_PAUSED if is_new else _PAUSED_ALREADY} {left}"


def resumed(queue: GuildQueue, *, was_paused: bool) -> str:
    """Return that members may start jobs again."""
    if not was_paused:
        return _("This server is not paused.")
    return _("Members can start jobs again. Waiting: {number}.", number=queue.num_waiting)


def draining(queue: GuildQueue) -> str:
    """Return what a drain waits for."""
    return _(
        "{paused} Still painted: {number}. This message changes when there is none.",
        paused=_PAUSED,
        number=queue.num_running,
    )


def drained(queue: GuildQueue) -> str:
    """Return that nothing is painted any more, or that somebody has ended the pause before."""
    if not queue.is_paused:
        return str(_RESUMED)
    return _(
        "Nothing of this server is painted any more. {paused} Waiting: {number}.",
        paused=_PAUSED,
        number=queue.num_waiting,
    )


def not_drained(*, is_stopping: bool) -> str:
    """Return why nobody waits any more for the end of what is painted."""
    return str(_RESTARTED if is_stopping else _STILL)


def listed(queue: GuildQueue, now: datetime, *, is_all_paused: bool) -> str:
    """Return the server's queue, as much of it as a message takes."""
    lines = [str(_PAUSED)] if queue.is_paused else []
    lines += [str(_ALL_PAUSED)] if is_all_paused else []
    lines.append(counted(queue))
    for job in queue.jobs:
        line = _job(job, now)
        if length("\n".join([*lines, line])) > MAX_CONTENT - _PROMPT_LENGTH:
            break
        lines.append(line)
    return "\n".join(lines)


def counted(queue: GuildQueue) -> str:
    """Return how many jobs of the server are painted, and how many wait."""
    return _("Painted: {painted}. Waiting: {waiting}.", painted=queue.num_running, waiting=queue.num_waiting)


def quarantine(failed: Sequence[FailedJob], said: str | None) -> str:
    """Return the jobs in quarantine, numbered from 1, below what is said first."""
    lines = [said] if said else []
    if not failed:
        return "\n".join([*lines, _("No job of this server is in quarantine.")])
    lines.append(_("These jobs failed for good, and not because of what was asked. The latest come first."))
    for number, job in enumerate(failed, 1):
        what = f"<@{job.discord_id}>: {shown_prompt(job.prompt, _PROMPT_LENGTH)}"
        lines.append(f"{number}. " + _("{job}. It failed: {cause}.", job=what, cause=sentence_from_cause(job.cause)))
    return "\n".join(lines)[:MAX_CONTENT]


def retry_label(number: int) -> str:
    """Return the label of the button that lets a job run again."""
    return _("Retry {number}", number=number)


def give_up_label(number: int) -> str:
    """Return the label of the button that gives a job up."""
    return _("Give up {number}", number=number)


def cost(usage: GuildUsage, *, days: int, first: int) -> str:
    """Return a page of what members have used; `first` is the place of the first of them, counted from 1."""
    if not usage.num_members:
        return plural(
            days,
            "Nobody has started anything in this server in the last day.",
            "Nobody has started anything in this server in the last {n} days.",
        )
    whole = _(
        "**{period}**: {used}, by {members}.",
        period=plural(days, "The last day", "The last {n} days"),
        used=_used(usage),
        members=plural(usage.num_members, "{n} member", "{n} members"),
    )
    explained = _("Jobs that an engine paints together each count for the whole time.")
    lines = [f"{place}. <@{member.discord_id}>: {_used(member)}" for place, member in enumerate(usage.members, first)]
    return "\n".join([whole, explained, *lines])


def _used(usage: GuildUsage | GuildMemberUsage) -> str:
    return _(
        "{time} of an engine, {jobs}, {pictures}",
        time=gpu_time(usage.engine_time),
        jobs=plural(usage.num_jobs, "{n} job", "{n} jobs"),
        pictures=plural(usage.num_pictures, "{n} picture", "{n} pictures"),
    )


def _job(job: GuildJob, now: datetime) -> str:
    return "- " + _(
        "{who}, {state}, asked for {age} ago: {prompt}",
        who=f"<@{job.discord_id}>",
        state=percentage(job.progress) if job.status is JobStatus.RUNNING else _("waiting"),
        age=duration(max(timedelta(), now - job.created_at)),
        prompt=shown_prompt(job.prompt, _PROMPT_LENGTH),
    )
