"""The release before and this one side by side on one database, under load: nothing is lost, or painted twice."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.store.database import Database, open_database
from engine.store.objects import Objects
from migrations import NEWEST, upgrade
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import count, queue_is_empty, until
from tests.engine.worker.release_process import PACE, ask
from tests.fakes import FakePainter

ROOT = Path(__file__).parents[3]
# The release before knows the revisions before this one; to be raised with every release.
FIRST_NEW_REVISION = "migrations/versions/0025_restrictions.py"
PARTS = ("bot", "engine", "migrations", "sandbox", "tests", ":(exclude)engine/starter/weights")

pytestmark = pytest.mark.kills


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout


@pytest.fixture
def release_before(tmp_path: Path) -> Path:
    """A folder with the code of the release before."""
    try:
        added = _git("log", "--diff-filter=A", "--format=%H", "-1", "--", FIRST_NEW_REVISION).decode().strip()
        archive = _git("archive", f"{added}^", *PARTS)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("the history of this checkout does not go back to the release before")
    folder = tmp_path / "before"
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


@asynccontextmanager
async def running(release: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the release at work, and kill what is left of it at the end."""
    script = Path(__file__).with_name("release_process.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        *arguments,
        env={**os.environ, "PYTHONPATH": str(release)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _has_finished(database: Database, number: int) -> bool:
    return await count(database, "SELECT count(*) FROM jobs WHERE status = 'finished'") >= number


async def _has_painted(painter: FakePainter) -> bool:
    return len(painter.requests) >= 10


async def test_nothing_is_lost_while_releases_change(
    release_before: Path, empty_url: str, storage_url: str, objects: Objects, start_engine: EngineStarter
) -> None:
    """The schema is upgraded while the old release paints and asks; then both do; then the new one alone."""
    painter, stop = FakePainter(pace=PACE), asyncio.Event()
    async with (
        open_database(empty_url, pool_size=5) as database,
        running(release_before, empty_url, storage_url) as old,
    ):
        assert old.stdout is not None
        ready = (await old.stdout.readline()).decode().split()
        assert ready[:1] == ["ready"] and ready[1] < NEWEST
        await until(lambda: _has_finished(database, 3))
        assert NEWEST in await upgrade(empty_url)
        asking = asyncio.create_task(ask(database, stop, first=10_000))
        async with start_engine(painter, on=database):
            await until(lambda: _has_painted(painter))
            old.terminate()
            told = (await old.stdout.read()).decode().split()
            assert (await old.wait(), told[0]) == (0, "asked")
            stop.set()
            asked = int(told[1]) + await asking
            await until(lambda: _has_finished(database, asked))
            await until(lambda: queue_is_empty(database))
        assert await count(database, "SELECT count(*) FROM jobs") == asked
        assert await count(database, "SELECT count(*) FROM deliveries") == asked
        assert await count(database, "SELECT count(*) FROM pictures") == 4 * asked
        assert await count(database, "SELECT max(attempts) FROM jobs") == 1
        assert len({request.job_id for request in painter.requests}) == len(painter.requests) < asked
