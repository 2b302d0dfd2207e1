"""What can go wrong with a model while it paints: each is told to its own order and to no other."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import torch

from engine.contract.errors import ModelBroken, OutOfMemory, PainterLost, PictureCorrupt, WeightsMissing
from engine.models.registry import Model, Registry
from engine.painter.families.protocol import LoadedModel
from engine.painter.local import create_painter
from engine.painter.warm import WarmModels
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.orders import order, painted


async def test_numbers_that_are_none_break_their_own_order_only(registry: Registry) -> None:
    """NaN from one row of a batch: ModelBroken for its order, the same picture as ever for the other."""
    async with create_painter(registry, width=64, load=FlatModel) as painter:
        alone = await painted(painter, order(steps=20))
        broken, fine = await asyncio.gather(
            painted(painter, order("poison", steps=20)), painted(painter, order(steps=20)), return_exceptions=True
        )
    assert isinstance(broken, ModelBroken)
    assert broken.name == "tiny"
    assert fine == alone


async def test_a_batch_without_room_is_split_and_stays_narrow(registry: Registry) -> None:
    """Eight forward rows where four have room: tried once, split, and never tried again."""
    models: list[FlatModel] = []
    async with create_painter(registry, width=64, load=lambda model: told(models, FlatModel(model, room=4))) as painter:
        result = await painted(painter, order(steps=5))
    assert len(result.pictures) == 4
    assert models[0].widths[:3] == [8, 4, 4]
    assert max(models[0].widths[3:]) == 4


async def test_a_row_that_has_no_room_alone_fails_its_order_only(registry: Registry) -> None:
    """One picture with guidance needs two forward rows; with room for one, an order without guidance still ends."""
    async with create_painter(registry, width=64, load=lambda model: FlatModel(model, room=1)) as painter:
        wide, narrow = await asyncio.gather(
            painted(painter, order(steps=5)), painted(painter, order(steps=5, cfg=1.0)), return_exceptions=True
        )
    assert isinstance(wide, OutOfMemory)
    assert not isinstance(narrow, BaseException)


async def test_pictures_are_decoded_one_by_one_where_there_is_no_room_for_more(registry: Registry) -> None:
    async with create_painter(registry, width=64, load=FlatModel) as painter:
        together = await painted(painter, order(steps=2))
    async with create_painter(registry, width=64, load=lambda model: FlatModel(model, room_to_decode=1)) as painter:
        assert await painted(painter, order(steps=2)) == together
    async with create_painter(registry, width=64, load=lambda model: FlatModel(model, room_to_decode=0)) as painter:
        with pytest.raises(OutOfMemory):
            await painted(painter, order(steps=2))


def test_a_model_is_loaded_once_more_after_the_others_have_gone(registry: Registry) -> None:
    """A device with room for one model at a time, whatever the budget says."""
    first = registry.model()
    second = replace(first, name="second")

    def load(model: Model) -> LoadedModel:
        if models.is_warm(first) and model is second:
            raise torch.OutOfMemoryError("no room")
        return FlatModel(model)

    models = WarmModels(load, budget_bytes=1000, width=2)
    models.load(first)
    models.load(second)
    assert [models.is_warm(first), models.is_warm(second)] == [False, True]


def test_a_model_that_is_too_large_for_the_empty_device_is_told(registry: Registry) -> None:
    def load(model: Model) -> LoadedModel:
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(OutOfMemory):
        WarmModels(load, budget_bytes=1000).load(registry.model())


async def test_a_model_that_cannot_be_loaded_fails_its_orders_only(registry: Registry) -> None:
    def load(model: Model) -> LoadedModel:
        if model.name == "second":
            raise WeightsMissing(path=registry.path)
        return FlatModel(model)

    async with create_painter(with_second(registry), width=64, load=load) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, order(model="second")), painted(painter, order()), return_exceptions=True
        )
    assert isinstance(lost, WeightsMissing)
    assert not isinstance(fine, BaseException)


async def test_a_source_that_is_no_picture_fails_its_order_only(registry: Registry) -> None:
    async with create_painter(registry, width=64, load=FlatModel) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, order(source=b"no picture")), painted(painter, order()), return_exceptions=True
        )
    assert isinstance(lost, PictureCorrupt)
    assert not isinstance(fine, BaseException)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_when_the_loop_itself_breaks_nobody_waits_for_ever(registry: Registry) -> None:
    """An error that nobody foresaw ends the thread; orders in it and after it fail with PainterLost."""

    def load(model: Model) -> LoadedModel:
        raise ZeroDivisionError

    async with create_painter(registry, width=64, load=load) as painter:
        with pytest.raises(PainterLost):
            await painted(painter, order())
        await painter.lost.wait()
        with pytest.raises(PainterLost):
            await painted(painter, order())


def test_the_least_recently_used_model_goes_when_the_budget_is_spent(registry: Registry) -> None:
    """Three models of 100 bytes in a budget of 200."""
    first = registry.model()
    second, third = replace(first, name="second"), replace(first, name="third")
    models = WarmModels(FlatModel, budget_bytes=200, width=2)
    for model in (first, second, first, third):
        models.load(model)
    assert [models.is_warm(model) for model in (first, second, third)] == [True, False, True]


async def test_orders_of_two_models_are_both_painted(registry: Registry) -> None:
    async with create_painter(with_second(registry), width=64, load=FlatModel, budget_bytes=100) as painter:
        await asyncio.gather(*(painted(painter, order(model=name, steps=9)) for name in ("second", "tiny") * 2))


def told(models: list[FlatModel], model: FlatModel) -> FlatModel:
    models.append(model)
    return model


def with_second(registry: Registry) -> Registry:
    model = registry.model()
    return replace(registry, models={model.name: model, "second": replace(model, name="second")})
