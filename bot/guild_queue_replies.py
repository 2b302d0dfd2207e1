"""Every sentence about a server's own queue and its cost, which those who manage the server read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.cards import MAX_CONTENT, length, shown_prompt
from bot.replies import duration, sentence_from_cause
from bot.store.guild_quarantine import FailedJob
from bot.store.guild_queue import GuildJob, GuildQueue
from bot.store.guild_usage import GuildMemberUsage, GuildUsage
from engine.contract.jobs import JobStatus

QUEUE_HELP = "The jobs of this server: see them, pause them, and what they cost"
LIST_HELP = "What is painted and what waits for this server"
PAUSE_HELP = "Stop starting jobs in this server; those that are painted are finished"
RESUME_HELP = "Let members of this server start jobs again; waiting ones go on"
DRAIN_HELP = "Pause, and tell you when nothing of this server is painted any more"
COST_HELP = "Jobs, pictures and engine time of each member in this server"
QUARANTINE_HELP = "Jobs of this server that failed for good; let them run again, or give them up"
DAYS_HELP = "Of which time; the last day unless you say"

MANAGERS_ONLY = "Only members who may manage this server can look after its queue."
RETRIED = "The job waits to be painted again, and its message follows it."
GIVEN_UP = "The job is given up."
NOT_QUARANTINED = "This job is not in quarantine any more."
PREVIOUS, NEXT = "Previous", "Next"

_PAUSED = "This server is paused: nobody can start jobs here, and waiting ones are held until `/queue resume`."
_ALL_PAUSED = "The whole queue is paused by Easel's operator, who can resume it."
_PROMPT_LENGTH = 80
_RESUMED = "Somebody has resumed this server meanwhile, so engines go on with its jobs. `/queue drain` pauses it again."
_RESTARTED = "Easel was restarted meanwhile. `/queue list` shows what is still painted."
_STILL = "It takes longer than Discord lets me wait. `/queue list` shows what is still painted."


def paused(queue: GuildQueue, *, is_new: bool) -> str:
    """Return that the server is paused, and what is left of it in the queue."""
    return f"{_PAUSED if is_new else 'This server is paused already. `/queue resume` ends that.'} {_left(queue)}"


def resumed(queue: GuildQueue, *, was_paused: bool) -> str:
    """Return that members may start jobs again."""
    if not was_paused:
        return "This server is not paused."
    return f"Members can start jobs again. Waiting: {queue.num_waiting}."


def draining(queue: GuildQueue) -> str:
    """Return what a drain waits for."""
    return f"{_PAUSED} Still painted: {queue.num_running}. This message changes when there is none."


def drained(queue: GuildQueue) -> str:
    """Return that nothing is painted any more, or that somebody has ended the pause before."""
    if not queue.is_paused:
        return _RESUMED
    return f"Nothing of this server is painted any more. {_PAUSED} Waiting: {queue.num_waiting}."


def not_drained(*, is_stopping: bool) -> str:
    """Return why nobody waits any more for the end of what is painted."""
    return _RESTARTED if is_stopping else _STILL


def listed(queue: GuildQueue, now: datetime, *, is_all_paused: bool) -> str:
    """Return the server's queue, as much of it as a message takes."""
    lines = [_PAUSED] if queue.is_paused else []
    lines += [_ALL_PAUSED] if is_all_paused else []
    lines.append(f"Painted: {queue.num_running}. Waiting: {queue.num_waiting}.")
    for job in queue.jobs:
        line = _job(job, now)
        if length("\n".join([*lines, line])) > MAX_CONTENT - _PROMPT_LENGTH:
            break
        lines.append(line)
    return "\n".join(lines)


def quarantine(failed: Sequence[FailedJob], said: str | None) -> str:
    """Return the jobs in quarantine, numbered from 1, below what is said first."""
    lines = [said] if said else []
    if not failed:
        return "\n".join([*lines, "No job of this server is in quarantine."])
    lines.append("These jobs failed for good, and not because of what was asked. The latest come first.")
    for number, job in enumerate(failed, 1):
        what = f"<@{job.discord_id}>: {shown_prompt(job.prompt, _PROMPT_LENGTH)}"
        lines.append(f"{number}. {what}. It failed: {sentence_from_cause(job.cause)}.")
    return "\n".join(lines)[:MAX_CONTENT]


def retry_label(number: int) -> str:
    """Return the label of the button that lets a job run again."""
    return f"Retry {number}"


def give_up_label(number: int) -> str:
    """Return the label of the button that gives a job up."""
    return f"Give up {number}"


def cost(usage: GuildUsage, *, days: int, first: int) -> str:
    """Return a page of what members have used; `first` is the place of the first of them, counted from 1."""
    period = "the last day" if days == 1 else f"the last {days} days"
    if not usage.num_members:
        return f"Nobody has started anything in this server in {period}."
    whole = (
        f"**{period.capitalize()}**: {_used(usage)}, by {usage.num_members} member{'s' * (usage.num_members != 1)}.\n"
        "Jobs that an engine paints together each count for the whole time."
    )
    lines = [f"{place}. <@{member.discord_id}>: {_used(member)}" for place, member in enumerate(usage.members, first)]
    return "\n".join([whole, *lines])


def _used(usage: GuildUsage | GuildMemberUsage) -> str:
    jobs = f"{usage.num_jobs} job{'s' * (usage.num_jobs != 1)}"
    pictures = f"{usage.num_pictures} picture{'s' * (usage.num_pictures != 1)}"
    return f"{_seconds(usage.engine_time)} of an engine, {jobs}, {pictures}"


def _seconds(time: timedelta) -> str:
    return "0 s" if time < timedelta(seconds=0.5) else duration(time)


def _left(queue: GuildQueue) -> str:
    return f"Painted: {queue.num_running}. Held: {queue.num_waiting}."


def _job(job: GuildJob, now: datetime) -> str:
    state = f"{job.progress:.0%}" if job.status is JobStatus.RUNNING else "waiting"
    age = duration(max(timedelta(), now - job.created_at))
    return f"- <@{job.discord_id}>, {state}, asked for {age} ago: {shown_prompt(job.prompt, _PROMPT_LENGTH)}"
