"""The loops behind deliveries: claim open ones, watch their jobs, and update messages within each channel's rate limit.

Each channel has one request in flight at a time. While its rate limit holds that one up, later edits queue, and
results go first when the limit is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from structlog.contextvars import bound_contextvars

from bot.cards import Card
from bot.delivery.channel_queue import ChannelQueue, ChannelQueues, edit_priority, now
from bot.delivery.context import Closed, DeliveryContext, RetryLater, SendResult, UpToDate
from bot.delivery.deliver import close, send
from bot.delivery.due_edits import must_move, needs_edit, with_block
from bot.delivery.edit_rate import EditPriority
from bot.delivery.series import update_series
from bot.delivery.tracking import TrackedDeliveries, TrackedDelivery, TrackedSeries, has_unstored_message
from bot.language import speaking
from bot.store.deliveries import (
    Delivery,
    claim_deliveries,
    read_deliveries,
    release_claims,
    renew_claims,
)
from bot.store.eta import QueuePace, read_queue_pace
from bot.store.job_status import JobProgress, read_job_progress
from bot.store.posted_messages import store_message_ids
from bot.store.tables import DeliveryState
from engine.contract.errors import EaselError
from engine.contract.jobs import FINAL
from engine.error_boundary import logged_result_of
from engine.store.listen import listen

_MAX_CLAIMED_AT_ONCE = 200
_MAX_FAILURES = 5
_MAX_BACKOFF = timedelta(seconds=30)
_LEASES_UNTIL_ORPHANED = 4


class Courier:
    """Keeps the messages of open deliveries up to date."""

    def __init__(self, context: DeliveryContext) -> None:
        self._context = context
        self._tracking = TrackedDeliveries()
        self._orphaned_since: dict[UUID, timedelta] = {}
        self._queues = ChannelQueues(self._send)
        self._changed: set[UUID] = set()
        self._has_changes = asyncio.Event()
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

    def deliver_series(self, series: Sequence[Delivery], *, is_fresh: bool, shown: Card | None = None) -> None:
        """Deliver the grids of a series that this process has claimed, and keep its message, `reply_to`, up to date.

        is_fresh: whether it is certain that no message with an unknown id exists.
        shown: what its message shows; None if it has none or that is unknown.
        """
        for delivery in series:
            self.deliver(delivery, is_fresh=is_fresh)
        tracked = self._tracking.get(series[0].id)
        if tracked and tracked.series:
            tracked.series.shown = shown

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
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._queues.stop()
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
        moment = now()
        unhandled = [delivery_id for delivery_id in renewed if self._tracking.get(delivery_id) is None]
        self._orphaned_since = {delivery_id: self._orphaned_since.get(delivery_id, moment) for delivery_id in unhandled}
        grace = _LEASES_UNTIL_ORPHANED * self._context.instance.lease
        return [delivery_id for delivery_id, since in self._orphaned_since.items() if moment - since >= grace]

    async def _refresh(self) -> None:
        while True:
            await self._has_changes.wait()
            await self._context.unanswered.give_way()
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
            if unstored:
                message_ids = {tracked.key: tracked.delivery.message_id or 0 for tracked in unstored}
                await store_message_ids(connection, message_ids, self._context.instance)
        for tracked in unstored:
            tracked.is_stored = True
        # In the order of the jobs, so that messages that change together are edited in the order of the queue.
        for tracked in self._tracking.of_jobs(sorted(job_ids)):
            found = progress_by_job.get(tracked.delivery.job_id)
            progress = with_block(found, self._context, tracked.delivery.guild_id) if found else None
            is_told = tracked.series is not None and progress is not None and progress.status not in FINAL
            is_due = must_move(tracked.delivery) or (progress and needs_edit(tracked.shown, progress))
            if progress and not is_told and is_due:
                self._queues.request(tracked, edit_priority(tracked.shown, progress))
            if tracked.series:
                self._queues.request(tracked.series, EditPriority.PREVIEW)

    async def _send(self, queue: ChannelQueue, key: UUID) -> None:
        await self._context.unanswered.give_way()
        tracked, series = self._tracking.get(key), self._tracking.get_series(key)
        if tracked:
            with bound_contextvars(job=str(tracked.delivery.job_id)), speaking(tracked.delivery.language):
                await self._settle(queue, tracked, await logged_result_of(send(self._context, tracked)))
        elif series:
            with bound_contextvars(series=series.press_id), speaking(series.message.language):
                await self._settle(queue, series, await logged_result_of(update_series(self._context, series)))
        else:
            queue.limiter.forget(key)

    async def _settle(
        self, queue: ChannelQueue, item: TrackedDelivery | TrackedSeries, result: SendResult | Exception | None
    ) -> None:
        match result:
            case Closed():
                queue.limiter.record_edit(item.key, now())
                if isinstance(item, TrackedDelivery):
                    self._drop(item.key)
            case UpToDate(is_edited=is_edited):
                item.failures = 0
                if is_edited:
                    queue.limiter.record_edit(item.key, now())
                elif isinstance(item, TrackedSeries):
                    # Its state was read, which is not to be repeated at every step of every job.
                    queue.limiter.rest(item.key, now())
            case RetryLater(after=after):
                self._retry(queue, item, after)
            case EaselError():
                self._retry(queue, item, None)
            case Exception():
                await self._retry_or_close(queue, item, result)

    async def _retry_or_close(
        self, queue: ChannelQueue, item: TrackedDelivery | TrackedSeries, error: Exception
    ) -> None:
        """Retry after an unexpected error, up to a limit."""
        if item.failures < _MAX_FAILURES:
            self._retry(queue, item, None)
            return
        if isinstance(item, TrackedSeries):
            item.is_lost = True
            return
        result = await logged_result_of(close(self._context, item, DeliveryState.UNDELIVERABLE, type(error).__name__))
        if isinstance(result, Closed):
            self._drop(item.key)

    def _retry(self, queue: ChannelQueue, item: TrackedDelivery | TrackedSeries, after: timedelta | None) -> None:
        if after is None:
            after = min(_MAX_BACKOFF, timedelta(seconds=2**item.failures))
            item.failures += 1
        if self._queues.request(item, EditPriority.RESULT, after) is not queue:
            queue.limiter.forget(item.key)

    def _drop(self, delivery_id: UUID) -> None:
        tracked = self._tracking.drop(delivery_id)
        self._context.metrics.open.set(self.num_open)
        if tracked is None:
            return
        self._queues.forget(tracked)
        if tracked.series and self._tracking.get_series(tracked.series.key) is None:
            self._queues.forget(tracked.series)


async def _until(event: asyncio.Event) -> None:
    await event.wait()
