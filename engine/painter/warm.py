"""Models that are kept loaded: by a budget in bytes, least recently used out first; and how wide each one paints."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import torch

from engine.contract.errors import OutOfMemory
from engine.models.loading import Device, pipeline_of
from engine.models.registry import Model
from engine.painter.families import adapted
from engine.painter.families.protocol import LoadedModel
from engine.painter.families.text import Fragments
from engine.painter.turns import knee

WIDTHS = (2, 4, 8, 16, 32)


Load = Callable[[Model], LoadedModel]


class WarmModels:
    """Loads models when they are asked for and lets the least recently used go when the budget is spent."""

    def __init__(self, load: Load, budget_bytes: int, width: int | None = None) -> None:
        """`width` is the widest forward; None measures for each model where a wider one no longer pays."""
        self._load, self._budget_bytes, self._width = load, budget_bytes, width
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._widths: dict[str, int] = {}

    def is_warm(self, model: Model) -> bool:
        return model.name in self._loaded

    def load(self, model: Model) -> LoadedModel:
        if model.name not in self._loaded:
            self._loaded[model.name] = self._loaded_with_room(model)
            self._evict()
            self._measure(model, self._loaded[model.name])
        self._loaded.move_to_end(model.name)
        return self._loaded[model.name]

    def width(self, model: Model) -> int:
        return self._widths.get(model.name, self._width or WIDTHS[0])

    def narrow(self, model: Model, width: int) -> None:
        self._widths[model.name] = min(width, self.width(model))

    def _loaded_with_room(self, model: Model) -> LoadedModel:
        """Load the model, and when there is no room, once more after all others have gone."""
        try:
            return self._load(model)
        except torch.OutOfMemoryError:
            self._loaded.clear()
            _give_back()
        try:
            return self._load(model)
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(model=model.name) from error

    def _measure(self, model: Model, loaded: LoadedModel) -> None:
        if self._width is None and model.name not in self._widths:
            defaults = model.defaults
            self._widths[model.name] = measured_width(loaded, defaults.width, defaults.height)

    def _evict(self) -> None:
        while len(self._loaded) > 1 and self._spent() > self._budget_bytes:
            self._loaded.popitem(last=False)
            _give_back()

    def _spent(self) -> int:
        return sum(model.size_bytes for model in self._loaded.values())


def _give_back() -> None:
    """Let the device have the memory of models that are gone."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def loader(device: Device, fragments_of: Callable[[str], Fragments]) -> Load:
    """Return what loads a registered model onto the device."""

    def load(model: Model) -> LoadedModel:
        pipe, sha256 = pipeline_of(model, device)
        return adapted(pipe, model, device=device.device, sha256=sha256, fragments_of=fragments_of)

    return load


def measured_width(model: LoadedModel, width: int, height: int) -> int:
    """Return the forward rows beyond which a wider forward of this size no longer pays on this device.

    On a CPU it is CPU time that is compared, because other processes stretch the time by the clock.
    """
    clock = time.process_time if model.device.type == "cpu" else time.perf_counter
    words = model.no_words()

    def seconds_of(rows: int) -> float:
        latents = torch.zeros(rows, *model.latent_shape(width, height), dtype=model.dtype, device=model.device)
        timesteps = torch.full((rows,), 500.0, device=model.device)
        return min(_timed(lambda: model.predict(latents, timesteps, [words] * rows), clock) for _ in range(3))

    return knee(seconds_of, WIDTHS)


def _timed(forward: Callable[[], torch.Tensor], clock: Callable[[], float]) -> float:
    start = clock()
    forward().sum().item()
    return clock() - start
