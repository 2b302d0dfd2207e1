"""A job whose picture is like one that must never appear fails, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.contract.painting import PaintedPictures, PaintRequest, Progress
from engine.painter.output.films import MEDIA_TYPE, film_between
from engine.store.database import Database
from tests.engine.test_hash_list import KNOWN, encoded, picture, pixels_of
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, submit
from tests.fakes import FakePainter, request_for

FILM = film_between([pixels_of(5), pixels_of(0), pixels_of(6)], list(map(pixels_of, (10, 11, 12, 13))))


class OtherPainter(FakePainter):
    """Paints pictures of ellipses, the second of a job with `barred` as its prompt the one that is listed.

    Of one with `film`, a frame is.
    """

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        """Yield the pictures."""
        seeds = [10, 0 if request.spec.prompt == "barred" else 11, 12, 13]
        async for event in super().paint(request):
            if isinstance(event, PaintedPictures):
                files = zip(event.pictures, seeds, strict=True)
                painted = [replace(one, png=encoded(picture(seed)), width=96, height=64) for one, seed in files]
                event = replace(event, pictures=tuple(painted))
                if request.spec.prompt == "film":
                    event = replace(event, grid=FILM, grid_type=MEDIA_TYPE)
            yield event


async def test_nothing_of_a_barred_picture_is_stored(
    start_engine: EngineStarter, database: Database, tmp_path: Path
) -> None:
    hashes_file = tmp_path / "hashes.txt"
    hashes_file.write_text(KNOWN[0])
    jobs = [await submit(database, request_for(new_id(), prompt)) for prompt in ("barred", "film", "other")]
    async with start_engine(OtherPainter(), options=replace(QUICK, hashes_file=hashes_file)):
        *barred, other = [await end_of(database, job.id) for job in jobs]
    assert [(job.status, job.cause) for job in barred] == [(JobStatus.FAILED, {"error": "PictureBarred"})] * 2
    assert other.status is JobStatus.FINISHED
