"""A crash of the painter is counted against every job in hand; only the one that crashes alone fails of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from engine.contract.errors import PainterLost, PainterNotReady
from engine.contract.ids import new_id
from engine.contract.jobs import MAX_CRASHES, JobStatus
from engine.contract.painting import PaintedPictures, PaintRequest, Progress
from engine.store.database import Database
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, queue_is_empty, submit, until
from tests.fakes import FakePainter, request_for


@dataclass(kw_only=True)
class CrashingPainter(FakePainter):
    """A painter that the prompt `poison` takes down with every job in hand, the first time when there are four.

    killed: whether it looks as if something else had killed it. in_hand: what is painted now, with what ends it.
    crashes: the jobs in hand at each crash.
    """

    killed: bool = False
    in_hand: dict[UUID, asyncio.Event] = field(default_factory=dict)
    crashes: list[set[UUID]] = field(default_factory=list)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        """Paint, or raise PainterLost at a crash."""
        lost = self.in_hand[request.job_id] = asyncio.Event()
        try:
            if not self.crashes or request.spec.prompt == "poison":
                if self.crashes or len(self.in_hand) == QUICK.queue.concurrency:
                    self._crash()
                await lost.wait()
                raise PainterLost(was_killed=self.killed)
            async for event in super().paint(request):
                yield event
        finally:
            del self.in_hand[request.job_id]

    def _crash(self) -> None:
        self.crashes.append(set(self.in_hand))
        for lost in self.in_hand.values():
            lost.set()


@pytest.mark.parametrize(("killed", "crashes"), [(False, 3), (True, MAX_CRASHES)])
async def test_a_job_that_crashes_alone_fails_and_its_neighbours_pay_nothing(
    database: Database, start_engine: EngineStarter, killed: bool, crashes: int
) -> None:
    """Twice as it comes, then alone; of a killed process nobody knows why, so that more crashes are needed."""
    painter = CrashingPainter(killed=killed)
    poison, *others = [await submit(database, request_for(new_id(), words)) for words in ("poison", "a", "b", "c")]
    async with start_engine(painter):
        failed = await end_of(database, poison.id)
        neighbours = [await end_of(database, job.id) for job in others]
        await until(lambda: queue_is_empty(database))
    assert failed.status is JobStatus.FAILED
    assert failed.cause is not None and failed.cause["error"] == "PainterLost"
    assert [(job.status, job.attempts) for job in neighbours] == [(JobStatus.FINISHED, 1)] * 3
    assert len(painter.crashes) == crashes
    assert painter.crashes[0] == {poison.id, *(job.id for job in others)}
    assert all(in_hand == {poison.id} for in_hand in painter.crashes[2:])


@dataclass(kw_only=True)
class TwiceLost(FakePainter):
    """A painter that every job sees lost twice; `most` is the most jobs that it painted at once."""

    losses: Counter[UUID] = field(default_factory=Counter)
    inside: int = 0
    most: int = 0

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        """Count the requests inside."""
        self.losses[request.job_id] += 1
        if self.losses[request.job_id] <= 2:
            raise PainterLost()
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            async for event in super().paint(request):
                yield event
        finally:
            self.inside -= 1


async def test_suspects_are_painted_one_at_a_time_and_finish(database: Database, start_engine: EngineStarter) -> None:
    """Jobs that were in hand at two crashes and caused none are each painted alone."""
    painter = TwiceLost()
    jobs = [await submit(database, request_for(new_id())) for _ in range(QUICK.queue.concurrency)]
    async with start_engine(painter):
        ended = [await end_of(database, job.id) for job in jobs]
    assert [(job.status, job.attempts, job.crashes) for job in ended] == [(JobStatus.FINISHED, 1, 2)] * 4
    assert painter.most == 1


async def test_a_painter_that_cannot_start_is_nobodys_fault(database: Database, start_engine: EngineStarter) -> None:
    """However often it could not be started, the job counts neither an attempt nor a crash."""
    painter = FakePainter(faults={"a red circle": [PainterNotReady() for _ in range(4)]})
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter):
        done = await end_of(database, job.id)
    assert (done.status, done.attempts, done.crashes, done.starts) == (JobStatus.FINISHED, 1, 0, 5)
