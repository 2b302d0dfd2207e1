"""Whether a job's message is so much out of date that it is worth an edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.delivery.context import DeliveryContext
from bot.store.deliveries import Delivery
from bot.store.job_status import JobProgress
from bot.store.tables import DeliveryForm
from engine.contract.jobs import JobStatus

TOKEN_RESERVE = timedelta(minutes=1)
"""How long before its token expires a message is left, so that the token can still delete it, or tell the member."""


def with_block(progress: JobProgress, context: DeliveryContext, guild_id: int | None) -> JobProgress:
    """Return the progress with whether the job, which was asked for in the guild, waits for more than an engine.

    That is the picture store, to start or with its pictures painted, or the end of a pause, to start.
    """
    starts = progress.status is JobStatus.WAITING
    ends = progress.status is JobStatus.RUNNING and progress.percent == 100
    is_away = context.objects.problem is not None
    is_paused = starts and context.queue.is_paused_in(guild_id)
    return replace(progress, is_blocked=is_paused or ((starts or ends) and is_away))


def needs_edit(shown: JobProgress | None, progress: JobProgress) -> bool:
    """Return whether a message that shows `shown` is out of date enough for an edit.

    The start of a job is not worth an edit, nor is a small change of the queue position.
    """
    if shown is None:
        return True
    if shown.status is progress.status is JobStatus.WAITING:
        return shown.is_blocked is not progress.is_blocked or _has_moved(shown.num_ahead or 0, progress.num_ahead or 0)
    if progress.status is JobStatus.RUNNING and progress.percent == 0 and shown.status is JobStatus.WAITING:
        return False
    return shown != progress


def must_move(delivery: Delivery) -> bool:
    """Return whether the token, without which the message cannot be edited, expires so soon that it must end there."""
    token = delivery.token
    if delivery.form is DeliveryForm.MESSAGE:
        return False
    return token is None or token.expires_at - datetime.now(UTC) < TOKEN_RESERVE


def _has_moved(shown: int, num_ahead: int) -> bool:
    """Return whether the position has changed by a quarter: a long wait takes a dozen edits at most."""
    return shown != num_ahead and 4 * abs(shown - num_ahead) >= shown
