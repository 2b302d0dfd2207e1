"""A job whose picture is like one that must never appear fails, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.contract.painting import PaintedPictures, PaintRequest, Progress
from engine.store.database import Database
from tests.engine.test_hash_list import KNOWN, encoded, picture
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, submit
from tests.fakes import FakePainter, request_for


class OtherPainter(FakePainter):
    """Paints pictures of ellipses, the second of a job with `barred` as its prompt the one that is listed."""

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        """Yield the pictures."""
        seeds = [10, 0 if request.spec.prompt == "barred" else 11, 12, 13]
        async for event in super().paint(request):
            if isinstance(event, PaintedPictures):
                files = zip(event.pictures, seeds, strict=True)
                event = replace(event, pictures=tuple(replace(one, png=encoded(picture(seed))) for one, seed in files))
            yield event


async def test_nothing_of_a_barred_picture_is_stored(
    start_engine: EngineStarter, database: Database, tmp_path: Path
) -> None:
    hashes_file = tmp_path / "hashes.txt"
    hashes_file.write_text(KNOWN[0])
    jobs = [await submit(database, request_for(new_id(), prompt)) for prompt in ("barred", "other")]
    async with start_engine(OtherPainter(), options=replace(QUICK, hashes_file=hashes_file)):
        barred, other = [await end_of(database, job.id) for job in jobs]
    assert (barred.status, barred.cause) == (JobStatus.FAILED, {"error": "PictureBarred"})
    assert other.status is JobStatus.FINISHED
