"""Models that are kept loaded: by a budget in bytes, least recently used out first; and how wide each one paints.

Weights come off the disk in any thread (`fetch`); everything else here belongs to the loop's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

import structlog
import torch

from engine.contract.errors import EaselError, Fault
from engine.models.loading import Device, pipeline_of
from engine.models.offloading import bytes_on_device, is_offloaded
from engine.models.places import place_of
from engine.models.registry import Model
from engine.models.speed import Compilation
from engine.models.weights import num_weights
from engine.painter.families import adapted
from engine.painter.families.protocol import LoadedModel
from engine.painter.families.text import Fragments
from engine.painter.widths import WIDTHS, prepared_width

log = structlog.get_logger(__name__)

Load = Callable[[Model], LoadedModel]
# Bytes that a model will take on the device, told before it is loaded; 0 when they cannot be told.
Weigh = Callable[[Model], int]


class WarmModels:
    """Keeps models loaded and lets the least recently used go when the budget is spent."""

    def __init__(self, load: Load, budget_bytes: int, width: int | None = None, weigh: Weigh = lambda _: 0) -> None:
        """`width` is the widest forward; None measures for each model where a wider one no longer pays."""
        self._load, self._budget_bytes, self._width, self._weigh = load, budget_bytes, width, weigh
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._widths: dict[str, int] = {}

    def is_warm(self, model: Model) -> bool:
        return model.name in self._loaded

    def has_room(self, model: Model) -> bool:
        return self._spent() + self._weigh(model) <= self._budget_bytes

    def fetch(self, model: Model) -> LoadedModel:
        return self._load(model)

    def keep(self, model: Model, loaded: LoadedModel, beat: Callable[[], None]) -> None:
        self._loaded[model.name] = loaded
        while len(self._loaded) > 1 and self._spent() > self._budget_bytes:
            self._let_go()
        try:
            self._widths[model.name] = prepared_width(model, loaded, self._known_width(model), beat)
        except EaselError:
            del self._loaded[model.name]
            raise

    def take(self, model: Model) -> LoadedModel:
        self._loaded.move_to_end(model.name)
        return self._loaded[model.name]

    def make_way(self, model: Model) -> None:
        while self._loaded and not self.has_room(model):
            self._let_go()

    def leave_alone(self, model: Model) -> bool:
        others = [name for name in self._loaded if name != model.name]
        for name in others:
            del self._loaded[name]
        _give_back()
        return bool(others)

    def width(self, model: Model) -> int:
        return self._widths.get(model.name, self._width or WIDTHS[0])

    def narrow(self, model: Model, width: int) -> None:
        self._widths[model.name] = min(width, self.width(model))

    def _let_go(self) -> None:
        self._loaded.popitem(last=False)
        _give_back()

    def _known_width(self, model: Model) -> int | None:
        return self._widths.get(model.name, self._width)

    def _spent(self) -> int:
        return sum(model.size_bytes for model in self._loaded.values())


def _give_back() -> None:
    """Let the device have the memory of models that are gone."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def loader(device: Device, fragments_of: Callable[[str], Fragments], budget_bytes: int) -> Load:
    """Return what loads a registered model onto the device, in parts where the budget is too small for all of it."""

    def load(model: Model) -> LoadedModel:
        pipe, sha256 = pipeline_of(model, device, budget_bytes)
        if is_offloaded(pipe, budget_bytes) and model.speed.compile is not Compilation.NONE:
            log.warning("not_compiled", model=model.name, cause="it is too large for the device to hold whole")
            model = replace(model, speed=replace(model.speed, compile=Compilation.NONE))
        loaded = adapted(pipe, model, device=device.device, sha256=sha256, fragments_of=fragments_of)
        loaded.size_bytes = bytes_on_device(pipe, budget_bytes)
        return loaded

    return load


def weigher(device: Device, budget_bytes: int) -> Weigh:
    """Return what tells the bytes that a registered model will take on the device; 0 for one that is not whole."""

    def weigh(model: Model) -> int:
        try:
            weights = num_weights(place_of(model), model.source.variant)
            return min(weights * device.dtype.itemsize, budget_bytes)
        except (Fault, ValueError):
            return 0

    return weigh
