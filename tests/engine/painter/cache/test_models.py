"""Which models are kept loaded, and what becomes of the others."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from weakref import WeakSet

import torch

from engine.models.loading.device import Device
from engine.models.loading.pipeline import load_pipeline
from engine.models.registry.registry import Model, Registry
from engine.models.registry.speed import Compilation, SpeedSettings
from engine.painter.cache.models import LruModelCache
from engine.painter.cache.warmup import BATCH_SIZES
from engine.painter.families import adapted
from engine.painter.pipeline.protocol import Addition, LoadedModel
from engine.prompt import parse_attention
from tests.engine.painter.fakes import FlatModel


def test_the_least_recently_used_model_is_evicted_over_budget(registry: Registry) -> None:
    """Three models of 100 bytes in a budget of 200; with their sizes known, the way is made before loading."""
    first = registry.model()
    second, third = replace(first, name="second"), replace(first, name="third")
    models = LruModelCache(FlatModel, budget_bytes=200, max_rows=2, estimate_bytes=lambda _: 100)
    for model in (first, second):
        assert models.has_room(model)
        models.add(model, models.fetch(model))
    models.use(first)
    assert not models.has_room(third)
    models.evict_for(third)
    assert [models.is_warm(model) for model in (first, second)] == [True, False]
    models.add(third, FlatModel(third, size_bytes=150))
    assert [models.is_warm(model) for model in (first, second, third)] == [False, False, True]


def test_a_model_that_an_adapter_cannot_be_taken_off_is_evicted(registry: Registry) -> None:
    """Whatever its libraries raise; the others stay."""

    class Stuck(FlatModel):
        def drop(self, addition: Addition) -> None:
            raise LookupError(addition.name)

    first = registry.model()
    second = replace(first, name="second")
    models = LruModelCache(FlatModel, budget_bytes=1000, max_rows=2)
    models.add(second, FlatModel(second))
    stuck = Stuck(first)
    models.add(first, stuck)
    stuck.additions = dict.fromkeys((registry.adapters["ink"], registry.adapters["paper"]), 2000)
    models.pin(())
    assert [models.is_warm(model) for model in (first, second)] == [False, True]


def test_models_that_did_not_fit_together_are_not_kept_together_again(registry: Registry) -> None:
    """Once it fitted alone, the budget falls below what was there; what was narrow beside others is not for ever."""
    first = registry.model()
    second = replace(first, name="second")
    models = LruModelCache(FlatModel, budget_bytes=1000, max_rows=8, estimate_bytes=lambda _: 100)
    for model in (first, second):
        models.add(model, models.fetch(model))
    models.limit_rows(first, (32, 32), 2)
    assert (models.max_rows(first, (32, 32)), models.max_rows(first, (64, 64)), models.max_rows(second, (32, 32))) == (
        2,
        8,
        8,
    )
    assert models.evict_others(first)
    assert models.max_rows(first, (32, 32)) == 8
    assert models.is_warm(first) and models.has_room(second)
    models.note_fit(second)
    assert models.has_room(second)
    models.note_fit(first)
    assert not models.has_room(second)


def test_a_model_that_does_not_fit_alone_leaves_the_budget_unchanged(registry: Registry) -> None:
    """One picture that is too large for the device must not cost everybody else their warm models for ever."""
    first = registry.model()
    second = replace(first, name="second")
    models = LruModelCache(FlatModel, budget_bytes=1000, max_rows=8, estimate_bytes=lambda _: 100)
    for model in (first, second):
        models.add(model, models.fetch(model))
    assert models.evict_others(first) and not models.evict_others(first)
    models.note_fit(first)
    assert models.has_room(second)


def test_a_batch_size_limit_is_used_as_soon_as_it_is_measured(registry: Registry) -> None:
    """Not only when everything is compiled for it, which takes minutes."""
    model = replace(registry.model(), speed=SpeedSettings(compile=Compilation.WHOLE))
    models = LruModelCache(FlatModel, budget_bytes=1000)
    models.add(model, models.fetch(model))
    widths = []
    while models.unprepared:
        models.prepare(model)
        widths.append(models.max_rows(model, (32, 32)))
    assert widths[0] == BATCH_SIZES[0] < widths[-1]
    assert widths.index(widths[-1]) < len(widths) - 2


def test_memory_is_freed_once_however_many_models_are_evicted(registry: Registry) -> None:
    """A sweep goes over everything that lives in the process: once for two models, and once where there is none."""
    first = registry.model()
    models = LruModelCache(FlatModel, budget_bytes=1000, max_rows=8, estimate_bytes=lambda _: 100)
    for name in ("one", "two", "three"):
        models.add(replace(first, name=name), models.fetch(first))
    with sweeps() as swept:
        assert models.evict_others(replace(first, name="three"))
        assert swept == [2]
        assert not models.evict_others(replace(first, name="three"))
        assert swept == [2, 2]


@contextmanager
def sweeps() -> Iterator[list[int]]:
    """Yield the generations of the collections that somebody asked for so far; none begins by itself meanwhile."""
    swept: list[int] = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            swept.append(about["generation"])

    gc.disable()
    gc.callbacks.append(note)
    try:
        yield swept
    finally:
        gc.callbacks.remove(note)
        gc.enable()


def test_an_evicted_model_is_freed(registry: Registry) -> None:
    """Its weights are freed at once, although the parts of a pipeline refer to each other."""
    device = Device(device=torch.device("cpu"), dtype=torch.float32)
    weights: list[WeakSet[torch.Tensor]] = []

    def load(model: Model) -> LoadedModel:
        pipe, sha256 = load_pipeline(model, device)
        weights.append(WeakSet(part for part in pipe.unet.parameters()))
        pipe.unet.itself = [pipe.unet]
        return adapted(pipe, model, device=device.device, sha256=sha256, fragments_of=parse_attention)

    models = LruModelCache(load, budget_bytes=10**9)
    models.add(registry.model(), models.fetch(registry.model()))
    assert len(weights[0]) > 0
    models.evict_others(replace(registry.model(), name="other"))
    assert len(weights[0]) == 0
