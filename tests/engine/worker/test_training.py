"""Trainings behind all other jobs: they make way, go on, and leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from engine.contract.errors import StorageFull
from engine.contract.ids import new_id
from engine.contract.jobs import Job, JobRequest, JobSpec, JobStatus, Operation, Part
from engine.contract.training import (
    TRAINING_DISK,
    OwnAdapter,
    TrainedAdapter,
    TrainingDiverged,
    TrainingProgress,
    TrainingRequest,
)
from engine.hash_list import hash_of_picture, line_of_hash
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.objects import Objects
from engine.store.own_adapters import add_adapter, delete_adapter, read_adapters, read_adapters_of
from engine.store.tables import jobs
from engine.store.transitions import cancel_job
from engine.store.uploads import record_uploads, upload_of
from tests.engine.uploads.pictures import encoded, photo
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import count, end_of, job_running, job_when, submit, until
from tests.fakes import FakePainter, request_for

FILE = b"an adapter's weights"
PICTURES = (b"picture 0", b"picture 1", b"picture 2")


@dataclass(kw_only=True)
class FakeTrainer:
    """Trains in ten steps, and remembers how many of a job it has done.

    open: while cleared, it stands still after half of them. kept: steps done by job. fault: what it raises at the end.
    """

    open: asyncio.Event = field(default_factory=asyncio.Event)
    kept: dict[UUID, int] = field(default_factory=dict)
    requests: list[TrainingRequest] = field(default_factory=list)
    fault: Exception | None = None

    async def train(self, request: TrainingRequest) -> AsyncGenerator[TrainingProgress | TrainedAdapter, None]:
        self.requests.append(request)
        while self.kept.setdefault(request.job_id, 0) < 10:
            self.kept[request.job_id] += 1
            yield TrainingProgress(done=self.kept[request.job_id], total=10, seconds_left=60.0)
            if self.kept[request.job_id] == 5:
                await self.open.wait()
        if self.fault:
            raise self.fault
        yield TrainedAdapter(file=FILE)

    def job_ids(self) -> tuple[UUID, ...]:
        return tuple(self.kept)

    async def drop(self, job_id: UUID) -> None:
        self.kept.pop(job_id, None)


async def submit_training(
    database: Database, objects: Objects, member_id: UUID, pictures: Sequence[bytes] = PICTURES, model: str = "starter"
) -> tuple[Job, OwnAdapter]:
    """Store a training of pictures, and the adapter's row."""
    uploads = [upload_of(one, 64, 64) for one in pictures]
    async with database.begin() as connection:
        await record_uploads(connection, member_id, uploads)
    for one in pictures:
        await objects.put(one, ".png")
    request = JobRequest(
        id=new_id(),
        member_id=member_id,
        operation=Operation.TRAIN,
        spec=JobSpec(
            prompt="zorkle cat", parts=(Part(text="zorkle cat"), Part(text="cat")), parameters={"model": model}
        ),
        seed=3,
        image_keys=tuple(one.object_key for one in uploads),
    )
    async with database.begin() as connection:
        job = await submit_job(connection, request)
        adapter = OwnAdapter(
            id=new_id(),
            member_id=member_id,
            name="zorkle",
            subject="zorkle cat",
            kind="cat",
            model=model,
            job_id=job.id,
            object_key=None,
            created_at=job.created_at,
        )
        assert await add_adapter(connection, adapter)
    return job, adapter


async def pictures_are_gone(database: Database, job: Job) -> bool:
    """Return whether nothing in the database names the training's pictures any more."""
    uploads = await count(database, "SELECT count(*) FROM uploads")
    async with database.begin() as connection:
        keys = (await connection.execute(sa.select(jobs.c.image_keys).where(jobs.c.id == job.id))).scalar_one()
    return not uploads and not keys


async def test_a_picture_interrupts_a_training_which_then_goes_on(
    database: Database, objects: Objects, start_engine: EngineStarter, tmp_path: Path
) -> None:
    """Where it was, once nobody paints; it costs no attempt. Its pictures and what was kept of it are then deleted."""
    trainer, painter = FakeTrainer(), FakePainter()
    painter.open.clear()
    member_id = new_id()
    training, adapter = await submit_training(database, objects, member_id)
    async with start_engine(painter, trainer=trainer):
        running = await job_when(database, training.id, lambda job: job.progress == 0.5)
        assert running.expected_at is not None
        picture = await submit(database, request_for(new_id()))
        await job_running(database, picture.id)
        waiting = await job_when(database, training.id, lambda job: job.status is JobStatus.WAITING)
        assert waiting.attempts == 0 and len(trainer.requests) == 1
        # Offered again meanwhile, and not begun.
        await asyncio.sleep(2)
        assert len(trainer.requests) == 1
        trainer.open.set()
        painter.open.set()
        assert (await end_of(database, picture.id)).status is JobStatus.FINISHED
        done = await end_of(database, training.id)
        await until(partial(pictures_are_gone, database, training))
        assert (done.status, done.attempts, done.crashes) == (JobStatus.FINISHED, 1, 0)
        first, second = trainer.requests
        assert first == second and first.subject == "zorkle cat" and first.kind == "cat"
        assert first.pictures == PICTURES
        await until(lambda: is_empty(trainer))
    async with database.begin() as connection:
        found = await read_adapters(connection, [adapter.id])
        assert [one.name for one in await read_adapters_of(connection, member_id)] == ["zorkle"]
    key = found[adapter.id].object_key
    assert key and await objects.get(key) == FILE
    assert not await objects.find(training.image_keys)


