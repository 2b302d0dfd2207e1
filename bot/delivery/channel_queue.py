"""The pending edits of one channel, with the task that sends them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta

from bot.delivery.edit_rate import EditPriority, EditRateLimiter
from bot.delivery.tracking import TrackedDelivery
from bot.store.job_status import JobProgress
from bot.store.tables import DeliveryKind
from engine.contract.jobs import FINAL, JobStatus

QueueKey = tuple[int, DeliveryKind]
"""A channel and a kind: posts of single pictures do not wait for edits, which have a rate limit of their own."""


@dataclass(kw_only=True)
class ChannelQueue:
    """The pending edits of one channel, and the task that sends them while there are any."""

    limiter: EditRateLimiter = field(default_factory=EditRateLimiter)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def wait(self, longest: timedelta) -> None:
        """Return when `wake` is set, or after `longest`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest.total_seconds()):
                await self.wake.wait()


def queue_key(tracked: TrackedDelivery) -> QueueKey:
    """Return the queue that the delivery's edits go to."""
    return tracked.delivery.channel_id, tracked.delivery.kind


def edit_priority(shown: JobProgress | None, progress: JobProgress) -> EditPriority:
    """Return the priority of an edit from what the message shows to the job's current progress."""
    if progress.status in FINAL:
        return EditPriority.RESULT
    has_moved = shown is not None and shown.status is progress.status is JobStatus.WAITING
    return EditPriority.QUEUE_POSITION if has_moved else EditPriority.PREVIEW
