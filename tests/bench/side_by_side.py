"""The same grids by the painter and by stock diffusers, and how long each of them takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from engine.contract.painting import PaintRequest
from engine.painter.in_process import LocalPainter
from engine.painter.output.images import grid_from_pixels
from tests.engine.painter.requests import Batches, Pixels, paint_request, painted

PROMPT = "a red circle on a blue background"
# Steps and guidance of eight jobs in order of arrival.
MIXED = ((32, 5.0), (8, 3.0), (40, 7.0), (12, 1.0), (24, 4.0), (16, 6.0), (36, 2.0), (20, 5.0))

BenchRow = tuple[str, str, str]


@dataclass
class Record:
    """What every forward held."""

    batches: Batches = field(default_factory=list)


@dataclass
class Spent:
    """Seconds by the clock and of CPU, one entry a run."""

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add_since(self, clock: float, cpu: float) -> None:
        """Add what has passed since these readings."""
        self.clock.append(time.perf_counter() - clock)
        self.cpu.append(time.process_time() - cpu)


@contextmanager
def stopwatch(spent: Spent) -> Iterator[None]:
    """Add how long the body took."""
    clock, cpu = time.perf_counter(), time.process_time()
    yield
    spent.add_since(clock, cpu)


def stock_grid(pipe: Any, steps: int, guidance: float, side: int) -> list[Pixels]:
    """Return four pictures painted by stock diffusers, and encoded as the painter encodes its own grids."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(4)]
    images = pipe(
        PROMPT,
        num_inference_steps=steps,
        guidance_scale=guidance,
        num_images_per_prompt=4,
        generator=generators,
        width=side,
        height=side,
    ).images
    pixels = [np.asarray(image) for image in images]
    grid_from_pixels(pixels)
    return pixels


async def all_at_once(painter: LocalPainter) -> Spent:
    """Paint the eight jobs together; return when each ended since all were given, in the order of ending."""
    ends = Spent()
    clock, cpu = time.perf_counter(), time.process_time()

    async def one(wanted: PaintRequest) -> None:
        await painted(painter, wanted)
        ends.add_since(clock, cpu)

    await asyncio.gather(*(one(paint_request(PROMPT, steps=steps, cfg=guidance)) for steps, guidance in MIXED))
    return ends


def one_after_another(stock: Any, side: int) -> Spent:
    """Paint the eight jobs as stock diffusers does, in order of arrival; return when each ended."""
    ends = Spent()
    clock, cpu = time.perf_counter(), time.process_time()
    for steps, guidance in MIXED:
        stock_grid(stock, steps, guidance, side)
        ends.add_since(clock, cpu)
    return ends
