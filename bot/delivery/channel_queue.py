"""The pending edits of each channel, with the tasks that send them: one request at a time, the important ones first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from bot.delivery.edit_rate import EditPriority, EditRateLimiter
from bot.delivery.tracking import TrackedDelivery, TrackedSeries
from bot.store.job_status import JobProgress
from bot.store.tables import DeliveryKind
from engine.contract.jobs import FINAL, JobStatus

QueueKey = tuple[int, bool]
"""A channel, and whether messages are posted: posts do not wait for edits, which have a rate limit of their own."""

_POSTED = frozenset({DeliveryKind.GALLERY, DeliveryKind.PICTURE})
_STOP_TIMEOUT = timedelta(seconds=10)
"""How long a stopping process waits for requests in flight."""


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


Send = Callable[[ChannelQueue, UUID], Awaitable[None]]


class ChannelQueues:
    """The queues of all channels; `send` sends the edit with that key."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queues: dict[QueueKey, ChannelQueue] = {}
        self._is_stopping = False

    def request(
        self, item: TrackedDelivery | TrackedSeries, priority: EditPriority, after: timedelta = timedelta()
    ) -> ChannelQueue:
        """Request an edit, and return the queue that it is in."""
        name = queue_key(item)
        queue = self._queues.setdefault(name, ChannelQueue())
        queue.limiter.request(item.key, priority, now(), after=after)
        queue.wake.set()
        if (queue.task is None or queue.task.done()) and not self._is_stopping:
            queue.task = asyncio.create_task(self._run(queue), name=f"courier-channel-{name[0]}")
        return queue

    def forget(self, item: TrackedDelivery | TrackedSeries) -> None:
        """Remove everything about the message."""
        name = queue_key(item)
        queue = self._queues.get(name)
        if queue:
            queue.limiter.forget(item.key)
            if queue.limiter.is_empty:
                del self._queues[name]

    async def stop(self) -> None:
        """Finish the requests in flight."""
        self._is_stopping = True
        sending = [queue.task for queue in self._queues.values() if queue.task]
        for queue in self._queues.values():
            queue.wake.set()
        if sending:
            _, late = await asyncio.wait(sending, timeout=_STOP_TIMEOUT.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, queue: ChannelQueue) -> None:
        """Send the pending edits, one at a time, until there are none."""
        while not self._is_stopping:
            queue.wake.clear()
            key = queue.limiter.take_next(now())
            pause = queue.limiter.time_until_next(now())
            if key is not None:
                await self._send(queue, key)
            elif pause is None:
                return
            else:
                await queue.wait(pause)


def queue_key(item: TrackedDelivery | TrackedSeries) -> QueueKey:
    """Return the queue that the item's edits go to."""
    if isinstance(item, TrackedSeries):
        return item.message.channel_id, False
    is_posted = item.delivery.kind in _POSTED or item.series is not None
    return item.delivery.channel_id, is_posted


def edit_priority(shown: JobProgress | None, progress: JobProgress) -> EditPriority:
    """Return the priority of an edit from what the message shows to the job's current progress."""
    if progress.status in FINAL:
        return EditPriority.RESULT
    has_moved = shown is not None and shown.status is progress.status is JobStatus.WAITING
    return EditPriority.QUEUE_POSITION if has_moved else EditPriority.PREVIEW


def now() -> timedelta:
    """Return the instant, as time since any fixed start."""
    return timedelta(seconds=asyncio.get_running_loop().time())
