"""The rows of `tests.bench.painter` that need a CUDA device; without one they are printed and left empty.

Stock diffusers paints four images in one call: bfloat16, SDPA, nothing compiled. It goes first, and the painter takes
over the very same weights. Times are the best of several runs, so that those of warming up do not count; the painter's
hold its PNG files too.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.contract.errors import NoRoom
from engine.models.loading import Device, best_device
from engine.models.registry import Model, read_registry
from engine.painter.families import adapted
from engine.painter.families.protocol import LoadedModel
from engine.painter.local import LocalPainter, create_painter
from engine.prompt import attention
from tests.bench.architectures import flux_dev, sd15, sdxl
from tests.bench.side_by_side import (
    PROMPT,
    BenchRow,
    Spent,
    all_at_once,
    one_after_another,
    stock_grid,
    stopwatch,
)
from tests.engine.painter.orders import order, painted

RUNS = 4

REGISTRY = """
[models.random]
family = "{family}"
folder = "weights"
[models.random.defaults]
width = {side}
height = {side}
steps = {steps}
guidance = {guidance}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An architecture, and the grid that is painted with it by the usual sampler of its family."""

    family: str
    build: Callable[[Device], Any]
    side: int
    steps: int
    guidance: float


SD15 = Case(family="sd1", build=sd15, side=512, steps=30, guidance=7.5)
SDXL = Case(family="sdxl", build=sdxl, side=1024, steps=30, guidance=6.0)
FLUX = Case(family="flux", build=flux_dev, side=1024, steps=28, guidance=3.5)


async def cuda_rows() -> AsyncIterator[BenchRow]:
    """Yield what is measured, what is to be reached, and the figure or why there is none."""
    device = best_device()
    for what, reach, case, measure in _ROWS:
        if measure is None:
            yield what, reach, "not written"
        elif device.device.type != "cuda":
            yield what, reach, "no CUDA device"
        else:
            yield what, reach, await _measured(measure, case, device)


async def _measured(measure: Measure, case: Case, device: Device) -> str:
    try:
        return await measure(case, device)
    except (torch.OutOfMemoryError, NoRoom):
        return "no room on this device"
    finally:
        gc.collect()
        torch.cuda.empty_cache()


async def grid_speed(case: Case, device: Device) -> str:
    """Return how many times faster a grid is than by stock diffusers."""
    pipe = _quiet(case.build(device))
    ours, theirs = Spent(), Spent()
    for _ in range(RUNS):
        with stopwatch(theirs):
            stock_grid(pipe, case.steps, case.guidance, case.side)
    async with _painter(case, pipe, device) as painter:
        for _ in range(RUNS):
            with stopwatch(ours):
                await painted(painter, order(PROMPT))
    return f"{min(theirs.clock) / min(ours.clock):.2f} ({min(ours.clock):.2f} s for {min(theirs.clock):.2f} s)"


async def mixed_throughput(case: Case, device: Device) -> str:
    """Return how many times sooner eight mixed jobs are all done than one after another by stock diffusers."""
    pipe = _quiet(case.build(device))
    theirs = [one_after_another(pipe, case.side).clock[-1] for _ in range(RUNS)]
    async with _painter(case, pipe, device) as painter:
        ours = [(await all_at_once(painter)).clock[-1] for _ in range(RUNS)]
    return f"{min(theirs) / min(ours):.2f} ({min(ours):.2f} s for {min(theirs):.2f} s)"


async def cold_start(case: Case, device: Device) -> str:
    """Return the seconds from the start of a process to the end of its first grid, weights in the page cache."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        case.build(device).save_pretrained(Path(folder, "weights"))
        file = _registry_file(case, Path(folder))
        start = time.perf_counter()
        command = [sys.executable, "-m", "tests.bench.painter_cuda", str(file)]
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
        return f"{time.perf_counter() - start:.1f} s"


Measure = Callable[[Case, Device], Awaitable[str]]
_ROWS: tuple[tuple[str, str, Case, Measure | None], ...] = (
    ("SD 1.5 grid, 512 x 512, 30 steps, CUDA: speed over stock diffusers", "at least 1.6", SD15, grid_speed),
    ("SDXL grid, 1024 x 1024, 30 steps, CUDA: speed over stock diffusers", "at least 1.5", SDXL, grid_speed),
    ("SDXL grid in fp8, CUDA: speed over stock diffusers, and its error", "at least 2.0", SDXL, None),
    ("Flux-dev grid, 1024 x 1024, 28 steps, CUDA: speed over stock diffusers", "at least 1.55", FLUX, grid_speed),
    ("8 mixed SD 1.5 jobs at once over one after another, CUDA: throughput", "at least 1.8", SD15, mixed_throughput),
    ("cold start to the first SD 1.5 grid, CUDA, nothing compiled", "reported", SD15, cold_start),
)


@asynccontextmanager
async def _painter(case: Case, pipe: Any, device: Device) -> AsyncIterator[LocalPainter]:
    """Open a painter that is warm with this pipeline."""

    def load(model: Model) -> LoadedModel:
        return adapted(pipe, model, device=device.device, sha256="random", fragments_of=attention)

    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        registry = read_registry(_registry_file(case, Path(folder)))
    async with create_painter(registry, load=load) as painter:
        await painter.warm()
        yield painter


def _registry_file(case: Case, folder: Path) -> Path:
    file = folder / "models.toml"
    file.write_text(REGISTRY.format(family=case.family, side=case.side, steps=case.steps, guidance=case.guidance))
    return file


def _quiet(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    return pipe


async def _first_grid(file: Path) -> None:
    async with create_painter(read_registry(file)) as painter:
        await painted(painter, order(PROMPT))


if __name__ == "__main__":
    asyncio.run(_first_grid(Path(sys.argv[1])))
