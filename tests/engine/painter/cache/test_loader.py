"""Models come off the disk while others paint, and nobody waits for a load that is not theirs."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from weakref import WeakSet

import pytest
import torch

from engine.contract.errors import PainterLost
from engine.models.loading.device import Device
from engine.models.registry.registry import Model, Registry
from engine.painter.batch.loop import DenoisingLoop
from engine.painter.batch.options import LoopOptions
from engine.painter.cache.loader import LoadRequest
from engine.painter.cache.models import LruModelCache, create_load_model
from engine.painter.in_process import create_painter
from engine.painter.phase import Phase
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.process.heartbeats import TIMEOUT_SECONDS, HeartbeatRecorder
from tests.engine.painter.requests import paint_request, painted

# The error of a load that breaks the painter.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


class SlowLoad:
    """A load of which the second model waits for `resume`; it breaks the painter when that takes too long."""

    def __init__(self) -> None:
        self._loop, self._gate, self._begun = asyncio.get_running_loop(), threading.Event(), asyncio.Event()

    def __call__(self, model: Model) -> LoadedModel:
        if model.name == "second":
            self._loop.call_soon_threadsafe(self._begun.set)
            assert self._gate.wait(TIMEOUT_SECONDS), "resume was not called"
        return FlatModel(model)

    async def until_begun(self) -> None:
        await asyncio.wait_for(self._begun.wait(), TIMEOUT_SECONDS)

    def resume(self) -> None:
        self._gate.set()


async def test_requests_are_painted_while_another_model_loads(two: Registry) -> None:
    """A whole request is painted while the load is paused; the request that waits for it is painted afterwards."""
    load = SlowLoad()
    async with create_painter(two, max_rows=64, load=load) as painter:
        await painter.warm()
        cold = asyncio.create_task(painted(painter, paint_request(model="second")))
        await load.until_begun()
        await painted(painter, paint_request(steps=40))
        assert not cold.done()
        load.resume()
        assert len((await cold).pictures) == 4


async def test_a_load_without_progress_stops_painting_and_heartbeats(two: Registry) -> None:
    """With no time allowed for loads, a request that comes beside one is not started, and the loop sends LOAD."""
    load, heartbeats = SlowLoad(), HeartbeatRecorder()
    options = LoopOptions(longest_load=timedelta(0))
    async with create_painter(two, max_rows=64, options=options, load=load, heartbeat=heartbeats) as painter:
        await painter.warm()
        await heartbeats.until(Phase.LOAD)
        await heartbeats.until(Phase.IDLE)
        cold = asyncio.create_task(painted(painter, paint_request(model="second")))
        assert await heartbeats.next() is Phase.LOAD
        late = asyncio.create_task(painted(painter, paint_request()))
        assert await heartbeats.next() is Phase.LOAD
        load.resume()
        await asyncio.gather(cold, late)


async def test_a_load_that_makes_progress_sends_heartbeats(two: Registry) -> None:
    """A large model on a slow disk takes longer than the timeout for a silent child."""
    load, heartbeats = SlowLoad(), HeartbeatRecorder()
    denoising_loop = DenoisingLoop(LruModelCache(load, budget_bytes=1000), LoopOptions(), heartbeats, lambda _: None)
    thread = threading.Thread(target=denoising_loop.run)
    thread.start()
    denoising_loop.warm(LoadRequest(model=two.model("second"), report=lambda _: None))
    heard = [await heartbeats.next() for _ in range(2)]
    for _ in range(3):
        denoising_loop.report_progress()
        heard.append(await heartbeats.next())
    load.resume()
    denoising_loop.close()
    await asyncio.to_thread(thread.join)
    assert heard == [Phase.IDLE, *[Phase.LOAD] * 4]


def test_a_load_reports_how_much_of_its_files_is_read(registry: Registry) -> None:
    progress: list[tuple[int, int]] = []
    device = Device(device=torch.device("cpu"), dtype=torch.float32)
    create_load_model(device, parse_attention, 10**9, lambda done, total: progress.append((done, total)))(
        registry.model()
    )
    assert [done for done, _ in progress] == sorted({done for done, _ in progress})
    assert progress[-1] == (progress[0][1], progress[0][1])


async def test_requested_loads_fail_when_the_painter_closes(two: Registry) -> None:
    load = SlowLoad()
    async with create_painter(two, max_rows=64, load=load) as painter:
        waiting = asyncio.create_task(painted(painter, paint_request(model="second")))
        await load.until_begun()
    load.resume()
    with pytest.raises(PainterLost):
        await waiting


async def test_models_are_evicted_before_another_is_loaded(two: Registry) -> None:
    """A budget that one model spends: nothing is left of it when the next comes off the disk."""
    there: WeakSet[FlatModel] = WeakSet()
    found: list[list[str]] = []

    def load(model: Model) -> LoadedModel:
        found.append([one.name for one in there])
        loaded = FlatModel(model, size_bytes=100)
        there.add(loaded)
        return loaded

    async with create_painter(two, max_rows=64, load=load, budget_bytes=99) as painter:
        for name in ("tiny", "second", "tiny"):
            await painted(painter, paint_request(model=name, steps=2))
    assert found == [[], [], []]
