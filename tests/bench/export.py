"""Rows exported per second against COPY of the same rows, and pictures against copying their files.

`python -m tests.bench.export`. Each memory is of a process that exports and does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import multiprocessing
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
from PIL import Image
from rich.console import Console
from rich.table import Table

from bot.store.members import read_publishing_ids
from engine.contract.feedback import Consent, Verb
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRequest
from engine.feedback.store.months import first_id, first_press
from engine.store.database import open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.objects import Objects, open_objects
from migrations import upgrade
from tests.engine.feedback.exports.community import SmallCommunity

MONTH = datetime.now(UTC).date().replace(day=1)
ACTIONS_EACH = 5
# Of pictures of 1.6 MB.
SIDE = 720
MEMBERS = 500

_SHOWN_ID = f"(substr('{first_id(MONTH)}', 1, 13) || '-7000-8000-' || lpad(to_hex({{}}), 12, '0'))::uuid"
_PICTURE = """jsonb_build_object('picture_id', md5('p' || i || '-' || s)::uuid, 'slot', s, 'seed', i * 4 + s,
    'model', 'sdxl', 'model_hash', repeat('a', 64), 'adapters', '[]'::jsonb, 'settings_hash', repeat('b', 64))"""
_FILL_IMPRESSIONS = f"""
    INSERT INTO impressions (id, kind, message_id, job_id, member_id, pictures, prompt_hash, prompt_source, operation,
        surface, is_nsfw_channel, ui_version, consent_version, may_train, may_publish, shown_at)
    SELECT {_SHOWN_ID.format("i")}, 'grid', $1::bigint + i, md5('job' || i)::uuid, md5('m' || i % {MEMBERS})::uuid,
        (SELECT jsonb_agg({_PICTURE}) FROM generate_series(0, 3) AS s), md5('h' || i % 40000) || md5('x' || i % 40000),
        'command', 'imagine', 'guild', false, 1, 1, true, true, now()
    FROM generate_series($2::bigint, $3::bigint) AS i
"""
# As buttons are pressed: their impression is that of the message and the job.
_FILL_ACTIONS = f"""
    INSERT INTO actions (press_id, id, impression_id, message_id, job_id, member_id, is_owner, verb, slot, picture_id,
        value, shown_pictures, shown_slots, model, model_hash, surface, latency_ms, consent_version, may_train,
        may_publish, at)
    SELECT $1::bigint + i * {ACTIONS_EACH} + n, gen_random_uuid(), NULL, $1::bigint + i,
        md5('job' || i)::uuid, md5('m' || (i * 7 + n) % {MEMBERS})::uuid, n = 0, 'rate', n % 4,
        md5('p' || i || '-' || n % 4)::uuid, 1 + (i + n) % 4,
        ARRAY(SELECT md5('p' || i || '-' || s)::uuid FROM generate_series(0, 3) AS s), '{{0,1,2,3}}', 'sdxl',
        repeat('a', 64), 'guild', 1000 + i % 5000, 1, true, true, now()
    FROM generate_series($2::bigint, $3::bigint) AS i, generate_series(0, {ACTIONS_EACH - 1}) AS n
"""

_AGREED = f"""
    INSERT INTO members (id, discord_id, consent_version, may_train, may_publish)
    SELECT md5('m' || i)::uuid, i + 1, 1, true, true FROM generate_series(0, {MEMBERS - 1}) AS i ON CONFLICT DO NOTHING
