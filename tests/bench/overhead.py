"""What the loop does beside the denoiser in a step, tiny checkpoints of every family: `python -m tests.bench.overhead`.

The measure is the CPU time of the loop's thread for a whole step over that of the denoiser's own forward within it, the
median over the steps of one grid with guidance, on one thread. Other work on the machine changes neither. Real models
take as long for the rest of a step, and a hundred times as long for the forward.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import diffusers
import torch
from rich.console import Console
from rich.table import Table

from engine.models.loading.device import Device
from engine.models.loading.pipeline import denoiser_of, load_pipeline
from engine.models.registry.registry import Model, Registry, read_registry
from engine.painter.cache.models import LoadModel
from engine.painter.families import adapted
from engine.painter.in_process import create_painter
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention
from tests.engine.painter.conftest import save_checkpoints
from tests.engine.painter.families.test_transformers import save_transformers
from tests.engine.painter.requests import paint_request, painted

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)
STEPS = 40


@dataclass(kw_only=True)
class Watch:
    """CPU seconds of the loop's thread: when each step began, and what the denoiser has taken until then."""

    begun: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    forwards: float = 0.0

    def note_step(self, _rows: object) -> None:
        """Note that a step begins."""
        self.begun.append(time.thread_time())
        self.before.append(self.forwards)

    def watch(self, denoiser: Any) -> None:
        """Count the forwards of this denoiser from now on."""
        denoiser.register_forward_pre_hook(lambda *_: self._add(-1))
        denoiser.register_forward_hook(lambda *_: self._add(1))

    def _add(self, sign: int) -> None:
        self.forwards += sign * time.thread_time()

    def steps(self) -> Iterator[tuple[float, float]]:
        """Yield the seconds of each step, and of the forward in it."""
        for at in range(2, len(self.begun) - 1):
            yield self.begun[at + 1] - self.begun[at], self.before[at + 1] - self.before[at]


def main() -> None:
    """Print a table with a line for each model."""
    diffusers.utils.logging.disable_progress_bar()
    table = Table(title=f"A step of the loop over the forward in it, medians over {STEPS} steps of a grid")
    for heading in ("model", "family", "to reach", "ratio", "forward", "rest"):
        table.add_column(heading, justify="left" if heading in ("model", "family") else "right")
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as text:
        for save in (save_checkpoints, save_transformers):
            folder = Path(text, save.__name__)
            folder.mkdir()
            save(folder)
            registry = read_registry(folder / "registry.toml")
            for model in registry.models.values():
                if not model.name.startswith("far-"):
                    table.add_row(model.name, model.family.name, "at most 1.05", *_cells(registry, model))
    Console(width=120).print(table)


def _cells(registry: Registry, model: Model) -> tuple[str, str, str]:
    steps = list(asyncio.run(_watched(registry, model)).steps())
    ratio = median(step / forward for step, forward in steps)
    forward, rest = median(one for _, one in steps), median(step - one for step, one in steps)
    return f"{ratio:.2f}", f"{forward * 1000:.2f} ms", f"{rest * 1000:.2f} ms"


async def _watched(registry: Registry, model: Model) -> Watch:
    watch = Watch()
    async with create_painter(
        registry, max_rows=64, threads=1, on_forward=watch.note_step, load=_loading(watch)
    ) as painter:
        await painter.warm(model.name)
        steps = min(STEPS, model.abilities.max_steps)
        await painted(painter, paint_request("a red cat", model=model.name, steps=steps))
    return watch


def _loading(watch: Watch) -> LoadModel:
    def load(model: Model) -> LoadedModel:
        pipe, sha256 = load_pipeline(model, CPU)
        watch.watch(denoiser_of(pipe))
        return adapted(pipe, model, device=CPU.device, sha256=sha256, fragments_of=parse_attention)

    return load


if __name__ == "__main__":
    main()
