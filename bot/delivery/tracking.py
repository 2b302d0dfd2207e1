"""The open deliveries this process works on, in memory only: the store alone says which they are after a restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from bot.store.deliveries import Delivery
from bot.store.job_status import Standing


@dataclass(kw_only=True)
class Tracked:
    """One open delivery.

    kept: whether the store knows the message's id.
    searched: whether it is certain that no message was posted of which the id is missing.
    shown: what the message shows; None when that is not known.
    failures: consecutive attempts that came to nothing.
    max_bytes: what the picture may weigh, once Discord has refused a larger one; None for the usual limit.
    """

    delivery: Delivery
    kept: bool
    searched: bool
    shown: Standing | None = None
    failures: int = 0
    max_bytes: int | None = None


class Tracking:
    """Tracked deliveries by their id and by their job's."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, Tracked] = {}
        self._by_job: dict[UUID, set[UUID]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Tracked]:
        return iter(tuple(self._by_id.values()))

    def add(self, tracked: Tracked) -> None:
        """Track it."""
        self._by_id[tracked.delivery.id] = tracked
        self._by_job.setdefault(tracked.delivery.job_id, set()).add(tracked.delivery.id)

    def get(self, delivery_id: UUID) -> Tracked | None:
        """Return it, or None when it is not tracked."""
        return self._by_id.get(delivery_id)

    def drop(self, delivery_id: UUID) -> Tracked | None:
        """Track it no longer; return it, or None when it was not tracked."""
        tracked = self._by_id.pop(delivery_id, None)
        if tracked:
            siblings = self._by_job[tracked.delivery.job_id]
            siblings.discard(delivery_id)
            if not siblings:
                del self._by_job[tracked.delivery.job_id]
        return tracked

    def of_jobs(self, job_ids: Iterable[UUID]) -> tuple[Tracked, ...]:
        """Return those that show one of the jobs."""
        return tuple(self._by_id[key] for job_id in job_ids for key in self._by_job.get(job_id, ()))

    def has_job(self, job_id: UUID) -> bool:
        """Return whether some tracked delivery shows the job."""
        return job_id in self._by_job
