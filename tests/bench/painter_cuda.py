"""The rows of `tests.bench.painter` that need a CUDA device; without one they are printed and left empty.

Stock diffusers paints four images in one call: bfloat16, SDPA, nothing compiled. It goes first, and the painter takes
over the very same weights. Times are the best of several runs, so that those of warming up do not count; the painter's
hold its PNG files too.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

from engine.contract.errors import ModelBroken, NoRoom, PaintedNothing, SpeedUnsupported
from engine.models.loading.device import Device, best_device
from engine.models.loading.fp8 import quantize_linears
from engine.models.loading.pipeline import denoiser_of
from engine.models.registry.registry import Model, Registry, read_registry
from engine.models.registry.speed import Compilation, Precision, SpeedSettings
from engine.painter.families import adapted
from engine.painter.in_process import LocalPainter, create_painter
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention
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
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr

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
[models.random.speed]
compile = "{speed.compile}"
precision = "{speed.precision}"
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An architecture, the grid painted with it by the usual sampler of its family, and how forwards are run."""

    family: str
    build: Callable[[Device], Any]
    side: int
    steps: int
    guidance: float
    speed: SpeedSettings = field(default_factory=SpeedSettings)


SD15 = Case(family="sd1", build=sd15, side=512, steps=30, guidance=7.5)
SDXL = Case(family="sdxl", build=sdxl, side=1024, steps=30, guidance=6.0)
FLUX = Case(family="flux", build=flux_dev, side=1024, steps=28, guidance=3.5)


async def cuda_rows() -> AsyncIterator[BenchRow]:
    """Yield what is measured, what is to be reached, and the figure or that there is no device to measure it on."""
    device = best_device()
    for what, reach, case, measure in _rows():
        is_there = device.device.type == "cuda"
        yield what, reach, await figure_of(measure, case, device) if is_there else "no CUDA device"


def _rows() -> Iterator[tuple[str, str, Case, Measure]]:
    for name, case, reach in (
        ("SD 1.5 grid, 512 x 512, 30 steps", SD15, "at least 1.6"),
        ("SDXL grid, 1024 x 1024, 30 steps", SDXL, "at least 1.5"),
        ("Flux-dev grid, 1024 x 1024, 28 steps", FLUX, "at least 1.55"),
    ):
        for how in Compilation:
            what = f"{name}, CUDA, compile = {how}: speed over stock diffusers"
            yield what, reach, replace(case, speed=SpeedSettings(compile=how)), grid_speed
    rough = replace(SDXL, speed=SpeedSettings(compile=Compilation.BLOCKS, precision=Precision.FP8))
    yield "SDXL grid in fp8, CUDA, compile = blocks: speed over stock diffusers", "at least 2.0", rough, grid_speed
    for how in (Compilation.NONE, Compilation.GRAPHS):
        what = f"8 mixed SD 1.5 jobs at once over one after another, CUDA, compile = {how}: throughput"
        yield what, "at least 1.8", replace(SD15, speed=SpeedSettings(compile=how)), mixed_throughput


async def figure_of(measure: Measure, case: Case, device: Device) -> str:
    """Return the figure, or why there is none on this device; the next rows are measured all the same.

    Weights that were drawn by chance may run over in the device's numbers: what is then painted is none.
    """
    try:
        return await measure(case, device)
    except (torch.OutOfMemoryError, NoRoom):
        return "no room on this device"
    except (SpeedUnsupported, ModelBroken, PaintedNothing) as error:
        return f"not here: {error.cause}"
    finally:
        gc.collect()
        torch.compiler.reset()
        torch.cuda.empty_cache()


async def grid_speed(case: Case, device: Device) -> str:
    """Return how many times faster a grid is than by stock diffusers, and how near its worst picture is to stock's."""
    pipe = _quiet(case.build(device))
    ours, theirs = Spent(), Spent()
    for _ in range(RUNS):
        with stopwatch(theirs):
            stock = stock_grid(pipe, case.steps, case.guidance, case.side)
    async with _painter(case, pipe, device) as painter:
        for _ in range(RUNS):
            with stopwatch(ours):
                result = await painted(painter, paint_request(PROMPT, seed=0))
    worst = min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True))
    times = f"{min(ours.clock):.2f} s for {min(theirs.clock):.2f} s"
    return f"{min(theirs.clock) / min(ours.clock):.2f} ({times}; worst picture {worst:.0f} dB)"


async def mixed_throughput(case: Case, device: Device) -> str:
    """Return how many times sooner eight mixed jobs are all done than one after another by stock diffusers."""
    pipe = _quiet(case.build(device))
    theirs = [one_after_another(pipe, case.side).clock[-1] for _ in range(RUNS)]
    async with _painter(case, pipe, device) as painter:
        ours = [(await all_at_once(painter)).clock[-1] for _ in range(RUNS)]
    return f"{min(theirs) / min(ours):.2f} ({min(ours):.2f} s for {min(theirs):.2f} s)"


Measure = Callable[[Case, Device], Awaitable[str]]


@asynccontextmanager
async def _painter(case: Case, pipe: Any, device: Device) -> AsyncIterator[LocalPainter]:
    """Open a painter that is warm with this pipeline."""

    def load(model: Model) -> LoadedModel:
        if model.speed.precision is Precision.FP8:
            quantize_linears(denoiser_of(pipe), model.name, device.device)
        return adapted(pipe, model, device=device.device, sha256="random", fragments_of=parse_attention)

    async with create_painter(registry_of(case), load=load) as painter:
        await painter.warm()
        yield painter


def registry_of(case: Case) -> Registry:
    """Return a registry with the case's model alone, whose weights are in no file."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        file = Path(folder, "models.toml")
        file.write_text(registry_text(case))
        return read_registry(file)


def registry_text(case: Case) -> str:
    """Return the models file of a case, whose weights are in the folder `weights` beside it."""
    return REGISTRY.format(**{one.name: getattr(case, one.name) for one in fields(case)})


def _quiet(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    return pipe
