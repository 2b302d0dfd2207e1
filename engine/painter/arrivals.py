"""Where the loop gets models from: one at a time comes off the disk, on a thread of its own, while painting goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import torch

from engine.contract.errors import EaselError
from engine.models.registry import Model
from engine.painter.families.protocol import LoadedModel


class Models(Protocol):
    """Where the loop gets models from."""

    def is_warm(self, model: Model) -> bool:
        """Return whether the model is loaded."""
        ...

    def has_room(self, model: Model) -> bool:
        """Return whether the model may be loaded beside those that are."""
        ...

    def make_way(self, model: Model) -> None:
        """Let models go until there is room for this one, the least recently used first."""
        ...

    def leave_alone(self, model: Model) -> bool:
        """Let all models go but this one, and no longer keep as many; return whether any went."""
        ...

    def fetch(self, model: Model) -> LoadedModel:
        """Load the model; may be called from another thread. Raises: Fault, torch.OutOfMemoryError."""
        ...

    def keep(self, model: Model, loaded: LoadedModel, beat: Callable[[], None]) -> None:
        """Take in what `fetch` has loaded, and make it ready; `beat` is called while that takes its time.

        Raises: SpeedUnsupported.
        """
        ...

    def take(self, model: Model) -> LoadedModel:
        """Return a warm model to paint with."""
        ...

    def width(self, model: Model) -> int:
        """Return the forward rows beyond which a wider batch of this model no longer pays."""
        ...

    def narrow(self, model: Model, width: int) -> None:
        """Remember that the device has no room for batches wider than this."""
        ...


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A model that has come, or the error that it met on the way, as the outcome of its loading."""

    model: Model
    outcome: Future[LoadedModel]


@dataclass(frozen=True, kw_only=True)
class Warming:
    """A model to load ahead of its first order; `tell` is called with None, or the error that it met."""

    model: Model
    tell: Callable[[EaselError | None], None]


class Arrivals:
    """Loads one model at a time and tells of each; all but the loading belongs to the loop's thread."""

    def __init__(self, fetch: Callable[[Model], LoadedModel], tell: Callable[[Arrived], None]) -> None:
        """`fetch` is called from the loading thread, and so is `tell`."""
        self._fetch, self._tell = fetch, tell
        self._loaders = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._since = 0.0
        self.coming: Model | None = None

    def begin(self, model: Model) -> None:
        """Begin to load; nothing else may be on its way."""
        self.coming, self._since = model, time.monotonic()
        outcome = self._loaders.submit(torch.inference_mode()(self._fetch), model)
        outcome.add_done_callback(lambda done: self._tell(Arrived(model=model, outcome=done)))

    def end(self) -> None:
        """Note that what was on its way has come."""
        self.coming = None

    def is_late(self, limit: timedelta) -> bool:
        """Return whether something has been on its way for longer than this."""
        return self.coming is not None and time.monotonic() - self._since > limit.total_seconds()

    def close(self) -> None:
        """Load nothing more; what is on its way is left to itself, for it may hang."""
        self._loaders.shutdown(wait=False, cancel_futures=True)