"""


async def main(actions: int, small: int, large: int, pictures: int, rounds: int) -> None:
    """Print the speeds, best of `rounds`, and the memories."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        place = Path(home)
        async with open_embedded(place / "postgres") as url:
            await upgrade(url)
            filled, memories = 0, dict[int, float]()
            rates = dict[str, float]()
            for rows in sorted({small, actions, large}):
                filled = await _fill(url, filled, rows // ACTIONS_EACH)
                if rows == actions:
                    rates = await _race_rows(url, place, rows + rows // ACTIONS_EACH, rounds)
                memories[rows] = await asyncio.to_thread(_peak_of_export, url, place)
        async with open_embedded(place / "painted") as url:
            await upgrade(url)
            speeds = await _race_pictures(url, place, pictures, rounds)
    _show(rates, speeds, memories, actions, pictures)


async def _fill(url: str, filled: int, wanted: int) -> int:
    connection = await asyncpg.connect(url)
    try:
        first = first_press(MONTH)
        await connection.execute(_AGREED)
        await connection.execute(_FILL_IMPRESSIONS, first, filled, wanted - 1)
        await connection.execute(_FILL_ACTIONS, first, filled, wanted - 1)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return wanted


async def _race_rows(url: str, place: Path, rows: int, rounds: int) -> dict[str, float]:
    ways = {"COPY": partial(_copy, url, place / "copied"), "easel export raw": partial(_export, url, place, "raw")}
    best = dict.fromkeys(ways, 0.0)
    for _ in range(rounds):
        for name, write in ways.items():
            best[name] = max(best[name], rows / await _seconds(write))
            shutil.rmtree(place / "out", ignore_errors=True)
    return best


async def _copy(url: str, target: Path) -> None:
    connection = await asyncpg.connect(url)
    try:
        for table in ("actions", "impressions"):
            await connection.copy_from_query(f"SELECT * FROM {table}", output=target)
    finally:
        await connection.close()


async def _export(url: str, place: Path, name: str, objects: Objects | None = None) -> None:
    request = ExportRequest(folder=place / "out", report=lambda done, total: None, read_publishers=read_publishing_ids)
    async with open_database(url, pool_size=2) as database:
        await FORMATS[name].export(database, objects or open_objects((place / "pictures").as_uri()), request)


def _peak_of_export(url: str, place: Path) -> float:
    """Return the peak memory in MB of a process that exports everything."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        peak = pool.apply(_export_and_measure, (url, str(place)))
    shutil.rmtree(place / "out", ignore_errors=True)
    return peak


def _export_and_measure(url: str, place: str) -> float:
    asyncio.run(_export(url, Path(place), "raw"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


async def _race_pictures(url: str, place: Path, pictures: int, rounds: int) -> dict[str, float]:
    """Return the MB a second of copying the files and of two exports of them."""
    store = place / "pictures"
    objects = open_objects(store.as_uri())
    async with open_database(url, pool_size=2) as database:
        community = _LargePictures(database=database, objects=objects)
        agreed = await community.join(Consent.PUBLISH)
        for number in range(pictures // 4):
            painted = await community.paint(agreed, f"a cat and {number} dogs", num_pictures=4)
            for slot, value in ((number % 4, 4), ((number + 1) % 4, 1)):
                await community.press(painted, slot, agreed, Verb.RATE, value)
    ways: dict[str, Callable[[], Awaitable[None]]] = {
        "copying the files": partial(_copy_files, store, place / "out"),
        "easel export raw": partial(_export, url, place, "raw", objects),
        "easel export diffusiondb": partial(_export, url, place, "diffusiondb", objects),
    }
    best = dict.fromkeys(ways, 0.0)
    for _ in range(rounds):
        for name, write in ways.items():
            seconds = await _seconds(write)
            written = sum(path.stat().st_size for path in (place / "out").rglob("*") if path.is_file())
            best[name] = max(best[name], written / 1e6 / seconds)
            shutil.rmtree(place / "out")
    return best


async def _copy_files(store: Path, target: Path) -> None:
    await asyncio.to_thread(shutil.copytree, store, target)


class _LargePictures(SmallCommunity):
    """A community whose pictures are as large as those of models are."""

    def png_of_seed(self, seed: int) -> bytes:
        """Return noise, which does not compress."""
        buffer = io.BytesIO()
        noise = random.Random(seed).randbytes(3 * SIDE * SIDE)
        Image.frombytes("RGB", (SIDE, SIDE), noise).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()


async def _seconds(write: Callable[[], Awaitable[None]]) -> float:
    start = time.perf_counter()
    await write()
    return time.perf_counter() - start


def _show(
    rates: dict[str, float], speeds: dict[str, float], memories: dict[int, float], actions: int, pictures: int
) -> None:
    table = Table(title=f"Exports of {actions:,} actions, and of {pictures:,} pictures")
    for heading in ("way", "speed", "of the first"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for unit, raced in (("rows/s", rates), ("MB/s", speeds)):
        for name, speed in raced.items():
            table.add_row(name, f"{speed:,.0f} {unit}", f"{speed / next(iter(raced.values())):.2f}")
    for rows, peak in memories.items():
        table.add_row(f"easel export raw, {rows:,} actions", f"{peak:.0f} MB", "")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=2_000_000)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(**vars(parser.parse_args())))
