"""The loop sends a heartbeat before everything that can hang, so that the supervisor knows the phase."""

from __future__ import annotations

from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.phase import Phase
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.process.heartbeats import HeartbeatRecorder
from tests.engine.painter.requests import paint_request, painted


async def test_a_heartbeat_comes_before_everything_that_can_hang(registry: Registry) -> None:
    """A load; then a request of three steps: one heartbeat to start it, one for each step, one to decode it."""
    heartbeats = HeartbeatRecorder()
    async with create_painter(registry, max_rows=64, load=FlatModel, heartbeat=heartbeats) as painter:
        assert await heartbeats.until(Phase.IDLE) == []
        await painter.warm()
        assert set(await heartbeats.until(Phase.IDLE)) == {Phase.LOAD}
        await painted(painter, paint_request(steps=3))
        assert await heartbeats.until(Phase.IDLE) == [Phase.STEP] * (1 + 3) + [Phase.DECODE]
