"""The painter against stock diffusers on the starter, in one run: `python -m tests.bench.painter [FIGURE.png]`.

Times are the best of several runs taken in turns, because other work on the machine only ever adds to them.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import diffusers
import numpy as np
from PIL import Image

from engine.models.registry.registry import read_registry
from engine.painter.in_process import LocalPainter, create_painter
from engine.painter.output.images import Pixels, grid_from_pixels
from engine.store.objects import open_objects
from tests.bench.cold_start import cold_start_rows
from tests.bench.painter_cuda import cuda_rows
from tests.bench.painter_figure import draw_rows
from tests.bench.side_by_side import (
    PROMPT,
    BenchRow,
    Record,
    Spent,
    all_at_once,
    one_after_another,
    stock_grid,
    stopwatch,
)
from tests.engine.painter.requests import paint_request, painted

RUNS = 5
MIXED_RUNS = 2


def main(figure: Path = Path("build/bench/painter_rows.png")) -> None:
    """Print the table, and draw the rows of eight jobs over steps."""
    diffusers.utils.logging.disable_progress_bar()
    print("| what | reach | measured |\n|---|---|---|", flush=True)
    asyncio.run(_print_rows(figure))


async def _print_rows(figure: Path) -> None:
    for rows in (_rows(figure), cuda_rows()):
        async for row in rows:
            _print(row)
    for row in cold_start_rows():
        _print(row)


def _print(row: BenchRow) -> None:
    print("|", " | ".join(row), "|", flush=True)


async def _rows(figure: Path) -> AsyncIterator[BenchRow]:
    record = Record()
    stock = stock_pipeline()
    async with create_painter(on_forward=record.batches.append) as painter:
        await painter.warm()
        await painted(painter, paint_request(PROMPT))
        for row in await _grid_alone(painter, stock):
            yield row
        for row in await _eight_jobs(painter, stock, record):
            yield row
        draw_rows(record.batches, figure)
        yield await _late_job(painter, record)
    kept = f"{await _grid_kept_ms():.0f} ms"
    yield "encode and store what Discord gets of a 2048 x 2048 grid, CPU time", "at most 60 ms", kept


def stock_pipeline() -> Any:
    """Return diffusers' own pipeline of the starter with the sampler of the registry."""
    folder = read_registry().model("starter").source.folder
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(folder)
    pipe.scheduler = diffusers.DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    return pipe


async def _grid_alone(painter: LocalPainter, stock: Any) -> list[BenchRow]:
    """Return what a grid takes over stock diffusers: by the clock, and in CPU time, which others do not stretch."""
    starter = read_registry().model("starter").defaults
    ours, theirs = Spent(), Spent()
    for _ in range(RUNS):
        with stopwatch(ours):
            await painted(painter, paint_request(PROMPT))
        with stopwatch(theirs):
            await asyncio.to_thread(stock_grid, stock, starter.steps, starter.guidance, starter.width)
    clock, cpu = min(ours.clock) / min(theirs.clock), min(ours.cpu) / min(theirs.cpu)
    return [
        ("starter grid alone: time over stock diffusers", "at most 1.00", f"{clock:.2f} ({min(ours.clock):.2f} s)"),
        ("starter grid alone: CPU time over stock diffusers", "at most 1.00", f"{cpu:.2f} ({min(ours.cpu):.2f} s)"),
    ]


async def _eight_jobs(painter: LocalPainter, stock: Any, record: Record) -> list[BenchRow]:
    """Return throughput and mean latency of eight jobs at once over one after another by stock diffusers."""
    ours, theirs = [], []
    side = read_registry().model("starter").defaults.width
    for _ in range(MIXED_RUNS):
        record.batches.clear()
        ours.append(await all_at_once(painter))
        theirs.append(await asyncio.to_thread(one_after_another, stock, side))
    rows = []
    for name, ours_by, theirs_by in (
        ("by the clock", [one.clock for one in ours], [one.clock for one in theirs]),
        ("in CPU time", [one.cpu for one in ours], [one.cpu for one in theirs]),
    ):
        throughput = min(ends[-1] for ends in theirs_by) / min(ends[-1] for ends in ours_by)
        latency = min(map(fmean, ours_by)) / min(map(fmean, theirs_by))
        rows += [
            (f"8 mixed jobs at once over one after another: throughput, {name}", "at least 1.1", f"{throughput:.2f}"),
            (f"8 mixed jobs at once over one after another: mean latency, {name}", "at most 0.8", f"{latency:.2f}"),
        ]
    return rows


async def _late_job(painter: LocalPainter, record: Record) -> BenchRow:
    """Return how many forwards pass between a one-picture job's arrival and its own first."""
    long, late = paint_request(PROMPT, steps=100), paint_request(PROMPT, steps=8, pictures=1)
    events = painter.paint(long)
    await anext(events)
    message = len(record.batches)
    await painted(painter, late)
    first = next(at for at, rows in enumerate(record.batches) if (late.job_id, 0) in rows)
    await events.aclose()
    return "steps until a late one-picture job starts beside a long one", "at most 2", str(first - message)


async def _grid_kept_ms() -> float:
    """Return the CPU time of the whole process for the file of a grid: encoded as the painter does, kept as the worker.

    Every run has pictures of its own, because what a store has already is sooner kept.
    """
    loop, spent = asyncio.get_running_loop(), []
    with TemporaryDirectory(prefix="easel-bench-") as folder:
        objects = open_objects(Path(folder).as_uri())
        for run in range(RUNS):
            pictures = [photo(4 * run + slot) for slot in range(4)]
            start = time.process_time()
            grid, _ = await loop.run_in_executor(None, grid_from_pixels, pictures)
            await objects.put(grid, ".jpg")
            spent.append(time.process_time() - start)
    return min(spent) * 1000


def photo(seed: int) -> Pixels:
    """Return 1024 x 1024 pixels that are as hard to encode as a photo: soft shapes with light noise over them."""
    random = np.random.default_rng(seed)
    shapes = Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    soft = np.asarray(shapes.resize((1024, 1024), Image.Resampling.BICUBIC), dtype=np.float64)
    return (soft + random.normal(0, 2, soft.shape)).clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
