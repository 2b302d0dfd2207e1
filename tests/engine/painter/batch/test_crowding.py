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

PATIENCE_SECONDS = 60


@pytest.fixture
def there() -> WeakSet[FlatModel]:
    """The models that are on the device."""
    return WeakSet()


async def test_a_preview_is_never_worth_an_order(two: Registry, there: WeakSet[FlatModel]) -> None:
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
        async with asyncio.timeout(PATIENCE_SECONDS):
            result = await painted(painter, paint_request(steps=1))
        assert len(result.pictures) == 4
        assert {one.name for one in there} == {"tiny", "second"}


async def test_an_order_waits_for_room_while_another_model_arrives(two: Registry, there: WeakSet[FlatModel]) -> None:
    """What has no room beside weights that are on their way is painted once they are here and can be let go."""
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
            assert gate.wait(PATIENCE_SECONDS)
        return loaded

    async with create_painter(two, max_rows=64, load=load) as painter:
        await painter.warm()
        other = asyncio.create_task(painted(painter, paint_request(model="second", steps=2)))
        assert await asyncio.to_thread(is_coming.wait, PATIENCE_SECONDS)
        async with asyncio.timeout(PATIENCE_SECONDS):
            results = await asyncio.gather(painted(painter, paint_request(steps=2)), other)
        assert [len(result.pictures) for result in results] == [4, 4]


@pytest.mark.parametrize("words", ["CUBLAS_STATUS_ALLOC_FAILED", "DefaultCPUAllocator: can't allocate memory"])
async def test_a_width_without_room_is_known_by_words_too(registry: Registry, words: str) -> None:
    """Libraries below torch have no error of their own for it; a model is measured at every start."""

    class Wordy(FlatModel):
        def predict(self, latents: Tensor, timesteps: Tensor, given: Sequence[Any]) -> Tensor:
            if len(latents) > 4:
                raise RuntimeError(words)
            return super().predict(latents, timesteps, given)

    async with create_painter(registry, load=Wordy) as painter:
        assert len((await painted(painter, paint_request(steps=2))).pictures) == 4


async def test_a_model_that_the_device_cannot_measure_is_refused(registry: Registry) -> None:
    """Not even what is shown in the first forward has room; the painter goes on."""

    class Bare(FlatModel):
        def set_adapters(self, loras: Any) -> None:
            raise torch.OutOfMemoryError("no room")

    async with create_painter(registry, load=Bare) as painter:
        for _ in range(2):
            with pytest.raises(NoRoom):
                await painted(painter, paint_request(steps=2))
