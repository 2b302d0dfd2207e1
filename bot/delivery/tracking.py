"""The open deliveries that this process works on, in memory only: after a restart they are read from the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from bot.store.deliveries import Delivery
from bot.store.job_status import JobProgress


@dataclass(kw_only=True)
class TrackedDelivery:
    """One open delivery.

    is_stored: whether the message's id is in the store.
    is_searched: whether it is certain that no message with an unknown id exists.
    shown: what the message shows; None if unknown.
    failures: consecutive failed attempts.
    takes_edits: False once an edit of the message was rejected; then only the result is worth another try.
    replaces: the message in whose place a new one is posted, because it can no longer be edited.
    lacks_picture: whether the message says that its picture cannot be read at the moment.
    shows_pictures: whether the message shows the result's pictures.
    max_bytes: the limit on the picture after Discord rejected a larger one; None for the usual limit.
    """

    delivery: Delivery
    is_stored: bool
    is_searched: bool
    shown: JobProgress | None = None
    failures: int = 0
    takes_edits: bool = True
    replaces: int | None = None
    lacks_picture: bool = False
    shows_pictures: bool = False
    max_bytes: int | None = None


class TrackedDeliveries:
    """The tracked deliveries, by their own id and by the id of their job."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, TrackedDelivery] = {}
        self._by_job: dict[UUID, set[UUID]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[TrackedDelivery]:
        return iter(tuple(self._by_id.values()))

    def add(self, tracked: TrackedDelivery) -> None:
        """Start to track the delivery."""
        self._by_id[tracked.delivery.id] = tracked
        self._by_job.setdefault(tracked.delivery.job_id, set()).add(tracked.delivery.id)

    def get(self, delivery_id: UUID) -> TrackedDelivery | None:
        """Return the delivery, or None if it is not tracked."""
        return self._by_id.get(delivery_id)

    def drop(self, delivery_id: UUID) -> TrackedDelivery | None:
        """Stop tracking the delivery and return it, or None if it was not tracked."""
        tracked = self._by_id.pop(delivery_id, None)
        if tracked:
            siblings = self._by_job[tracked.delivery.job_id]
            siblings.discard(delivery_id)
            if not siblings:
                del self._by_job[tracked.delivery.job_id]
        return tracked

    def of_jobs(self, job_ids: Iterable[UUID]) -> tuple[TrackedDelivery, ...]:
        """Return the deliveries of the jobs."""
        return tuple(self._by_id[key] for job_id in job_ids for key in self._by_job.get(job_id, ()))

    def has_job(self, job_id: UUID) -> bool:
        """Return whether a delivery of the job is tracked."""
        return job_id in self._by_job
