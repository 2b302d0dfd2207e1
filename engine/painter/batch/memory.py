"""What happens when the device runs out of memory: other models are evicted, and only then a request fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.contract.errors import EaselError, NoRoom
from engine.painter.batch.rows import ActiveRequest, fail
from engine.painter.batch.step import StepFailure
from engine.painter.cache.loader import ModelCache, ModelLoader


class MemoryPolicy:
    """Decides which models are evicted for a request that does not fit; belongs to the loop's thread."""

    def __init__(self, models: ModelCache, loader: ModelLoader) -> None:
        self._models, self._loader = models, loader

    def models_to_load(self, requests: Sequence[ActiveRequest]) -> Sequence[ActiveRequest]:
        """Return the requests whose models may be loaded now.

        While a request that had models evicted is unpainted, only such requests: an evicted model must not return
        before it is known whether its going was enough.
        """
        return [active for active in requests if active.has_evicted] or requests

    def handle_failures(
        self, requests: Iterable[ActiveRequest], failures: Sequence[StepFailure]
    ) -> list[ActiveRequest]:
        """Fail or keep the requests whose rows could not be moved; return the requests that had no failure."""
        moved, is_roomier = [], False
        for active in requests:
            own = min((one for one in failures if one.row in active.rows), key=lambda one: one.can_retry, default=None)
            if own is None:
                moved.append(active)
            elif not (is_roomier and own.can_retry):
                is_roomier = self.can_retry_after(active, own.error, own.can_retry) or is_roomier
        return moved

    def can_retry_after(self, active: ActiveRequest, error: Exception, can_retry: bool = True) -> bool:
        """Return whether the request can be tried again because there is or will be more memory; else fail it."""
        params = active.params
        if isinstance(error, EaselError):
            fail((active,), error)
        elif can_retry and self._loader.loading not in (None, params.model):
            # The memory may be taken by the model that is being loaded: once it is loaded, it can be evicted.
            return True
        elif can_retry and self._models.evict_others(params.model):
            active.has_evicted = True
            return True
        else:
            fail((active,), NoRoom(model=params.model.name, size=f"{params.width} x {params.height}"))
        return False

    def note_fit(self, active: ActiveRequest) -> None:
        """Record that the request fitted; where models were evicted for it, the cache then keeps fewer beside it."""
        if active.has_evicted:
            self._models.note_fit(active.params.model)
            active.has_evicted = False
