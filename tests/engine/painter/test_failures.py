"""What can go wrong with a model while it paints: each error fails its own request and no other."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from weakref import WeakSet

import pytest
import torch
from torch import Tensor

from engine.contract.errors import NoRoom, PaintedNothing, PainterLost, PictureCorrupt, WeightsMissing
from engine.models.files.weights import num_parameters
from engine.models.registry.registry import Model, Registry
from engine.painter.in_process import create_painter
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from tests.engine.painter.fakes import FlatModel, joining
from tests.engine.painter.forward_recorder import ForwardRecorder
from tests.engine.painter.requests import paint_request, painted


async def test_a_request_with_non_finite_latents_fails_alone(registry: Registry) -> None:
    """NaN from one row of a batch: PaintedNothing for its request, the same picture as ever for the other."""
    async with create_painter(registry, max_rows=64, load=FlatModel) as painter:
        alone = await painted(painter, paint_request(steps=20))
        broken, fine = await asyncio.gather(
            painted(painter, paint_request("poison", steps=20)),
            painted(painter, paint_request(steps=20)),
            return_exceptions=True,
        )
    assert isinstance(broken, PaintedNothing)
    assert broken.name == "tiny"
    assert fine == alone


async def test_a_batch_that_does_not_fit_is_split_and_stays_small(registry: Registry) -> None:
    """Eight forward rows where four have room: tried once, split, and never tried again."""
    models: list[FlatModel] = []
    async with create_painter(
        registry, max_rows=64, load=lambda model: recorded(models, FlatModel(model, room=4))
    ) as painter:
        result = await painted(painter, paint_request(steps=5))
    assert len(result.pictures) == 4
    assert models[0].batch_sizes[:3] == [8, 4, 4]
    assert max(models[0].batch_sizes[3:]) == 4


async def test_a_row_that_does_not_fit_alone_fails_only_its_request(registry: Registry) -> None:
    """One picture with guidance needs two forward rows; with room for one, a request without guidance still ends."""
    async with create_painter(registry, max_rows=64, load=lambda model: FlatModel(model, room=1)) as painter:
        wide, narrow = await asyncio.gather(
            painted(painter, paint_request(steps=5)),
            painted(painter, paint_request(steps=5, cfg=1.0)),
            return_exceptions=True,
        )
    assert isinstance(wide, NoRoom)
    assert (wide.model, wide.size) == ("tiny", "32 x 32")
    assert not isinstance(narrow, BaseException)


async def test_pictures_are_decoded_one_by_one_where_more_do_not_fit(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64, load=FlatModel) as painter:
        together = await painted(painter, paint_request(steps=2))
    async with create_painter(registry, max_rows=64, load=lambda model: FlatModel(model, room_to_decode=1)) as painter:
        assert await painted(painter, paint_request(steps=2)) == together
    async with create_painter(registry, max_rows=64, load=lambda model: FlatModel(model, room_to_decode=0)) as painter:
        with pytest.raises(NoRoom):
            await painted(painter, paint_request(steps=2))


async def test_a_model_that_does_not_fit_is_loaded_again_after_others_are_evicted(two: Registry) -> None:
    """A device with room for one model at a time, whatever the budget says; afterwards only one is kept there."""
    there: WeakSet[FlatModel] = WeakSet()

    def load(model: Model) -> LoadedModel:
        if there:
            raise torch.OutOfMemoryError("no room")
        return joining(there, FlatModel(model))

    async with create_painter(two, max_rows=64, load=load) as painter:
        for name in ("tiny", "second", "tiny"):
            await painted(painter, paint_request(model=name, steps=2))
            assert [one.name for one in there] == [name]


async def test_a_row_that_does_not_fit_is_painted_after_other_models_are_evicted(two: Registry) -> None:
    """Beside another model not even one row has room, alone on the device four have."""
    there: WeakSet[FlatModel] = WeakSet()

    class Crowded(FlatModel):
        def predict(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
            self.room = 0 if len(there) > 1 else 4
            return super().predict(latents, timesteps, embeds)

    def load(model: Model) -> LoadedModel:
        return joining(there, Crowded(model))

    async with create_painter(two, max_rows=64, load=load) as painter:
        await painter.warm("second")
        assert len((await painted(painter, paint_request(steps=3))).pictures) == 4
        assert [one.name for one in there] == ["tiny"]


async def test_a_model_too_large_for_the_empty_device_fails_its_requests(registry: Registry) -> None:
    def load(model: Model) -> LoadedModel:
        raise torch.OutOfMemoryError("no room")

    async with create_painter(registry, load=load) as painter:
        with pytest.raises(NoRoom) as refused:
            await painter.warm()
        assert (refused.value.model, refused.value.size) == ("tiny", "")


async def test_texts_that_do_not_fit_fail_only_their_request(registry: Registry) -> None:
    class Wordless(FlatModel):
        def encode_prompt(self, text: str) -> PromptEmbeds:
            if text == "long":
                raise torch.OutOfMemoryError("no room")
            return super().encode_prompt(text)

    async with create_painter(registry, max_rows=64, load=Wordless) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, paint_request("long")), painted(painter, paint_request()), return_exceptions=True
        )
    assert isinstance(lost, NoRoom)
    assert not isinstance(fine, BaseException)


async def test_a_model_that_cannot_be_loaded_fails_only_its_requests(registry: Registry, two: Registry) -> None:
    def load(model: Model) -> LoadedModel:
        if model.name == "second":
            raise WeightsMissing(path=registry.path)
        return FlatModel(model)

    async with create_painter(two, max_rows=64, load=load) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, paint_request(model="second")), painted(painter, paint_request()), return_exceptions=True
        )
    assert isinstance(lost, WeightsMissing)
    assert not isinstance(fine, BaseException)


async def test_a_source_that_is_not_an_image_fails_only_its_request(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64, load=FlatModel) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, paint_request(source=b"no picture")),
            painted(painter, paint_request()),
            return_exceptions=True,
        )
    assert isinstance(lost, PictureCorrupt)
    assert not isinstance(fine, BaseException)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_when_the_loop_fails_every_request_fails(registry: Registry) -> None:
    """After an error of the device nothing can be painted in this process; requests then fail with PainterLost."""

    def load(model: Model) -> LoadedModel:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    async with create_painter(registry, max_rows=64, load=load) as painter:
        with pytest.raises(PainterLost):
            await painted(painter, paint_request())
        await painter.lost.wait()
        with pytest.raises(PainterLost):
            await painted(painter, paint_request())


async def test_an_adapter_deleted_before_its_model_is_reloaded_fails_only_its_requests(
    registry: Registry, two: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    """A model is evicted with the adapter of an active request, and the file is removed before it is loaded again."""
    file = Path(shutil.copy(checkpoints / "ink.safetensors", tmp_path))
    moved = {"ink": replace(registry.adapters["ink"], file=file)}
    registry = replace(two, adapters=moved)
    room_for_one = num_parameters(checkpoints / "sd1") * 4
    forwards = ForwardRecorder(pause_at=5)
    async with create_painter(registry, max_rows=8, budget_bytes=room_for_one, on_forward=forwards) as painter:
        inked = painter.paint(paint_request(steps=60, lora=("ink",)))
        await anext(inked)
        await forwards.wait_paused()
        await asyncio.to_thread(file.unlink)
        painting = asyncio.create_task(painted(painter, paint_request(model="second", steps=2, cfg=1.0)))
        # It joins at its first turn.
        await asyncio.sleep(0)
        forwards.resume()
        other = await painting
        with pytest.raises(WeightsMissing):
            async for _ in inked:
                pass
        assert len(other.pictures) == 4
        assert len((await painted(painter, paint_request(steps=2))).pictures) == 4


async def test_requests_of_two_models_are_both_painted(two: Registry) -> None:
    async with create_painter(two, max_rows=64, load=FlatModel, budget_bytes=100) as painter:
        await asyncio.gather(*(painted(painter, paint_request(model=name, steps=9)) for name in ("second", "tiny") * 2))


def recorded(models: list[FlatModel], model: FlatModel) -> FlatModel:
    models.append(model)
    return model
