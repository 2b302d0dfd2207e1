"""The fakes keep the promises of what they stand for."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from engine.contract.errors import PainterLost
from engine.contract.ids import new_id
from engine.contract.painting import NUM_PICTURES, PaintedPictures, PaintRequest, Progress
from tests.fakes import FakePainter, request_for


def _request(seed: int = 7) -> PaintRequest:
    request = request_for(new_id())
    return PaintRequest(
        job_id=request.id, member_id=request.member_id, operation=request.operation, spec=request.spec, seed=seed
    )


async def test_painter_ends_with_four_pictures() -> None:
    """Progress comes first and grows, then once the pictures, each of its own seed."""
    words = [word async for word in FakePainter(steps=3).paint(_request())]
    assert [word.done for word in words if isinstance(word, Progress)] == [1, 2, 3]
    painted = words[-1]
    assert isinstance(painted, PaintedPictures)
    assert [picture.seed for picture in painted.pictures] == [7, 8, 9, 10]
    assert len({picture.png for picture in painted.pictures}) == NUM_PICTURES


async def test_painter_raises_each_fault_once() -> None:
    """A fault takes the place of the pictures and is used up."""
    painter = FakePainter(faults={"a red circle": [PainterLost()]})
    with pytest.raises(PainterLost):
        _ = [word async for word in painter.paint(_request())]
    assert isinstance([word async for word in painter.paint(_request())][-1], PaintedPictures)


async def test_painter_knows_what_was_broken_off() -> None:
    """Closing the generator before the pictures is recorded; closing it afterwards is not."""
    painter = FakePainter()
    request = _request()
    async with aclosing(painter.paint(request)) as words:
        await anext(words)
    assert painter.closed == [request.job_id]
    _ = [word async for word in painter.paint(_request())]
    assert painter.closed == [request.job_id]


async def test_painter_stands_still_while_not_open() -> None:
    """A request waits at half its steps until the painter is opened."""
    painter = FakePainter(steps=4)
    painter.open.clear()
    words = painter.paint(_request())
    assert [(await anext(words)).done, (await anext(words)).done] == [1, 2]  # type: ignore[union-attr]
    next_word = asyncio.ensure_future(anext(words))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not next_word.done()
    painter.open.set()
    assert isinstance(await next_word, Progress)
    await words.aclose()
