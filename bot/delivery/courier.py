"""The loops behind deliveries: claim open ones, watch their jobs, and update messages within each channel's rate limit.

Each channel has one request in flight at a time. While its rate limit holds that one up, later edits queue, and
results go first when the limit is over.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from structlog.contextvars import bound_contextvars

from bot.delivery.channel_queue import ChannelQueue, QueueKey, edit_priority, queue_key
from bot.delivery.deliver import (
    Closed,
    DeliveryContext,
    RetryLater,
    UpToDate,
    close,
    has_unstored_message,
    needs_edit,
    send,
    with_block,
)
from bot.delivery.edit_rate import EditPriority
from bot.delivery.tracking import TrackedDeliveries, TrackedDelivery
from bot.store.deliveries import (
    Delivery,
    claim_deliveries,
    read_deliveries,
    release_claims,
    renew_claims,
    store_message_id,
)
from bot.store.eta import QueuePace, read_queue_pace
from bot.store.job_status import JobProgress, read_job_progress
from bot.store.tables import DeliveryState
from engine.contract.errors import EaselError
from engine.error_boundary import logged_result_of
from engine.store.listen import listen

_MAX_CLAIMED_AT_ONCE = 200
_MAX_FAILURES = 5
_MAX_BACKOFF = timedelta(seconds=30)
_LEASES_UNTIL_ORPHANED = 4
_STOP_TIMEOUT = timedelta(seconds=10)
"""How long a stopping process waits for requests in flight."""


class Courier:
    """Keeps the messages of open deliveries up to date."""

    def __init__(self, context: DeliveryContext) -> None:
        self._context = context
        self._tracking = TrackedDeliveries()
        self._orphaned_since: dict[UUID, timedelta] = {}
        self._queues: dict[QueueKey, ChannelQueue] = {}
        self._changed: set[UUID] = set()
        self._has_changes = asyncio.Event()
        self._is_stopping = False
        self.pace = QueuePace()

    @property
    def num_open(self) -> int:
        """How many deliveries this process holds."""
        return len(self._tracking)

    def deliver(self, delivery: Delivery, *, is_fresh: bool, shown: JobProgress | None = None) -> None:
        """Keep the message of a delivery up to date that this process has claimed.

        is_fresh: whether it is certain that no message with an unknown id exists.
        shown: what its message shows; None if it has no message or that is unknown.
        """
        self._tracking.add(TrackedDelivery(delivery=delivery, is_stored=False, is_searched=is_fresh, shown=shown))
        self._context.metrics.open.set(self.num_open)
        self.schedule_refresh(delivery.job_id)

    def schedule_refresh(self, job_id: UUID) -> None:
        """Check soon whether the messages of the job are out of date."""
        if self._tracking.has_job(job_id):
            self._changed.add(job_id)
            self._has_changes.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Update messages until `stop` is set; then finish the requests in flight and release the rest."""
        loops = [
            asyncio.create_task(self._listen(), name="courier-listen"),
            asyncio.create_task(self._poll(), name="courier-poll"),
            asyncio.create_task(self._refresh(), name="courier-refresh"),
        ]
        stopped = asyncio.create_task(_until(stop))
        try:
            done, _ = await asyncio.wait([*loops, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._stop([*loops, stopped])
        for task in done:
            task.result()

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        self._is_stopping = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sending = [queue.task for queue in self._queues.values() if queue.task]
        for queue in self._queues.values():
            queue.wake.set()
        if sending:
            _, late = await asyncio.wait(sending, timeout=_STOP_TIMEOUT.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await logged_result_of(self._release())

    async def _release(self) -> None:
        async with self._context.database.begin() as connection:
            await release_claims(connection, self._context.instance)

    async def _listen(self) -> None:
        delay = timedelta(seconds=1)
        await listen(
            self._context.database, on_change=self.schedule_refresh, on_connect=self._schedule_all, retry_delay=delay
        )

    def _schedule_all(self) -> None:
        for tracked in self._tracking:
            self.schedule_refresh(tracked.delivery.job_id)

    async def _poll(self) -> None:
        """Renew and claim well within the lease, and check every job: notifications get lost, positions move."""
        while True:
            await logged_result_of(self._claim())
            self._schedule_all()
            await asyncio.sleep(self._context.instance.lease.total_seconds() / 3)

    async def _claim(self) -> None:
        instance = self._context.instance
        held = {tracked.delivery.id for tracked in self._tracking}
        async with self._context.database.begin() as connection:
            renewed = await renew_claims(connection, instance)
            claimed = await claim_deliveries(connection, instance, limit=_MAX_CLAIMED_AT_ONCE)
            claimed += await read_deliveries(connection, self._find_orphaned(renewed))
            self.pace = await read_queue_pace(connection)
        for delivery_id in held - renewed - {delivery.id for delivery in claimed}:
            self._drop(delivery_id)
        for delivery in claimed:
            if self._tracking.get(delivery.id) is None:
                self.deliver(delivery, is_fresh=False)

    def _find_orphaned(self, renewed: frozenset[UUID]) -> list[UUID]:
        """Return the claimed deliveries that no press handed over, long after its answer can still be under way.

        A press that timed out during its commit leaves such a delivery.
        """
        now = _now()
        unhandled = [delivery_id for delivery_id in renewed if self._tracking.get(delivery_id) is None]
        self._orphaned_since = {delivery_id: self._orphaned_since.get(delivery_id, now) for delivery_id in unhandled}
        grace = _LEASES_UNTIL_ORPHANED * self._context.instance.lease
        return [delivery_id for delivery_id, since in self._orphaned_since.items() if now - since >= grace]

    async def _refresh(self) -> None:
        while True:
            await self._has_changes.wait()
            self._has_changes.clear()
            job_ids, self._changed = self._changed, set()
            error = await logged_result_of(self._queue_edits(job_ids))
            if error:
                self._changed |= job_ids
                await asyncio.sleep(1)
                self._has_changes.set()

    async def _queue_edits(self, job_ids: set[UUID]) -> None:
        async with self._context.transaction() as connection:
            progress_by_job = await read_job_progress(connection, job_ids)
            unstored = [tracked for tracked in self._tracking.of_jobs(job_ids) if has_unstored_message(tracked)]
            for tracked in unstored:
                message_id = tracked.delivery.message_id or 0
                await store_message_id(connection, tracked.delivery.id, message_id, self._context.instance)
        for tracked in unstored:
            tracked.is_stored = True
        # In the order of the jobs, so that messages that change together are edited in the order of the queue.
        for tracked in self._tracking.of_jobs(sorted(job_ids)):
            found = progress_by_job.get(tracked.delivery.job_id)
            progress = with_block(found, self._context.objects) if found else None
            if progress and needs_edit(tracked.shown, progress):
                self._queue_edit(tracked, edit_priority(tracked.shown, progress))

    def _queue_edit(self, tracked: TrackedDelivery, priority: EditPriority, after: timedelta = timedelta()) -> None:
        key = queue_key(tracked)
        queue = self._queues.setdefault(key, ChannelQueue())
        queue.limiter.request(tracked.delivery.id, priority, _now(), after=after)
        queue.wake.set()
        if (queue.task is None or queue.task.done()) and not self._is_stopping:
            queue.task = asyncio.create_task(self._run_queue(queue), name=f"courier-channel-{key[0]}")

    async def _run_queue(self, queue: ChannelQueue) -> None:
        """Send the pending edits, one at a time, until there are none."""
        while not self._is_stopping:
            queue.wake.clear()
            key = queue.limiter.take_next(_now())
            pause = queue.limiter.time_until_next(_now())
            if key is not None:
                await self._send(queue, key)
            elif pause is None:
                return
            else:
                await queue.wait(pause)

    async def _send(self, queue: ChannelQueue, key: UUID) -> None:
        tracked = self._tracking.get(key)
        if tracked is None:
            queue.limiter.forget(key)
            return
        with bound_contextvars(job=str(tracked.delivery.job_id)):
            await self._send_tracked(queue, tracked)

    async def _send_tracked(self, queue: ChannelQueue, tracked: TrackedDelivery) -> None:
        key = tracked.delivery.id
        result = await logged_result_of(send(self._context, tracked))
        match result:
            case Closed():
                queue.limiter.record_edit(key, _now())
                self._drop(key)
            case UpToDate(is_edited=is_edited):
                tracked.failures = 0
                if is_edited:
                    queue.limiter.record_edit(key, _now())
            case RetryLater(after=after):
                self._retry(queue, tracked, after)
            case EaselError():
                self._retry(queue, tracked, None)
            case Exception():
                await self._retry_or_close(queue, tracked, result)

    async def _retry_or_close(self, queue: ChannelQueue, tracked: TrackedDelivery, error: Exception) -> None:
        """Retry after an unexpected error, up to a limit."""
        if tracked.failures < _MAX_FAILURES:
            self._retry(queue, tracked, None)
            return
        result = await logged_result_of(
            close(self._context, tracked, DeliveryState.UNDELIVERABLE, type(error).__name__)
        )
        if isinstance(result, Closed):
            self._drop(tracked.delivery.id)

    def _retry(self, queue: ChannelQueue, tracked: TrackedDelivery, after: timedelta | None) -> None:
        if after is None:
            after = min(_MAX_BACKOFF, timedelta(seconds=2**tracked.failures))
            tracked.failures += 1
        if self._queues.get(queue_key(tracked)) is not queue:
            queue.limiter.forget(tracked.delivery.id)
        self._queue_edit(tracked, EditPriority.RESULT, after)

    def _drop(self, delivery_id: UUID) -> None:
        tracked = self._tracking.drop(delivery_id)
        self._context.metrics.open.set(self.num_open)
        if tracked is None:
            return
        key = queue_key(tracked)
        queue = self._queues.get(key)
        if queue:
            queue.limiter.forget(delivery_id)
            if queue.limiter.is_empty:
                del self._queues[key]


def _now() -> timedelta:
    return timedelta(seconds=asyncio.get_running_loop().time())


async def _until(event: asyncio.Event) -> None:
    await event.wait()
