"""A device that has no room: who goes, who waits, and that everybody's request ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

import pytest
import torch
from torch import Tensor

from engine.contract.errors import NoRoom
from engine.models.registry.registry import Model, Registry
from engine.painter.in_process import create_painter
from engine.painter.pipeline.protocol import LoadedModel
from tests.engine.painter.fakes import FlatModel, joining
from tests.engine.painter.requests import paint_request, painted

TIMEOUT_SECONDS = 60


@pytest.fixture
def there() -> WeakSet[FlatModel]:
    """The models that are on the device."""
    return WeakSet()


async def test_a_preview_that_fails_never_fails_its_request(two: Registry, there: WeakSet[FlatModel]) -> None:
    """It is left out where it has no room, be it of the last step and another model there to go."""

    class Sketchy(FlatModel):
        def preview(self, latents: Tensor) -> Tensor:
            if latents.shape[0] > 1:
                raise torch.OutOfMemoryError("no room")
            return super().preview(latents)

        def decode(self, latents: Tensor) -> Tensor:
            return torch.cat([super(Sketchy, self).decode(one) for one in torch.split(latents, 1)])

    async with create_painter(two, max_rows=64, load=lambda model: joining(there, Sketchy(model))) as painter:
        await painter.warm("second")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            result = await painted(painter, paint_request(steps=1))
        assert len(result.pictures) == 4
        assert {one.name for one in there} == {"tiny", "second"}


async def test_a_request_waits_for_memory_while_another_model_loads(two: Registry, there: WeakSet[FlatModel]) -> None:
    """What does not fit beside a model that is loading is painted once that model can be evicted."""
    is_coming, gate = threading.Event(), threading.Event()

    class Crowded(FlatModel):
        def predict(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[Any]) -> Tensor:
            if self.name == "tiny" and len(there) > 1:
                gate.set()
                raise torch.OutOfMemoryError("no room")
            return super().predict(latents, timesteps, embeds)

    def load(model: Model) -> LoadedModel:
        loaded = joining(there, Crowded(model))
        if model.name == "second":
            is_coming.set()
            # Not here before the other request has found no room.
            assert gate.wait(TIMEOUT_SECONDS)
        return loaded

    async with create_painter(two, max_rows=64, load=load) as painter:
        await painter.warm()
        other = asyncio.create_task(painted(painter, paint_request(model="second", steps=2)))
        assert await asyncio.to_thread(is_coming.wait, TIMEOUT_SECONDS)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            results = await asyncio.gather(painted(painter, paint_request(steps=2)), other)
        assert [len(result.pictures) for result in results] == [4, 4]


@pytest.mark.parametrize("words", ["CUBLAS_STATUS_ALLOC_FAILED", "DefaultCPUAllocator: can't allocate memory"])
async def test_an_out_of_memory_error_is_recognized_by_its_text_too(registry: Registry, words: str) -> None:
    """Libraries below torch raise a plain RuntimeError for it; a model is measured at every start."""

    class Wordy(FlatModel):
        def predict(self, latents: Tensor, timesteps: Tensor, given: Sequence[Any]) -> Tensor:
            if len(latents) > 4:
                raise RuntimeError(words)
            return super().predict(latents, timesteps, given)

    async with create_painter(registry, load=Wordy) as painter:
        assert len((await painted(painter, paint_request(steps=2))).pictures) == 4


async def test_a_model_that_fails_while_it_is_measured_is_refused(registry: Registry) -> None:
    """Not even the first forward fits; the painter goes on."""

    class Bare(FlatModel):
        def set_adapters(self, loras: Any) -> None:
            raise torch.OutOfMemoryError("no room")

    async with create_painter(registry, load=Bare) as painter:
        for _ in range(2):
            with pytest.raises(NoRoom):
                await painted(painter, paint_request(steps=2))
