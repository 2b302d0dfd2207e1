"""Which models the loop has, which are on their way, and what loaded ones still need to be as quick as they can be.

One at a time comes off the disk, on a thread of its own, while painting goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

import torch

from engine.contract.errors import EaselError, NoRoom, PainterLost
from engine.models.loading.errors import result_or_error
from engine.models.registry.registry import Adapter, Model
from engine.painter.pipeline.loras import Loras
from engine.painter.pipeline.protocol import LoadedModel


class ModelCache(Protocol):
    """Where the loop gets models from."""

    def is_warm(self, model: Model) -> bool:
        """Return whether the model is loaded."""
        ...

    def has_room(self, model: Model) -> bool:
        """Return whether the model may be loaded beside those that are."""
        ...

    def pin(self, adapters: Iterable[Adapter]) -> None:
        """Keep the adapters that requests name; while there is too much, others go, the longest unworn first."""
        ...

    def evict_for(self, model: Model) -> None:
        """Let adapters, then models go until there is room for this one, the least recently used first."""
        ...

    def evict_others(self, model: Model) -> bool:
        """Let all go but this model and held adapters; return whether any went."""
        ...

    def note_fit(self, model: Model) -> None:
        """Remember that there was room once the others had gone: never again keep as many beside it."""
        ...

    def fetch(self, model: Model) -> LoadedModel:
        """Load the model; may be called from another thread. Raises: EaselError, torch.OutOfMemoryError."""
        ...

    def add(self, model: Model, loaded: LoadedModel) -> None:
        """Take in what `fetch` has loaded."""
        ...

    def is_ready(self, model: Model) -> bool:
        """Return whether the model is warm and nothing of it is still to be measured or compiled."""
        ...

    @property
    def unprepared(self) -> Model | None:
        """A warm model of which something is still to be measured or compiled."""
        ...

    def prepare(self, model: Model) -> None:
        """Measure or compile one piece of it.

        Raises: SpeedUnsupported, ModelBroken, torch.OutOfMemoryError; the model is then let go.
        """
        ...

    def use(self, model: Model) -> LoadedModel:
        """Return a warm model to paint with."""
        ...

    def has_loaded(self, model: Model, loras: Loras) -> bool:
        """Return whether the model is warm and has these adapters loaded."""
        ...

    def max_rows(self, model: Model, pixels: tuple[int, int]) -> int:
        """Return the forward rows beyond which a wider batch of this model and size does not pay, or has no room."""
        ...

    def limit_rows(self, model: Model, pixels: tuple[int, int], max_rows: int) -> None:
        """Remember that there is no room for batches wider than this, until models go."""
        ...


@dataclass(frozen=True, kw_only=True)
class LoadFinished:
    """A model that has come, or the error that it met on the way: the outcome of its loading, which is done."""

    model: Model
    outcome: Future[LoadedModel | EaselError | torch.OutOfMemoryError]


@dataclass(frozen=True, kw_only=True)
class LoadRequest:
    """A model to load ahead of its first request; `tell` is called with None, or the error that it met."""

    model: Model
    report: Callable[[EaselError | None], None]


@dataclass(frozen=True, kw_only=True)
class LoadProgressed:
    """What is on its way has come a little further."""


class ModelLoader:
    """Brings models one at a time and tells of each; all but the loading belongs to the loop's thread."""

    def __init__(
        self,
        models: ModelCache,
        send: Callable[[LoadFinished], None],
        fail_waiting: Callable[[Model, EaselError], None],
    ) -> None:
        """`tell` is called from the loading thread; `fail_waiting` when a model whose requests wait cannot be had."""
        self._models, self._send, self._fail_waiting = models, send, fail_waiting
        self._loaders = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._requests: list[LoadRequest] = []
        self._since = 0.0
        self._has_evicted = False
        self.loading: Model | None = None

    def request(self, load: LoadRequest) -> None:
        """Bring a model before anybody needs it."""
        self._requests.append(load)

    def start(self, model: Model) -> None:
        """Let models go for this one and begin to load it; nothing else may be on its way."""
        self._models.evict_for(model)
        self._load(model)

    def load_needed(self, needed: Iterable[Model]) -> None:
        """Begin to load what is asked for, or what is needed and has room beside what is loaded."""
        self._report_ready()
        if self.loading is not None:
            return
        asked = next((one.model for one in self._requests if not self._models.is_warm(one.model)), None)
        missing = (model for model in needed if not self._models.is_warm(model))
        model = asked or next((model for model in missing if self._models.has_room(model)), None)
        if model is not None:
            self.start(model)

    def finish(self, message: LoadFinished) -> None:
        """Take in a model that has come; one that had no room beside others is loaded once more without them."""
        model, self.loading = message.model, None
        loaded = message.outcome.result()
        if isinstance(loaded, EaselError):
            self.fail(model, loaded)
        elif not isinstance(loaded, torch.OutOfMemoryError):
            self._models.add(model, loaded)
            if self._has_evicted:
                self._models.note_fit(model)
        elif self._models.evict_others(model):
            self._load(model, has_evicted=True)
        else:
            self.fail(model, NoRoom(model=model.name))

    def prepare(self, model: Model) -> None:
        """Measure or compile one piece of a model."""
        try:
            self._models.prepare(model)
        except EaselError as error:
            self.fail(model, error)
        except torch.OutOfMemoryError:
            self.fail(model, NoRoom(model=model.name))
        self._report_ready()

    def fail(self, model: Model, error: EaselError) -> None:
        """Tell whoever waits for a model that it cannot be had."""
        self._fail_waiting(model, error)
        for load in [load for load in self._requests if load.model == model]:
            self._requests.remove(load)
            load.report(error)

    def note_progress(self) -> None:
        """Give what is on its way its time anew, because it makes progress."""
        self._since = time.monotonic()

    def is_late(self, limit: timedelta) -> bool:
        """Return whether something has been on its way for longer than this, without having come any further."""
        return self.loading is not None and time.monotonic() - self._since > limit.total_seconds()

    def close(self) -> None:
        """Load nothing more; what is on its way is left to itself, for it may hang."""
        self._loaders.shutdown(wait=False, cancel_futures=True)
        for load in self._requests:
            load.report(PainterLost())

    def _load(self, model: Model, *, has_evicted: bool = False) -> None:
        self.loading, self._since, self._has_evicted = model, time.monotonic(), has_evicted
        fetch = torch.inference_mode()(partial(self._models.fetch, model))
        outcome = self._loaders.submit(result_or_error, model.name, fetch)
        outcome.add_done_callback(lambda done: self._send(LoadFinished(model=model, outcome=done)))

    def _report_ready(self) -> None:
        """Tell whoever asked for a model that it is there and lacks nothing."""
        for load in [load for load in self._requests if self._models.is_ready(load.model)]:
            self._requests.remove(load)
            load.report(None)