async def is_empty(trainer: FakeTrainer) -> bool:
    return not trainer.kept


async def test_a_training_that_comes_to_nothing_leaves_nothing(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """Cancelled in the middle, or without a result: pictures, checkpoint and the name are free."""
    member_id = new_id()
    trainer = FakeTrainer()
    async with start_engine(FakePainter(), trainer=trainer):
        cancelled, _ = await submit_training(database, objects, member_id)
        await job_when(database, cancelled.id, lambda job: job.progress == 0.5)
        async with database.begin() as connection:
            assert await cancel_job(connection, cancelled.id)
        await until(partial(pictures_are_gone, database, cancelled))
        trainer.open.set()
        trainer.fault = TrainingDiverged(step=4)
        failed, _ = await submit_training(database, objects, member_id)
        done = await end_of(database, failed.id)
        assert (done.status, done.cause) == (JobStatus.FAILED, {"error": "TrainingDiverged", "step": 4})
        await until(partial(pictures_are_gone, database, failed))
        await until(lambda: is_empty(trainer))
    assert await count(database, "SELECT count(*) FROM own_adapters") == 0
    assert not await objects.find(failed.image_keys)


async def test_a_training_without_room_is_given_up(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """Its member is told, and what it has learnt is deleted at once, which makes room."""
    trainer = FakeTrainer(fault=StorageFull(place=TRAINING_DISK))
    trainer.open.set()
    training, _ = await submit_training(database, objects, new_id())
    async with start_engine(FakePainter(), trainer=trainer):
        done = await end_of(database, training.id)
        assert (done.status, done.cause) == (JobStatus.FAILED, {"error": "NoRoomToTrain"})
        assert not trainer.kept
        await until(partial(pictures_are_gone, database, training))


async def test_pictures_are_compared_with_the_list_again_before_anything_is_learnt(
    database: Database, objects: Objects, start_engine: EngineStarter, tmp_path: Path
) -> None:
    """It may have grown since they were brought."""
    brought = [encoded(photo(80 + side), "PNG") for side in range(3)]
    barred = hash_of_picture(brought[1])
    assert barred is not None
    (tmp_path / "hashes").write_text(line_of_hash(barred))
    trainer = FakeTrainer()
    training, _ = await submit_training(database, objects, new_id(), brought)
    async with start_engine(FakePainter(), trainer=trainer, options=replace(QUICK, hashes_file=tmp_path / "hashes")):
        done = await end_of(database, training.id)
    assert done.cause and done.cause["error"] == "PictureBarred" and trainer.requests == []


async def test_a_training_that_has_waited_for_long_has_a_turn_beside_the_others(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """It ends though somebody paints all the while."""
    trainer, painter = FakeTrainer(), FakePainter()
    painter.open.clear()
    impatient = replace(QUICK.job, training_patience=timedelta(seconds=0.5), training_turn=timedelta(hours=1))
    async with start_engine(painter, trainer=trainer, options=replace(QUICK, job=impatient)):
        picture = await submit(database, request_for(new_id()))
        await job_running(database, picture.id)
        training, _ = await submit_training(database, objects, new_id())
        await job_when(database, training.id, lambda job: job.progress == 0.5)
        # Whoever comes now has it go on, too.
        another = await submit(database, request_for(new_id()))
        await job_running(database, another.id)
        trainer.open.set()
        assert (await end_of(database, training.id)).status is JobStatus.FINISHED
        assert len(trainer.requests) == 1
        assert (await job_running(database, picture.id)).status is JobStatus.RUNNING
        painter.open.set()
        await end_of(database, picture.id)


async def test_a_job_paints_with_a_members_adapter_until_it_is_deleted(
    database: Database, objects: Objects, start_engine: EngineStarter, tmp_path: Path
) -> None:
    """Its file is fetched once; when it is deleted, an engine deletes the file in the store and its own."""
    trainer, painter = FakeTrainer(), FakePainter()
    trainer.open.set()
    member_id = new_id()
    training, adapter = await submit_training(database, objects, member_id)
    asked = request_for(member_id, parameters={"lora": ("zorkle:1",)})
    asked = replace(asked, spec=replace(asked.spec, adapters={"zorkle": adapter.id}))
    options = replace(QUICK, adapters=tmp_path / "adapters")
    async with start_engine(painter, trainer=trainer, options=options):
        await end_of(database, training.id)
        job = await submit(database, asked)
        assert (await end_of(database, job.id)).status is JobStatus.FINISHED
        (file,) = painter.requests[0].adapters
        assert (file.name, file.model, file.path.read_bytes()) == ("zorkle", "starter", FILE)
        assert file.path.stem == file.sha256
        async with database.begin() as connection:
            deleted = await delete_adapter(connection, adapter.id)
        assert deleted is not None and deleted.object_key
        await until(lambda: file_is_gone(file.path))
        await until(lambda: no_rows(database))
        assert not await objects.find([deleted.object_key])
        refused = await submit(database, replace(asked, id=new_id()))
        done = await end_of(database, refused.id)
        assert done.cause and (done.cause["error"], done.cause["value"]) == ("SettingUnsupported", "zorkle")


async def file_is_gone(path: Path) -> bool:
    return not await asyncio.to_thread(path.exists)


async def no_rows(database: Database) -> bool:
    return await count(database, "SELECT count(*) FROM own_adapters") == 0


async def test_without_a_trainer_a_training_is_refused(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    training, _ = await submit_training(database, objects, new_id())
    async with start_engine(FakePainter()):
        done = await end_of(database, training.id)
    assert done.cause and done.cause["error"] == "OperationUnsupported"
