"""Models come off the disk while others paint, and nobody waits for a load that is not theirs."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import torch

from engine.contract.errors import PainterLost
from engine.models.loading import Device
from engine.models.registry import Model, Registry
from engine.painter.arrivals import Warming
from engine.painter.families.protocol import LoadedModel
from engine.painter.local import create_painter
from engine.painter.studio import Manner, Studio
from engine.painter.warm import WarmModels, loader
from engine.painter.wire import Phase
from engine.prompt import attention
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.orders import order, painted

# Seconds until a test gives up on a thread of its own.
PATIENCE = 60


@pytest.fixture
def two(registry: Registry) -> Registry:
    model = registry.model()
    return replace(registry, models={model.name: model, "second": replace(model, name="second")})


def held(gate: threading.Event, begun: threading.Event) -> Callable[[Model], LoadedModel]:
    """Return a loader that holds the second model back until the gate opens."""

    def load(model: Model) -> LoadedModel:
        if model.name == "second":
            begun.set()
            gate.wait()
        return FlatModel(model)

    return load


async def test_orders_are_painted_while_another_model_loads(two: Registry) -> None:
    """A whole order begins and ends while the load stands still; the order that waits for it is painted afterwards."""
    gate, begun = threading.Event(), threading.Event()
    async with create_painter(two, width=64, load=held(gate, begun)) as painter:
        await painter.warm()
        cold = asyncio.create_task(painted(painter, order(model="second")))
        await asyncio.to_thread(begun.wait)
        await painted(painter, order(steps=40))
        assert not cold.done()
        gate.set()
        assert len((await cold).pictures) == 4


async def test_a_load_that_takes_too_long_stops_the_painting_so_that_it_is_noticed(two: Registry) -> None:
    """Without patience for loads nothing is painted beside one, and the last word is that it loads."""
    gate, begun = threading.Event(), threading.Event()
    phases: list[Phase] = []
    manner = Manner(longest_load=timedelta(0))
    async with create_painter(two, width=64, manner=manner, load=held(gate, begun), beat=phases.append) as painter:
        await painter.warm()
        cold = asyncio.create_task(painted(painter, order(model="second")))
        await asyncio.to_thread(begun.wait)
        late = asyncio.create_task(painted(painter, order()))
        # The painter's thread says so when it comes to it.
        while phases[-1] is not Phase.LOAD:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(late), 0.3)
        assert phases[-1] is Phase.LOAD
        gate.set()
        await asyncio.gather(cold, late)


def test_a_load_that_makes_progress_says_so(two: Registry) -> None:
    """A large model on a slow disk takes longer than anybody has patience for silence."""
    gate, begun = threading.Event(), threading.Event()
    beats: queue.Queue[Phase] = queue.Queue()
    studio = Studio(WarmModels(held(gate, begun), budget_bytes=1000), Manner(), beats.put, lambda _: None)
    thread = threading.Thread(target=studio.run)
    thread.start()
    studio.warm(Warming(model=two.model("second"), tell=lambda _: None))
    heard = [beats.get(timeout=PATIENCE) for _ in range(2)]
    for _ in range(3):
        studio.stir()
        heard.append(beats.get(timeout=PATIENCE))
    gate.set()
    studio.close()
    thread.join()
    assert heard == [Phase.IDLE, *[Phase.LOAD] * 4]


def test_a_load_tells_how_far_its_files_are_read(registry: Registry) -> None:
    told: list[tuple[int, int]] = []
    device = Device(device=torch.device("cpu"), dtype=torch.float32)
    loader(device, attention, 10**9, lambda done, total: told.append((done, total)))(registry.model())
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (told[0][1], told[0][1])


async def test_whoever_waits_for_a_load_is_told_when_the_painter_closes(two: Registry) -> None:
    gate, begun = threading.Event(), threading.Event()
    async with create_painter(two, width=64, load=held(gate, begun)) as painter:
        waiting = asyncio.create_task(painted(painter, order(model="second")))
        await asyncio.to_thread(begun.wait)
    gate.set()
    with pytest.raises(PainterLost):
        await waiting
