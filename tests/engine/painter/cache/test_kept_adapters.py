"""Loaded adapters count as memory, and go when it is short; pictures are the same whether they went or not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch

from engine.contract.painting import PaintedPictures
from engine.models.loading.device import Device
from engine.models.loading.offload import bytes_on_device
from engine.models.loading.pipeline import load_pipeline
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Model, Registry
from engine.painter.cache.models import LruModelCache
from engine.painter.families import adapted
from engine.painter.in_process import create_painter
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention
from tests.engine.painter.requests import all_painted, paint_request, painted

DEVICE = Device(device=torch.device("cpu"), dtype=torch.float32)
WANTED = (("ink",), ("paper",), (), ("ink:0.5", "paper:-0.7"), ("ink",))


class Shelf:
    """Loads models, and remembers them and their pipelines, the last at the end."""

    def __init__(self) -> None:
        self.models: list[LoadedModel] = []
        self.pipes: list[object] = []

    def load(self, model: Model) -> LoadedModel:
        pipe, sha256 = load_pipeline(model, DEVICE)
        self.pipes.append(pipe)
        self.models.append(adapted(pipe, model, device=DEVICE.device, sha256=sha256, fragments_of=parse_attention))
        return self.models[-1]

    @property
    def adapters(self) -> list[str]:
        return [adapter.name for adapter in self.models[-1].additions]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture(scope="module")
def size_bytes(registry: Registry) -> int:
    """The memory that the tiny model takes without adapters."""
    return bytes_on_device(load_pipeline(registry.model(), DEVICE)[0], None)


def set_adapters(loaded: LoadedModel, *adapters: Adapter) -> None:
    loaded.set_adapters(tuple((adapter, 1.0) for adapter in adapters))


def kept(registry: Registry, shelf: Shelf, budget_bytes: int) -> LruModelCache:
    """Return models of which one is loaded and has used the adapters ink and then paper."""
    models = LruModelCache(shelf.load, budget_bytes, max_rows=2)
    models.add(registry.model(), models.fetch(registry.model()))
    for name in ("ink", "paper"):
        set_adapters(shelf.models[-1], registry.adapters[name])
    set_adapters(shelf.models[-1])
    return models


def files_of(results: Iterable[PaintedPictures]) -> list[bytes]:
    return [picture.png for result in results for picture in result.pictures]


@torch.inference_mode()
def test_the_size_of_adapters_is_what_the_pipeline_has_grown_by(registry: Registry, shelf: Shelf) -> None:
    """Byte for byte, while they are loaded and when one has gone; that was on, and is loaded again when it shall be."""
    kept(registry, shelf, 10**9)
    loaded, pipe = shelf.models[-1], shelf.pipes[-1]
    set_adapters(loaded, registry.adapters["ink"])
    assert bytes_on_device(pipe, None) == loaded.size_bytes + sum(loaded.additions.values())
    assert min(loaded.additions.values()) > 10_000
    loaded.drop(registry.adapters["ink"])
    assert shelf.adapters == ["paper"]
    assert bytes_on_device(pipe, None) == loaded.size_bytes + sum(loaded.additions.values())
    set_adapters(loaded, registry.adapters["ink"])
    assert shelf.adapters == ["paper", "ink"]


@torch.inference_mode()
def test_the_least_recently_used_adapter_is_unloaded_over_budget(
    registry: Registry, shelf: Shelf, size_bytes: int
) -> None:
    """One too many for the budget; what requests name stays, however much there is."""
    ink, paper = registry.adapters["ink"], registry.adapters["paper"]
    models = kept(registry, shelf, size_bytes + 60_000)
    assert 30_000 < max(shelf.models[-1].additions.values()) < 60_000
    models.pin((ink, paper))
    assert shelf.adapters == ["ink", "paper"]
    set_adapters(shelf.models[-1], ink)
    models.pin(())
    assert shelf.adapters == ["ink"]
    set_adapters(shelf.models[-1], paper, ink)
    models.pin((paper,))
    assert shelf.adapters == ["paper"]


@torch.inference_mode()
def test_idle_adapters_are_unloaded_for_a_model_before_models_are(
    registry: Registry, shelf: Shelf, size_bytes: int
) -> None:
    """Without them there is room for a second model beside the first."""
    model = registry.model()
    second = replace(model, name="second")
    models = LruModelCache(shelf.load, 2 * size_bytes, max_rows=2, estimate_bytes=lambda _: size_bytes)
    models.add(model, models.fetch(model))
    set_adapters(shelf.models[-1], registry.adapters["ink"])
    models.pin(registry.adapters.values())
    assert not models.has_room(second)
    models.pin(())
    assert models.has_room(second)
    models.evict_for(second)
    assert (models.is_warm(model), shelf.adapters) == (True, [])


@torch.inference_mode()
def test_idle_adapters_are_unloaded_before_a_request_fails_for_memory(registry: Registry, shelf: Shelf) -> None:
    """On a device that is full of them; where that was enough the budget shrinks, and nothing more is unloaded."""
    models = kept(registry, shelf, 10**9)
    models.pin((registry.adapters["paper"],))
    assert models.evict_others(registry.model())
    assert shelf.adapters == ["paper"]
    models.note_fit(registry.model())
    assert not models.evict_others(registry.model())
    set_adapters(shelf.models[-1], registry.adapters["ink"])
    models.pin((registry.adapters["paper"],))
    assert shelf.adapters == ["paper"]


async def test_unloading_adapters_in_between_changes_no_picture(
    registry: Registry, shelf: Shelf, size_bytes: int
) -> None:
    """With room for none of them beside the model: each is gone by the next request, and is loaded again when named."""
    requests = [paint_request(steps=3, lora=names) if names else paint_request(steps=3) for names in WANTED]
    async with create_painter(registry, max_rows=64) as painter:
        ample = [await painted(painter, one) for one in requests]
    async with create_painter(registry, max_rows=64, budget_bytes=size_bytes, load=shelf.load) as painter:
        short, loaded = [], []
        for one in requests:
            short.append(await painted(painter, one))
            loaded.append(set(shelf.adapters))
    assert files_of(short) == files_of(ample)
    assert loaded == [{"ink"}, {"paper"}, set(), {"ink", "paper"}, {"ink"}]
    assert len(shelf.models) == 1


async def test_adapters_of_an_offloaded_model_are_unloaded_too(registry: Registry) -> None:
    """Layer by layer, where the budget is smaller than its UNet."""
    requests = [paint_request(steps=2, lora=names) if names else paint_request(steps=2) for names in WANTED]
    async with create_painter(registry, max_rows=64) as painter:
        ample = [await painted(painter, one) for one in requests]
    async with create_painter(registry, max_rows=64, budget_bytes=300_000) as painter:
        assert files_of([await painted(painter, one) for one in requests]) == files_of(ample)


async def test_adapters_of_active_requests_are_never_unloaded(
    registry: Registry, shelf: Shelf, size_bytes: int
) -> None:
    """Requests alternate between adapters that do not fit together: each is loaded once, and named by its number."""
    requests = [paint_request(steps=4, lora=names) for names in (("ink",), ("paper",), ("ink:0.5", "paper:0.5"))]
    async with create_painter(registry, max_rows=64) as painter:
        ample = [await painted(painter, one) for one in requests]
    async with create_painter(registry, max_rows=64, budget_bytes=size_bytes, load=shelf.load) as painter:
        together = await all_painted(painter, requests)
    assert files_of(together) == files_of(ample)
    names = {name for part in shelf.pipes[-1].get_list_adapters().values() for name in part}  # type: ignore[attr-defined]
    assert names <= {"adapter_0", "adapter_1"}


async def test_no_adapter_is_loaded_while_a_model_is_loading(registry: Registry, shelf: Shelf, size_bytes: int) -> None:
    """Its request waits for that; one without adapters begins and ends meanwhile."""
    gate, begun = threading.Event(), threading.Event()

    def load(model: Model) -> LoadedModel:
        if model.name == "second":
            begun.set()
            gate.wait()
        return shelf.load(model)

    model = registry.model()
    two = replace(registry, models={model.name: model, "second": replace(model, name="second")})
    async with create_painter(two, max_rows=64, budget_bytes=size_bytes, load=load) as painter:
        for names in (("ink",), ("paper",)):
            before = await painted(painter, paint_request(steps=2, lora=names))
        cold = asyncio.create_task(painted(painter, paint_request(model="second", steps=2)))
        await asyncio.to_thread(begun.wait)
        pending = asyncio.create_task(painted(painter, paint_request(steps=2, lora=("paper",))))
        await painted(painter, paint_request(steps=20))
        assert not pending.done()
        assert shelf.adapters == []
        gate.set()
        await cold
        assert files_of([await pending]) == files_of([before])
