"""The loops that carry deliveries: claim what is open, hear what changes, and send in each channel's pace.

A channel has one message in flight at a time. While its rate limit makes that one wait, later wishes gather, and when
the budget is back the results among them go first.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from bot.delivery.deliver import Again, Ended, Office, UpToDate, close, is_news, must_keep, send
from bot.delivery.edit_rate import Pace, Urgency
from bot.delivery.tracking import Tracked, Tracking
from bot.store.deliveries import Delivery, claim_deliveries, keep_message, read_deliveries, release_claims, renew_claims
from bot.store.eta import Experience, read_experience
from bot.store.job_status import Standing, read_standings
from bot.store.tables import DeliveryState, Kind
from engine.contract.errors import EaselError
from engine.contract.jobs import FINAL, JobStatus
from engine.error_boundary import logged_result_of
from engine.store.listen import listen

_log = structlog.get_logger()

_MAX_CLAIMED_AT_ONCE = 200
_MAX_FAILURES = 5
_MAX_BACKOFF = timedelta(seconds=30)
_LEASES_UNTIL_STRAY = 4
_PATIENCE = timedelta(seconds=10)
"""How long a stopping process waits for edits that are under way."""

Place = tuple[int, Kind]
"""A channel and a kind: posts of single pictures do not wait for edits, which have a rate limit of their own."""


@dataclass(kw_only=True)
class Lane:
    """One channel's wishes, and the task that fulfils them while there are any."""

    pace: Pace = field(default_factory=Pace)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Courier:
    """Brings open deliveries to their messages until told to stop."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._tracking = Tracking()
        self._strays: dict[UUID, timedelta] = {}
        self._lanes: dict[Place, Lane] = {}
        self._changed: set[UUID] = set()
        self._heard = asyncio.Event()
        self._is_stopping = False
        self.experience = Experience()

    @property
    def num_open(self) -> int:
        """How many deliveries this process holds."""
        return len(self._tracking)

    def take(self, delivery: Delivery, *, is_fresh: bool, shown: Standing | None = None) -> None:
        """Carry a delivery that this process has claimed.

        is_fresh: whether it is certain that no message was posted of which the id is missing.
        shown: what its message shows; None when it has none or nobody knows.
        """
        self._tracking.add(Tracked(delivery=delivery, kept=False, searched=is_fresh, shown=shown))
        self._office.metrics.open.set(self.num_open)
        self.hear(delivery.job_id)

    def hear(self, job_id: UUID) -> None:
        """Look at the job again soon."""
        if self._tracking.has_job(job_id):
            self._changed.add(job_id)
            self._heard.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Carry deliveries until `stop` is set; then finish the edits under way and let go of the rest."""
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
        lanes = [lane.task for lane in self._lanes.values() if lane.task]
        for lane in self._lanes.values():
            lane.woken.set()
        if lanes:
            _, late = await asyncio.wait(lanes, timeout=_PATIENCE.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await logged_result_of(self._release())

    async def _release(self) -> None:
        async with self._office.database.begin() as connection:
            await release_claims(connection, self._office.claimant)

    async def _listen(self) -> None:
        pause = timedelta(seconds=1)
        await listen(self._office.database, on_change=self.hear, on_connect=self._hear_all, retry_delay=pause)

    def _hear_all(self) -> None:
        for tracked in self._tracking:
            self.hear(tracked.delivery.job_id)

    async def _poll(self) -> None:
        """Renew and claim well within the lease, and look at every job: changes may go unheard, places do move."""
        while True:
            await logged_result_of(self._claim())
            self._hear_all()
            await asyncio.sleep(self._office.claimant.lease.total_seconds() / 3)

    async def _claim(self) -> None:
        claimant = self._office.claimant
        held = {tracked.delivery.id for tracked in self._tracking}
        async with self._office.database.begin() as connection:
            renewed = await renew_claims(connection, claimant)
            claimed = await claim_deliveries(connection, claimant, limit=_MAX_CLAIMED_AT_ONCE)
            claimed += await read_deliveries(connection, self._late_strays(renewed))
            self.experience = await read_experience(connection)
        for delivery_id in held - renewed - {delivery.id for delivery in claimed}:
            self._drop(delivery_id)
        for delivery in claimed:
            if self._tracking.get(delivery.id) is None:
                self.take(delivery, is_fresh=False)

    def _late_strays(self, renewed: frozenset[UUID]) -> list[UUID]:
        """Return what is claimed but was never taken here, long after any answer to it can be on its way.

        A press that was given up while its commit was under way leaves such a delivery.
        """
        now = _now()
        untaken = [delivery_id for delivery_id in renewed if self._tracking.get(delivery_id) is None]
        self._strays = {delivery_id: self._strays.get(delivery_id, now) for delivery_id in untaken}
        patience = _LEASES_UNTIL_STRAY * self._office.claimant.lease
        return [delivery_id for delivery_id, since in self._strays.items() if now - since >= patience]

    async def _refresh(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            job_ids, self._changed = self._changed, set()
            error = await logged_result_of(self._want_news(job_ids))
            if error:
                self._changed |= job_ids
                await asyncio.sleep(1)
                self._heard.set()

    async def _want_news(self, job_ids: set[UUID]) -> None:
        async with self._office.transaction() as connection:
            standings = await read_standings(connection, job_ids)
            unkept = [tracked for tracked in self._tracking.of_jobs(job_ids) if must_keep(tracked)]
            for tracked in unkept:
                await keep_message(connection, tracked.delivery.id, tracked.delivery.message_id or 0)
        for tracked in unkept:
            tracked.kept = True
        for tracked in self._tracking.of_jobs(job_ids):
            standing = standings.get(tracked.delivery.job_id)
            if standing and is_news(tracked.shown, standing):
                self._want(tracked, _urgency(tracked.shown, standing))

    def _want(self, tracked: Tracked, urgency: Urgency, after: timedelta = timedelta()) -> None:
        place = _place(tracked)
        lane = self._lanes.setdefault(place, Lane())
        lane.pace.want(tracked.delivery.id, urgency, _now(), after=after)
        lane.woken.set()
        if (lane.task is None or lane.task.done()) and not self._is_stopping:
            lane.task = asyncio.create_task(self._work(lane), name=f"courier-lane-{place[0]}")

    async def _work(self, lane: Lane) -> None:
        """Send what the lane wants, one at a time, until it wants nothing."""
        while not self._is_stopping:
            lane.woken.clear()
            key = lane.pace.choose(_now())
            pause = lane.pace.pause(_now())
            if key is not None:
                await self._send(lane, key)
            elif pause is None:
                return
            else:
                await _wait(lane.woken, pause)

    async def _send(self, lane: Lane, key: UUID) -> None:
        tracked = self._tracking.get(key)
        if tracked is None:
            lane.pace.forget(key)
            return
        with bound_contextvars(job=str(tracked.delivery.job_id)):
            await self._send_tracked(lane, tracked)

    async def _send_tracked(self, lane: Lane, tracked: Tracked) -> None:
        key = tracked.delivery.id
        progress = await logged_result_of(send(self._office, tracked))
        match progress:
            case Ended():
                self._drop(key)
            case UpToDate(is_edited=is_edited):
                tracked.failures = 0
                if is_edited:
                    lane.pace.record_shown(key, _now())
            case Again(after=after):
                self._retry(lane, tracked, after)
            case EaselError():
                self._retry(lane, tracked, None)
            case Exception():
                await self._tolerate(lane, tracked, progress)

    async def _tolerate(self, lane: Lane, tracked: Tracked, error: Exception) -> None:
        """Try again after an error that nobody expected, but not for ever."""
        if tracked.failures < _MAX_FAILURES:
            self._retry(lane, tracked, None)
            return
        ended = await logged_result_of(close(self._office, tracked, DeliveryState.UNDELIVERABLE, type(error).__name__))
        if isinstance(ended, Ended):
            self._drop(tracked.delivery.id)

    def _retry(self, lane: Lane, tracked: Tracked, after: timedelta | None) -> None:
        if after is None:
            after = min(_MAX_BACKOFF, timedelta(seconds=2**tracked.failures))
            tracked.failures += 1
        if self._lanes.get(_place(tracked)) is not lane:
            lane.pace.forget(tracked.delivery.id)
        self._want(tracked, Urgency.RESULT, after)

    def _drop(self, delivery_id: UUID) -> None:
        tracked = self._tracking.drop(delivery_id)
        self._office.metrics.open.set(self.num_open)
        if tracked is None:
            return
        place = _place(tracked)
        lane = self._lanes.get(place)
        if lane:
            lane.pace.forget(delivery_id)
            if lane.pace.is_empty:
                del self._lanes[place]


def _urgency(shown: Standing | None, standing: Standing) -> Urgency:
    if standing.status in FINAL:
        return Urgency.RESULT
    is_place = shown is not None and shown.status is standing.status is JobStatus.WAITING
    return Urgency.PLACE if is_place else Urgency.PREVIEW


def _place(tracked: Tracked) -> Place:
    return tracked.delivery.channel_id, tracked.delivery.kind


def _now() -> timedelta:
    return timedelta(seconds=asyncio.get_running_loop().time())


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _wait(event: asyncio.Event, longest: timedelta) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(longest.total_seconds()):
            await event.wait()
