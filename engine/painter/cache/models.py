"""Models kept loaded within a budget of bytes, and the rows that each runs at once.

`fetch` may run on any thread; everything else belongs to the loop's.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import structlog
import torch

from engine.contract.errors import OperatorError
from engine.models.files.locate import local_path
from engine.models.files.weights import ProgressCallback, ignore_progress, num_parameters
from engine.models.loading.device import Device
from engine.models.loading.errors import result_or_error
from engine.models.loading.offload import bytes_on_device, is_offloaded
from engine.models.loading.pipeline import dtypes_for, load_pipeline
from engine.models.registry.registry import Model
from engine.models.registry.speed import Compilation
from engine.painter.cache.measurements import Measurements
from engine.painter.cache.warmup import BATCH_SIZES, Preparation, preparation
from engine.painter.families import adapted
from engine.painter.pipeline.prompt_weighting import Fragments
from engine.painter.pipeline.protocol import Addition, LoadedModel

_log = structlog.get_logger(__name__)

LoadModel = Callable[[Model], LoadedModel]
# Returns the bytes that a model will take on the device, before it is loaded; 0 when unknown.
EstimateBytes = Callable[[Model], int]

_NOT_KEPT = Measurements()


class LruModelCache:
    """A `ModelCache` that evicts the least recently used models when the budget is exceeded."""

    def __init__(
        self,
        load: LoadModel,
        budget_bytes: int,
        max_rows: int | None = None,
        estimate_bytes: EstimateBytes = lambda _: 0,
        measurements: Measurements = _NOT_KEPT,
    ) -> None:
        """Keep models loaded within the budget.

        budget_bytes: device memory for the weights of all loaded models and additions.
        max_rows: most forward rows at once; None measures for each model how many pay.
        """
        self._load, self._estimate_bytes, self._measurements = load, estimate_bytes, measurements
        self._budget_bytes, self._max_rows = budget_bytes, max_rows
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._preparing: dict[str, tuple[Model, Preparation]] = {}
        self._measured: dict[str, int] = {}
        self._did_not_fit: tuple[str, int] | None = None
        self._row_limits: dict[tuple[str, tuple[int, int]], int] = {}
        self._pinned: frozenset[Addition] = frozenset()

    def is_warm(self, model: Model) -> bool:
        return model.name in self._loaded

    def has_room(self, model: Model) -> bool:
        idle_bytes = sum(loaded.additions[addition] for loaded, addition in self._idle())
        return self._loaded_bytes() - idle_bytes + self._estimate_bytes(model) <= self._budget_bytes

    def fetch(self, model: Model) -> LoadedModel:
        return self._load(model)

    def add(self, model: Model, loaded: LoadedModel) -> None:
        self._loaded[model.name] = loaded
        self._loaded.move_to_end(model.name)
        self._unload_idle(self._budget_bytes)
        if older := [name for name in self._least_recent_over(self._budget_bytes) if name != model.name]:
            self._evict(*older)
        known = self._measured.get(model.name, self._max_rows) or self._measurements.read_max_rows(model, loaded)
        self._preparing[model.name] = model, preparation(model, loaded, known)

    def is_ready(self, model: Model) -> bool:
        return self.is_warm(model) and model.name not in self._preparing

    @property
    def unprepared(self) -> Model | None:
        return next((model for model, _ in self._preparing.values()), None)

    def prepare(self, model: Model) -> None:
        pieces = self._preparing[model.name][1]
        max_rows = result_or_error(model.name, lambda: next(pieces, None))
        if isinstance(max_rows, Exception):
            self._evict(model.name)
            raise max_rows
        if max_rows is None:
            del self._preparing[model.name]
        elif max_rows and self._measured.get(model.name) != max_rows:
            self._measured[model.name] = max_rows
            if self._max_rows is None:
                self._measurements.write_max_rows(model, self._loaded[model.name], max_rows)

    def use(self, model: Model) -> LoadedModel:
        self._loaded.move_to_end(model.name)
        return self._loaded[model.name]

    def has_loaded(self, model: Model, additions: Iterable[Addition]) -> bool:
        return self.is_warm(model) and self._loaded[model.name].has_loaded(additions)

    def pin(self, additions: Iterable[Addition]) -> None:
        self._pinned = frozenset(additions)
        self._unload_idle(self._budget_bytes)

    def evict_for(self, model: Model) -> None:
        self._unload_idle(self._budget_bytes - self._estimate_bytes(model))
        if oldest := self._least_recent_over(self._budget_bytes - self._estimate_bytes(model)):
            self._evict(*oldest)

    def evict_others(self, model: Model) -> bool:
        others = [name for name in self._loaded if name != model.name]
        has_more = bool(others or self._idle())
        coming = 0 if self.is_warm(model) else self._estimate_bytes(model)
        self._did_not_fit = (model.name, self._loaded_bytes() + coming) if has_more else None
        self._unload_idle(0)
        self._evict(*others)
        return has_more

    def note_fit(self, model: Model) -> None:
        name, num_bytes = self._did_not_fit or ("", 0)
        if name == model.name:
            self._budget_bytes, self._did_not_fit = min(self._budget_bytes, num_bytes - 1), None

    def max_rows(self, model: Model, pixels: tuple[int, int]) -> int:
        pays = self._measured.get(model.name, self._max_rows or BATCH_SIZES[0])
        return min(pays, self._row_limits.get((model.name, pixels), pays))

    def limit_rows(self, model: Model, pixels: tuple[int, int], max_rows: int) -> None:
        self._row_limits[model.name, pixels] = min(max_rows, self.max_rows(model, pixels))

    def _least_recent_over(self, budget_bytes: int) -> list[str]:
        """Return the least recently used models to evict so that the rest fits the budget."""
        oldest, num_bytes = [], self._loaded_bytes()
        for name, loaded in self._loaded.items():
            if num_bytes <= budget_bytes:
                break
            oldest.append(name)
            num_bytes -= _num_bytes(loaded)
        return oldest

    def _evict(self, *names: str) -> None:
        """Evict models, free their memory, and forget the row limits, which hold beside these models only."""
        for name in names:
            del self._loaded[name]
            self._preparing.pop(name, None)
            self._row_limits.clear()
        _free_memory()

    def _loaded_bytes(self) -> int:
        return sum(map(_num_bytes, self._loaded.values()))

    def _idle(self) -> list[tuple[LoadedModel, Addition]]:
        """Return the additions not in use, least recently used first."""
        every = ((loaded, addition) for loaded in self._loaded.values() for addition in loaded.additions)
        return [(loaded, addition) for loaded, addition in every if addition not in self._pinned]

    def _unload_idle(self, budget_bytes: int) -> None:
        """Unload additions that no request uses until everything loaded fits the budget, or none is left.

        A model that one cannot be taken off is evicted with it.
        """
        for loaded, addition in self._idle():
            if self._loaded_bytes() <= budget_bytes:
                break
            if addition not in loaded.additions:
                # Went with another one.
                continue
            name = next((name for name, one in self._loaded.items() if one is loaded), None)
            if name is not None and isinstance(result_or_error(name, partial(loaded.drop, addition)), Exception):
                self._evict(name)


def _num_bytes(loaded: LoadedModel) -> int:
    return loaded.size_bytes + sum(loaded.additions.values())


def _free_memory() -> None:
    """Free the memory of evicted models; their parts refer to each other until they are collected."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def create_load_model(
    device: Device,
    fragments_of: Callable[[str], Fragments],
    budget_bytes: int,
    watch: ProgressCallback = ignore_progress,
    measurements: Measurements = _NOT_KEPT,
) -> LoadModel:
    """Return a function that loads a registered model onto the device.

    budget_bytes: a model larger than this is kept on the CPU, and its parts are moved to the device in turn; it is then
        not compiled.
    watch: called from the loading thread with the bytes of the files that are read, and their total.
    """

    def load(model: Model) -> LoadedModel:
        pipe, sha256 = load_pipeline(model, device, budget_bytes, watch)
        if is_offloaded(pipe, budget_bytes):
            if model.speed.compile.is_by_torch:
                _log.warning("not_compiled", model=model.name, cause="the device is too small for the whole model")
            model = replace(model, speed=replace(model.speed, compile=Compilation.NONE))
        loaded = adapted(
            pipe,
            model,
            device=device.device,
            sha256=sha256,
            fragments_of=fragments_of,
            fit_preview=partial(measurements.preview_weights, sha256, device.device),
        )
        loaded.size_bytes = bytes_on_device(pipe, budget_bytes)
        return loaded

    return load


def create_estimate_bytes(device: Device, budget_bytes: int) -> EstimateBytes:
    """Return a function that estimates the bytes a model takes on the device; 0 when its files are missing."""
    known: dict[str, int] = {}

    def estimate_bytes(model: Model) -> int:
        try:
            if model.name not in known:
                dtype = dtypes_for(model, device).others
                known[model.name] = num_parameters(local_path(model), model.source.variant) * dtype.itemsize
        except (OperatorError, ValueError):
            return 0
        return min(known[model.name], budget_bytes)

    return estimate_bytes
