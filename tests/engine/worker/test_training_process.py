"""The worker with a real trainer: a job in the queue becomes an adapter's file, also when it has to make way."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.learn.process.launch import ProcessTrainer
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.own_adapters import read_adapters
from tests.engine.learn.subject_pictures import picture, save_tiny_registry
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import end_of, job_running, submit
from tests.engine.worker.test_training import submit_training
from tests.fakes import FakePainter, request_for


async def test_a_training_that_made_way_ends_with_the_same_adapter(
    database: Database, objects: Objects, start_engine: EngineStarter, tmp_path: Path
) -> None:
    """In a process that was ended and started again; two trainings of one seed and the same pictures are one file."""
    trainer = ProcessTrainer(folder=tmp_path / "training", registry=save_tiny_registry(tmp_path), steps=30)
    pictures = [picture(shade) for shade in (20, 120, 220)]
    keys = []
    async with start_engine(FakePainter(), trainer=trainer):
        for is_disturbed in (False, True):
            job, adapter = await submit_training(database, objects, new_id(), pictures, model="tiny")
            if is_disturbed:
                await job_running(database, job.id)
                other = await submit(database, request_for(new_id()))
                assert (await end_of(database, other.id)).status is JobStatus.FINISHED
            done = await end_of(database, job.id)
            assert (done.status, done.starts) == (JobStatus.FINISHED, 2 if is_disturbed else 1)
            async with database.begin() as connection:
                keys.append((await read_adapters(connection, [adapter.id]))[adapter.id].object_key)
    assert keys[0] and keys[0] == keys[1]
    assert any(name.startswith("unet.") and weight.any() for name, weight in load(await objects.get(keys[0])).items())
