"""An engine played by hand: it writes the states of jobs straight through the store, when the test says so."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from PIL import Image

from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.contract.painting import PaintRequest, num_pictures_of
from engine.feedback.records import Action, Impression
from engine.feedback.store.actions import read_actions
from engine.feedback.store.impressions import read_impressions
from engine.store.database import Database
from engine.store.jobs import job_from_row
from engine.store.objects import Objects
from engine.store.tables import jobs, pictures
from engine.store.transitions import fail_job, finish_job, record_progress, start_job
from engine.worker.results import SUFFIXES, shown_object
from tests.fakes import painted_from_request


@dataclass(frozen=True, kw_only=True)
class EngineHand:
    """The engine's side of a test."""

    database: Database
    objects: Objects

    async def jobs(self) -> list[Job]:
        """Return every job, oldest first."""
        async with self.database.begin() as connection:
            rows = await connection.execute(jobs.select().order_by(jobs.c.id))
            return [job_from_row(row) for row in rows]

    async def only_job(self) -> Job:
        """Return the one job that there is."""
        (job,) = await self.jobs()
        return job

    async def job(self, job_id: UUID) -> Job:
        """Return the job."""
        (found,) = [job for job in await self.jobs() if job.id == job_id]
        return found

    async def actions(self, job_id: UUID) -> tuple[Action, ...]:
        """Return the feedback on the job, oldest first."""
        async with self.database.begin() as connection:
            return await read_actions(connection, job_id)

    async def impressions(self, job_id: UUID) -> tuple[Impression, ...]:
        """Return what was shown of the job, oldest first."""
        async with self.database.begin() as connection:
            return await read_impressions(connection, job_id)

    async def start(self, job_id: UUID) -> None:
        """Mark the job running."""
        async with self.database.begin() as connection:
            assert await start_job(connection, job_id)

    async def progress(self, job_id: UUID, share: float) -> None:
        """Record a share of the steps, with a preview."""
        async with self.database.begin() as connection:
            assert await record_progress(connection, job_id, share, preview(round(share * 255)))

    async def finish(
        self, job: Job, *, grid: bytes | None = None, lose_grid: bool = False, scores: Sequence[float] = ()
    ) -> list[Picture]:
        """Store the pictures and the grid, if any, and mark the job finished; it is started first where it waits."""
        if job.status.value == "waiting":
            await self.start(job.id)
        request = PaintRequest(
            job_id=job.id,
            member_id=job.member_id,
            operation=job.operation,
            spec=job.spec,
            seed=job.seed,
            num_pictures=num_pictures_of(job.operation),
        )
        painted = painted_from_request(request)
        shown, shown_type = shown_object(painted)
        stored = []
        for slot, picture in enumerate(painted.pictures):
            key = await self.objects.put(picture.png, ".png")
            stored.append(
                Picture(
                    id=new_id(),
                    job_id=job.id,
                    slot=slot,
                    object_key=key,
                    width=picture.width,
                    height=picture.height,
                    seed=picture.seed,
                    recipe=picture.recipe,
                    unsafe_score=scores[slot] if scores else None,
                )
            )
        ending, media_type = (".png", "image/png") if grid else (SUFFIXES[shown_type], shown_type)
        grid_key = await self.objects.put(grid or shown, ending)
        if lose_grid:
            grid_key = f"00/00/{'0' * 64}{ending}"
        async with self.database.begin() as connection:
            assert await finish_job(connection, job.id, stored, grid_key, media_type)
        return stored

    async def forget(self, job_id: UUID) -> None:
        """Delete the job, its pictures and the jobs that go back to it, as an erasure does."""
        async with self.database.begin() as connection:
            await connection.execute(jobs.delete().where(jobs.c.parent_job_id == job_id))
            await connection.execute(pictures.delete().where(pictures.c.job_id == job_id))
            await connection.execute(jobs.delete().where(jobs.c.id == job_id))

    async def fail(self, job_id: UUID, **cause: object) -> None:
        """Mark the job failed."""
        async with self.database.begin() as connection:
            assert await fail_job(connection, job_id, cause)


def preview(shade: int) -> bytes:
    """Return a small JPEG of one shade."""
    image = io.BytesIO()
    Image.new("RGB", (16, 16), (shade, shade, shade)).save(image, "JPEG")
    return image.getvalue()
