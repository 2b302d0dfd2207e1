"""The loop says what it comes to before it does it, so that whoever watches knows what hangs."""

from __future__ import annotations

from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.phase import Phase
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.process.beats import Beats
from tests.engine.painter.requests import paint_request, painted


async def test_a_beat_comes_before_everything_that_can_hang(registry: Registry) -> None:
    """A load; then a request of three steps: one beat to open it, one for each step, one for its pictures."""
    beats = Beats()
    async with create_painter(registry, max_rows=64, load=FlatModel, heartbeat=beats) as painter:
        assert await beats.until(Phase.IDLE) == []
        await painter.warm()
        assert set(await beats.until(Phase.IDLE)) == {Phase.LOAD}
        await painted(painter, paint_request(steps=3))
        assert await beats.until(Phase.IDLE) == [Phase.STEP] * (1 + 3) + [Phase.DECODE]
