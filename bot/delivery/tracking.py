"""The open deliveries that this process works on, in memory only: after a restart they are read from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from bot.cards import Card
from bot.store.deliveries import Delivery
from bot.store.job_status import JobProgress
from bot.store.tables import DeliveryForm


@dataclass(kw_only=True)
class TrackedDelivery:
    """One open delivery.

    is_stored: whether the message's id is in the store.
    is_searched: whether it is certain that no message with an unknown id exists.
    shown: what the message shows; None if unknown.
    failures: consecutive failed attempts.
    takes_edits: False once an edit of the message was rejected; then only the result is worth another try.
    replaces: the message in whose place a new one is posted, because it can no longer be edited.
    left: the delivery before it moved to another channel, until a message is posted there.
    lacks_picture: whether the message says that its picture cannot be read at the moment.
    shows_pictures: whether the message shows the result's pictures.
    max_bytes: the limit on the picture after Discord rejected a larger one; None for the usual limit.
    series: the series whose message tells about the job until its grid is posted; None for a message of its own.
    """

    delivery: Delivery
    is_stored: bool
    is_searched: bool
    shown: JobProgress | None = None
    failures: int = 0
    takes_edits: bool = True
    replaces: int | None = None
    left: Delivery | None = None
    lacks_picture: bool = False
    shows_pictures: bool = False
    max_bytes: int | None = None
    series: TrackedSeries | None = None

    @property
    def key(self) -> UUID:
        """The id by which its edits are requested."""
        return self.delivery.id


@dataclass(kw_only=True)
class TrackedSeries:
    """A series with an open delivery.

    message: the message that tells about it, as if it were a delivery.
    is_stored, is_searched, failures, replaces, left: as for a delivery.
    shown: what the message shows; None if unknown.
    wait: the estimated wait that it was last made with.
    num_ended_at_rejection: how many jobs had ended when an edit was rejected; until the next has, none is tried.
    is_done: whether the message shows how the whole series ended.
    is_lost: whether it was deleted or can be posted nowhere, so that nothing is told in it any more.
    lock: held while the message is updated.
    """

    message: Delivery
    is_stored: bool
    is_searched: bool
    failures: int = 0
    replaces: int | None = None
    left: Delivery | None = None
    shown: Card | None = None
    wait: timedelta | None = None
    num_ended_at_rejection: int | None = None
    is_done: bool = False
    is_lost: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def key(self) -> UUID:
        """The id by which its edits are requested."""
        return self.message.id

    @property
    def press_id(self) -> str:
        """The interaction that asked for it."""
        return self.message.press_id


def series_message(delivery: Delivery) -> Delivery:
    """Return the message of the delivery's series, as if it were a delivery."""
    # Interactions have 64-bit ids, so it is no delivery's own.
    own_id = UUID(int=int(delivery.press_id))
    return replace(delivery, id=own_id, ordinal=0, message_id=delivery.reply_to, reply_to=None)


class TrackedDeliveries:
    """The tracked deliveries, by their own id and by the id of their job, and their series."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, TrackedDelivery] = {}
        self._by_job: dict[UUID, set[UUID]] = {}
        self._series: dict[UUID, tuple[TrackedSeries, set[UUID]]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[TrackedDelivery]:
        return iter(tuple(self._by_id.values()))

    def add(self, tracked: TrackedDelivery) -> None:
        """Start to track the delivery; if it tells of itself in its series' message alone, with the series."""
        if tracked.delivery.is_in_series and tracked.delivery.message_id is None:
            tracked.series = self._join_series(tracked)
        self._by_id[tracked.delivery.id] = tracked
        self._by_job.setdefault(tracked.delivery.job_id, set()).add(tracked.delivery.id)

    def get(self, delivery_id: UUID) -> TrackedDelivery | None:
        """Return the delivery, or None if it is not tracked."""
        return self._by_id.get(delivery_id)

    def get_series(self, key: UUID) -> TrackedSeries | None:
        """Return the series with that key, or None if no delivery of it is tracked."""
        found = self._series.get(key)
        return found[0] if found else None

    def _join_series(self, tracked: TrackedDelivery) -> TrackedSeries:
        message = series_message(tracked.delivery)
        new = TrackedSeries(message=message, is_stored=False, is_searched=tracked.is_searched)
        series, own = self._series.setdefault(message.id, (new, set()))
        own.add(tracked.delivery.id)
        if message.token and series.message.token is None and series.message.moved_from is None:
            series.message = replace(series.message, token=message.token)
        return series

    def drop(self, delivery_id: UUID) -> TrackedDelivery | None:
        """Stop tracking the delivery and return it, or None if it was not tracked; its series goes with the last."""
        tracked = self._by_id.pop(delivery_id, None)
        if tracked:
            siblings = self._by_job[tracked.delivery.job_id]
            siblings.discard(delivery_id)
            if not siblings:
                del self._by_job[tracked.delivery.job_id]
        if tracked and tracked.series:
            own = self._series[tracked.series.key][1]
            own.discard(delivery_id)
            if not own:
                del self._series[tracked.series.key]
        return tracked

    def of_jobs(self, job_ids: Iterable[UUID]) -> tuple[TrackedDelivery, ...]:
        """Return the deliveries of the jobs."""
        return tuple(self._by_id[key] for job_id in job_ids for key in self._by_job.get(job_id, ()))

    def has_job(self, job_id: UUID) -> bool:
        """Return whether a delivery of the job is tracked."""
        return job_id in self._by_job


def has_unstored_message(tracked: TrackedDelivery) -> bool:
    """Return whether the message's id is known here but not yet in the store."""
    return tracked.delivery.message_id is not None and not tracked.is_stored


def moved_to(delivery: Delivery, channel_id: int) -> Delivery:
    """Return what the delivery is once its message, which is not posted yet, goes to that channel: one of the bot's."""
    return replace(
        delivery,
        moved_from=delivery.channel_id,
        channel_id=channel_id,
        message_id=None,
        reply_to=None,
        token=None,
        form=DeliveryForm.MESSAGE,
        language=delivery.direct_language or delivery.language,
    )
