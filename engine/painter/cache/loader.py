"""Loads models for the denoising loop, one at a time, on its own thread, while painting goes on."""

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
from engine.models.registry.registry import Model
from engine.painter.pipeline.protocol import Addition, LoadedModel


class ModelCache(Protocol):
    """Where the loop gets its models from; all but `fetch` is called from the loop's thread."""

    def is_warm(self, model: Model) -> bool:
        """Return whether the model is loaded."""
        ...

    def has_room(self, model: Model) -> bool:
        """Return whether the model fits beside the loaded ones."""
        ...

    def pin(self, additions: Iterable[Addition]) -> None:
        """Keep the additions in use loaded; over budget, others are unloaded, least recently used first."""
        ...

    def evict_for(self, model: Model) -> None:
        """Evict additions, then models, least recently used first, until this model fits."""
        ...

    def evict_others(self, model: Model) -> bool:
        """Evict everything but this model and the pinned additions; return whether there was anything."""
        ...

    def note_fit(self, model: Model) -> None:
        """Note that the model fitted once others were evicted: never keep as much beside it again."""
        ...

    def fetch(self, model: Model) -> LoadedModel:
        """Load the model; may be called from another thread. Raises: EaselError, torch.OutOfMemoryError."""
        ...

    def add(self, model: Model, loaded: LoadedModel) -> None:
        """Add a model that `fetch` has loaded."""
        ...

    def is_ready(self, model: Model) -> bool:
        """Return whether the model is loaded, measured and compiled."""
        ...

    @property
    def unprepared(self) -> Model | None:
        """A loaded model that is not fully measured or compiled, or None."""
        ...

    def prepare(self, model: Model) -> None:
        """Measure or compile the next part of it.

        Raises: SpeedUnsupported, ModelBroken, torch.OutOfMemoryError; the model is then evicted.
        """
        ...

    def use(self, model: Model) -> LoadedModel:
        """Return a loaded model to paint with, and note that it was used."""
        ...

    def has_loaded(self, model: Model, additions: Iterable[Addition]) -> bool:
        """Return whether the model and these additions are loaded."""
        ...

    def max_rows(self, model: Model, pixels: tuple[int, int]) -> int:
        """Return the most forward rows worth running at once with this model and picture size."""
        ...

    def limit_rows(self, model: Model, pixels: tuple[int, int], max_rows: int) -> None:
        """Note that more rows than this do not fit, until models are evicted."""
        ...


@dataclass(frozen=True, kw_only=True)
class LoadFinished:
    """A load that has ended; `outcome` is done and holds the model or the error."""

    model: Model
    outcome: Future[LoadedModel | EaselError | torch.OutOfMemoryError]


@dataclass(frozen=True, kw_only=True)
class LoadRequest:
    """A model to load ahead of its first request; `report` is called with None once it is ready, or with the error."""

    model: Model
    report: Callable[[EaselError | None], None]


@dataclass(frozen=True, kw_only=True)
class LoadProgressed:
    """The running load has made progress."""


class ModelLoader:
    """Loads models one at a time; everything but the loading itself runs on the loop's thread."""

    def __init__(
        self,
        models: ModelCache,
        send: Callable[[LoadFinished], None],
        fail_waiting: Callable[[Model, EaselError], None],
        bound_memory: Callable[[Model], Callable[[], object]],
    ) -> None:
        """`send` is called from the loading thread; `fail_waiting` when a model cannot be loaded.

        bound_memory: bounds the memory that loading this model may take, until what it returns is called.
        """
        self._models, self._send, self._fail_waiting = models, send, fail_waiting
        self._bound_memory = bound_memory
        self._end_bound: Callable[[], object] = _do_nothing
        self._loaders = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._requests: list[LoadRequest] = []
        self._since = 0.0
        self._has_evicted = False
        self.loading: Model | None = None

    def request(self, load: LoadRequest) -> None:
        """Load a model before a request needs it."""
        self._requests.append(load)

    def start(self, model: Model) -> None:
        """Evict models for this one and start loading it; no other load may be running."""
        self._models.evict_for(model)
        self._load(model)

    def load_needed(self, needed: Iterable[Model]) -> None:
        """Start the next load, if any: a requested model, or a needed one that fits beside those loaded."""
        self._report_ready()
        if self.loading is not None:
            return
        asked = next((one.model for one in self._requests if not self._models.is_warm(one.model)), None)
        missing = (model for model in needed if not self._models.is_warm(model))
        model = asked or next((model for model in missing if self._models.has_room(model)), None)
        if model is not None:
            self.start(model)

    def finish(self, message: LoadFinished) -> None:
        """Add the loaded model; one that did not fit beside others is loaded again without them."""
        model, self.loading = message.model, None
        self._end_bound()
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
        """Measure or compile the next part of a model."""
        try:
            self._models.prepare(model)
        except EaselError as error:
            self.fail(model, error)
        except torch.OutOfMemoryError:
            self.fail(model, NoRoom(model=model.name))
        self._report_ready()

    def fail(self, model: Model, error: EaselError) -> None:
        """Fail everything that waits for the model."""
        self._fail_waiting(model, error)
        for load in [load for load in self._requests if load.model == model]:
            self._requests.remove(load)
            load.report(error)

    def note_progress(self) -> None:
        """Restart the running load's time limit, because it makes progress."""
        self._since = time.monotonic()

    def is_late(self, limit: timedelta) -> bool:
        """Return whether the running load has made no progress for longer than this."""
        return self.loading is not None and time.monotonic() - self._since > limit.total_seconds()

    def close(self) -> None:
        """Load nothing more; a running load is abandoned, as it may hang."""
        self._end_bound()
        self._loaders.shutdown(wait=False, cancel_futures=True)
        for load in self._requests:
            load.report(PainterLost())

    def _load(self, model: Model, *, has_evicted: bool = False) -> None:
        self.loading, self._since, self._has_evicted = model, time.monotonic(), has_evicted
        self._end_bound = self._bound_memory(model)
        # Not inference mode: gradients flow through no weights that are made in it, and `--clip-guidance` needs them.
        fetch = torch.no_grad()(partial(self._models.fetch, model))
        outcome = self._loaders.submit(result_or_error, model.name, fetch)
        outcome.add_done_callback(lambda done: self._send(LoadFinished(model=model, outcome=done)))

    def _report_ready(self) -> None:
        """Report the requested models that are ready."""
        for load in [load for load in self._requests if self._models.is_ready(load.model)]:
            self._requests.remove(load)
            load.report(None)


def _do_nothing() -> None:
    pass
