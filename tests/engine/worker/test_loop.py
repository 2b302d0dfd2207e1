"""A worker runs jobs until they are finished, failed or retried."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from engine.contract.edits import Box, Edit, Mask, json_from_edit, whole_canvas
from engine.contract.errors import ModelBroken, RequestLost, SizeUnsupported, StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.contract.painting import PaintedPictures, PaintRequest, Progress
from engine.store.database import Database
from engine.store.jobs import mask_key, read_pictures, read_preview
from engine.store.objects import Objects
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import count, end_of, job_when, queue_is_empty, submit, until
from tests.fakes import FakePainter, request_for


async def test_job_is_painted_and_stored(database: Database, objects: Objects, start_engine: EngineStarter) -> None:
    """A waiting job ends finished, with its four pictures and its grid readable, its preview and its entry gone."""
    job = await submit(database, request_for(new_id()))
    async with start_engine(FakePainter()):
        done = await end_of(database, job.id)
        await until(lambda: queue_is_empty(database))
    assert (done.status, done.attempts, done.progress) == (JobStatus.FINISHED, 1, 1.0)
    assert done.grid_key is not None
    assert (await objects.get(done.grid_key)).startswith(b"\xff\xd8")
    async with database.begin() as connection:
        pictures = await read_pictures(connection, job.id)
        assert await read_preview(connection, job.id) is None
    assert [picture.slot for picture in pictures] == [0, 1, 2, 3]
    assert [picture.seed for picture in pictures] == [7, 8, 9, 10]
    for picture in pictures:
        assert (await objects.get(picture.object_key)).startswith(b"\x89PNG")


async def test_progress_and_preview_are_kept_while_it_runs(database: Database, start_engine: EngineStarter) -> None:
    """A running job shows how far it is and what it looks like."""
    painter = FakePainter(steps=4)
    painter.open.clear()
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter):
        await job_when(database, job.id, lambda job: job.progress == 0.5)
        async with database.begin() as connection:
            preview = await read_preview(connection, job.id)
        assert preview is not None
        assert preview.startswith(b"\xff\xd8")
        painter.open.set()
        await end_of(database, job.id)


class FindingPainter(FakePainter):
    """A painter that finds the mask of what the request names."""

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        async for event in super().paint(request):
            if isinstance(event, PaintedPictures) and request.source and not request.mask:
                found = replace(event.pictures[0], recipe={"edit": json_from_edit(FOUND)})
                yield replace(event, pictures=(found, *event.pictures[1:]), mask=b"mask")
            else:
                yield event


FOUND = Edit(strength=1.0, canvas=whole_canvas(8, 8, words="a hat", mask=Mask(
    sha256=hashlib.sha256(b"mask").hexdigest(), box=Box(left=1, top=2, width=3, height=4)
)))  # fmt: skip


async def test_a_mask_that_was_found_is_kept_with_the_job(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """The job then says what was done to its source, and a job that repeats it need not find the mask again."""
    painter = FindingPainter()
    async with start_engine(painter):
        first = await submit(database, request_for(new_id()))
        await end_of(database, first.id)
        async with database.begin() as connection:
            picture = (await read_pictures(connection, first.id))[2]
        asked = replace(request_for(new_id(), parent=(first.id, picture.id)), edit=Edit(strength=1.0))
        done = await end_of(database, (await submit(database, asked)).id)
        assert done.edit == FOUND and await objects.get(mask_key(done.edit) or "") == b"mask"
        again = await submit(database, replace(asked, id=new_id(), edit=done.edit))
        await end_of(database, again.id)
    assert [request.mask for request in painter.requests] == [None, None, b"mask"]


async def test_variation_starts_from_its_picture(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """The painter of a variation gets the bytes of its source picture."""
    painter = FakePainter()
    async with start_engine(painter):
        first = await submit(database, request_for(new_id()))
        await end_of(database, first.id)
        async with database.begin() as connection:
            picture = (await read_pictures(connection, first.id))[2]
        second = await submit(database, request_for(new_id(), parent=(first.id, picture.id)))
        assert (await end_of(database, second.id)).status is JobStatus.FINISHED
    assert painter.requests[0].source is None
    assert painter.requests[1].source == await objects.get(picture.object_key)


@pytest.mark.parametrize(
    "error",
    [
        SizeUnsupported(width=9, height=9, model="fake"),
        ModelBroken(name="fake", cause="nothing but black"),
    ],
)
async def test_request_and_operator_errors_fail_at_once(
    database: Database, start_engine: EngineStarter, error: Exception
) -> None:
    """Errors that a retry cannot fix are not retried, and the cause is kept with its facts."""
    painter = FakePainter(faults={"odd": [error]})
    job = await submit(database, request_for(new_id(), "odd"))
    async with start_engine(painter):
        done = await end_of(database, job.id)
        await until(lambda: queue_is_empty(database))
    assert (done.status, done.attempts) == (JobStatus.FAILED, 1)
    assert done.cause is not None
    assert done.cause["error"] == type(error).__name__
    assert done.cause.items() >= error.facts.items()  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [RequestLost(), ZeroDivisionError("by nothing")])
async def test_failure_of_its_own_is_retried(database: Database, start_engine: EngineStarter, error: Exception) -> None:
    """A job that failed twice finishes at the third attempt."""
    painter = FakePainter(faults={"a red circle": [error, error]})
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter):
        done = await end_of(database, job.id)
    assert (done.status, done.attempts) == (JobStatus.FINISHED, 3)


async def test_third_failure_quarantines(database: Database, start_engine: EngineStarter) -> None:
    """A job that failed three times by itself stays failed with the last cause, and delays nobody."""
    painter = FakePainter(faults={"poison": [RequestLost(), RequestLost(), ZeroDivisionError("by nothing")]})
    poison = await submit(database, request_for(new_id(), "poison"))
    healthy = await submit(database, request_for(new_id()))
    async with start_engine(painter):
        assert (await end_of(database, healthy.id)).status is JobStatus.FINISHED
        done = await end_of(database, poison.id)
        await until(lambda: queue_is_empty(database))
    assert (done.status, done.attempts) == (JobStatus.FAILED, 3)
    assert done.cause == {"error": "ZeroDivisionError", "message": "by nothing"}
    assert sum(request.job_id == poison.id for request in painter.requests) == 3


async def test_job_without_an_entry_is_queued_again(database: Database, start_engine: EngineStarter) -> None:
    """A job whose entry was lost, waiting or running, is found by the sweep and finished."""
    jobs = [await submit(database, request_for(new_id())) for _ in range(2)]
    assert await count(database, "WITH gone AS (DELETE FROM pgqueuer RETURNING 1) SELECT count(*) FROM gone") == 2
    start = f"UPDATE jobs SET status = 'running', attempts = 1, started_at = now() WHERE id = '{jobs[0].id}'"
    await count(database, f"WITH started AS ({start} RETURNING 1) SELECT count(*) FROM started")
    async with start_engine(FakePainter()):
        for job in jobs:
            assert (await end_of(database, job.id)).status is JobStatus.FINISHED


async def test_a_short_outage_of_the_picture_store_costs_no_attempt(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """A picture store that is down for a moment costs no attempt and no second painting."""

    class AwayTwice(Objects):
        refusals = 2

        async def put(self, data: bytes, suffix: str) -> str:
            if self.refusals:
                self.refusals -= 1
                raise StoreUnavailable(cause="away")
            return await super().put(data, suffix)

    painter = FakePainter()
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter, store=AwayTwice(objects.store)):
        done = await end_of(database, job.id)
    assert (done.status, done.attempts, len(painter.requests)) == (JobStatus.FINISHED, 1, 1)


async def test_variation_of_a_lost_picture_fails(
    database: Database, objects: Objects, start_engine: EngineStarter, tmp_path: Path
) -> None:
    """A variation whose source file is gone is failed with that cause."""
    async with start_engine(FakePainter()):
        first = await submit(database, request_for(new_id()))
        await end_of(database, first.id)
        async with database.begin() as connection:
            picture = (await read_pictures(connection, first.id))[0]
        (tmp_path / "pictures" / picture.object_key).unlink()
        second = await submit(database, request_for(new_id(), parent=(first.id, picture.id)))
        done = await end_of(database, second.id)
    assert (done.status, (done.cause or {})["error"]) == (JobStatus.FAILED, "PictureCorrupt")


async def test_outcomes_are_counted(database: Database, start_engine: EngineStarter) -> None:
    """The metrics tell finished jobs from failed ones."""
    registry = CollectorRegistry()
    painter = FakePainter(faults={"odd": [ModelBroken(name="fake", cause="black")]})
    async with start_engine(painter, registry=registry):
        for prompt in ("odd", "even", "even"):
            await end_of(database, (await submit(database, request_for(new_id(), prompt))).id)
        await until(lambda: queue_is_empty(database))
    assert registry.get_sample_value("easel_jobs_total", {"outcome": "finished"}) == 2
    assert registry.get_sample_value("easel_jobs_total", {"outcome": "failed"}) == 1
    assert registry.get_sample_value("easel_jobs_running") == 0
