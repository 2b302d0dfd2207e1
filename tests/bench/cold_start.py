"""From the start of a process to the end of its first grid, weights in the page cache: part of the painter's bench."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch

from engine.models.loading.device import Device, best_device
from engine.models.registry.registry import SHIPPED, read_registry
from engine.models.registry.speed import Compilation, SpeedSettings
from engine.painter.in_process import create_painter
from tests.bench.painter_cuda import SD15, registry_text
from tests.bench.side_by_side import PROMPT, BenchRow
from tests.engine.painter.requests import paint_request, painted


def cold_start_rows() -> Iterator[BenchRow]:
    """Yield the rows of the starter, and of SD 1.5 where there is a CUDA device."""
    yield from _rows("starter", _starter, Compilation.WHOLE)
    device = best_device()
    if device.device.type == "cuda":
        yield from _rows("SD 1.5, CUDA", lambda folder, how: _sd15(folder, how, device), Compilation.BLOCKS)
    else:
        yield "cold start to the first grid, SD 1.5, CUDA", "reported", "no CUDA device"


def _rows(name: str, write: Write, how: Compilation) -> Iterator[BenchRow]:
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as text:
        folder = Path(text)
        for what, chosen in (
            ("nothing compiled", Compilation.NONE),
            (f"compile = {how}, for the first time", how),
            (f"compile = {how}, what was compiled on disk", how),
        ):
            seconds = _first_grid_seconds(write(folder, chosen), folder / "compiled")
            yield f"cold start to the first grid, {name}, {what}", "reported", f"{seconds:.1f} s"


Write = Callable[[Path, Compilation], Path]


def _starter(folder: Path, how: Compilation) -> Path:
    weights = SHIPPED.parent.parent.parent / "starter" / "weights"
    text = SHIPPED.read_text().replace("../../starter/weights", str(weights))
    return _written(folder, f'{text}\n[models.starter.speed]\ncompile = "{how}"\n')


def _sd15(folder: Path, how: Compilation, device: Device) -> Path:
    weights = folder / "weights"
    if not weights.exists():
        SD15.build(device).save_pretrained(weights)
        torch.cuda.empty_cache()
    return _written(folder, registry_text(replace(SD15, speed=SpeedSettings(compile=how))))


def _written(folder: Path, text: str) -> Path:
    file = folder / "models.toml"
    file.write_text(text)
    return file


def _first_grid_seconds(file: Path, cache: Path) -> float:
    command = [sys.executable, "-m", "tests.bench.cold_start", str(file)]
    start = time.perf_counter()
    surroundings = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(cache)}
    subprocess.run(command, check=True, capture_output=True, env=surroundings)
    return time.perf_counter() - start


async def _paint_first_grid(file: Path) -> None:
    async with create_painter(read_registry(file)) as painter:
        await painter.warm()
        await painted(painter, paint_request(PROMPT))


if __name__ == "__main__":
    asyncio.run(_paint_first_grid(Path(sys.argv[1])))
