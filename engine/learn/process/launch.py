"""A trainer whose trainings run in processes of their own; torch lives there only."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

import engine
from engine.contract.errors import PainterLost, PainterNotReady, StorageFull
from engine.contract.training import TRAINING_DISK, TrainedAdapter, TrainingProgress, TrainingRequest
from engine.learn.process.request import SubjectOrder, write_order
from engine.painter.process.launch import child_environment
from engine.painter.process.messages import Frame, FrameKind, error_from_frame

Process = asyncio.subprocess.Process

_ROOT = Path(engine.__file__).parent.parent
_MAX_SEED = 2**31 - 1
_STOP_SECONDS = 60.0
"""For the step in hand and its checkpoint; what is killed later goes on from the checkpoint before."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ProcessTrainer:
    """Trains in processes; see `engine.contract.training.AdapterTrainer`.

    folder: has a folder for each job; its path is absolute. registry: the models file. steps: of each training.
    classifies: whether the registered classifier, if there is one, looks at the pictures first.
    """

    folder: Path
    registry: Path
    steps: int
    classifies: bool = True
    program: str = "engine.learn.process.child"

    async def train(self, request: TrainingRequest) -> AsyncGenerator[TrainingProgress | TrainedAdapter, None]:
        """Yield progress, then the adapter."""
        place = self.folder / str(request.job_id)
        try:
            await asyncio.to_thread(write_order, place, self._order(request), request.pictures)
        except OSError as error:
            raise StorageFull(place=TRAINING_DISK) from error
        process = await self._start(place)
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                yield _progress(json.loads(line), process.pid)
            await process.wait()
        finally:
            await _end(process)
        adapter = place / "adapter.safetensors"
        if not adapter.exists():
            raise PainterLost(was_killed=process.returncode == -signal.SIGKILL)
        yield TrainedAdapter(file=await asyncio.to_thread(adapter.read_bytes))

    def job_ids(self) -> tuple[UUID, ...]:
        """Return the jobs that have a folder."""
        return tuple(UUID(path.name) for path in self.folder.glob("*-*-*-*-*")) if self.folder.exists() else ()

    async def drop(self, job_id: UUID) -> None:
        """Delete the folder of the job."""
        await asyncio.to_thread(shutil.rmtree, self.folder / str(job_id), ignore_errors=True)

    def _order(self, request: TrainingRequest) -> SubjectOrder:
        return SubjectOrder(
            subject=request.subject,
            kind=request.kind,
            model=request.model,
            registry=str(self.registry.absolute()),
            steps=self.steps,
            seed=request.seed & _MAX_SEED,
            classifies=self.classifies,
        )

    async def _start(self, place: Path) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self.program, str(place)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=_ROOT,
                env=child_environment(),
            )
        except OSError as error:
            _log.error("trainer_not_started", cause=str(error))
            raise PainterNotReady() from error


def _progress(said: Mapping[str, Any], pid: int) -> TrainingProgress:
    """Return the progress that a line tells.

    Raises: the error that it tells instead.
    """
    if "error" in said:
        if "traceback" in said:
            _log.error("not_trained", pid=pid, exception=said["traceback"])
        raise error_from_frame(Frame(kind=FrameKind.FAILED, facts=said))
    return TrainingProgress(**said)


async def _end(process: Process) -> None:
    """Let the process end after its step, or kill it if that takes too long."""
    assert process.stdin is not None
    process.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
