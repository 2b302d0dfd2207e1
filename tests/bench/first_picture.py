"""The first grid of a cold start, and the memory then: the painting process over stock diffusers, both on the starter.

`python -m tests.bench.first_picture [--pairs 5]`. Both take turns, each in a new process, with what a second start
finds: weights in the page cache, and measurements in the home. The time runs from the start of a process until it has
its pictures; of several runs the shortest counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

PROMPT = "a red circle on a blue background"
OURS, STOCK = "ours", "stock"


@dataclass(frozen=True, kw_only=True)
class FirstPicture:
    """What a process took until its first grid.

    at: when it was there, by the clock that all processes share. cpu: seconds of all its processes.
    pss, rss: bytes of the process that has painted.
    """

    at: float
    cpu: float
    pss: int
    rss: int


def main(pairs: int) -> None:
    """Print a table of both ways and the ratios."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as text:
        home = Path(text)
        # The first start measures how many rows pay.
        _measured(OURS, home)
        runs = [{way: _measured(way, home) for way in _order(number)} for number in range(pairs)]
    table = Table(title=f"The first grid of a cold start, {pairs} pairs")
    for heading in ("what", "to reach", "ratio", "stock", "ours"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    stock, ours = ([run[way] for run in runs] for way in (STOCK, OURS))
    for what, reach, pick, unit in (
        ("until the first grid, by the clock", "at most 1.00", lambda one: one[0], "s"),
        ("until the first grid, CPU time", "at most 1.00", lambda one: one[1].cpu, "s"),
        ("memory then, PSS", "at most 0.90", lambda one: one[1].pss / 2**20, "MiB"),
        ("memory then, RSS", "at most 0.90", lambda one: one[1].rss / 2**20, "MiB"),
    ):
        theirs, mine = (_figure(map(pick, each), unit) for each in (stock, ours))
        table.add_row(what, reach, f"{mine / theirs:.2f}", f"{theirs:.1f} {unit}", f"{mine:.1f} {unit}")
    Console(width=120).print(table)


def _order(number: int) -> tuple[str, str]:
    return (STOCK, OURS) if number % 2 else (OURS, STOCK)


def _figure(values: map[float], unit: str) -> float:
    # Other work on the machine only ever adds to a time.
    return min(values) if unit == "s" else median(values)


def _measured(way: str, home: Path) -> tuple[float, FirstPicture]:
    """Return the seconds from the start of a process until it had its grid, and what it says of itself."""
    command = [sys.executable, "-m", "tests.bench.first_picture", "--way", way, "--home", str(home)]
    began = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    said = FirstPicture(**json.loads(done.stdout.splitlines()[-1]))
    return said.at - began, said


def _say(painter: psutil.Process) -> None:
    at = time.monotonic()
    family = {psutil.Process(), painter}
    cpu = sum(sum(one.cpu_times()[:2]) for one in family)
    memory = painter.memory_full_info()
    print(json.dumps(asdict(FirstPicture(at=at, cpu=cpu, pss=memory.pss, rss=memory.rss))))


def paint_as_stock() -> None:
    """Load the starter as diffusers documents it, and paint a grid in this process."""
    import diffusers

    from engine.models.registry.registry import read_registry

    starter = read_registry().model("starter")
    defaults = starter.defaults
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(starter.source.folder)
    pipe.set_progress_bar_config(disable=True)
    pipe(
        PROMPT,
        num_inference_steps=defaults.steps,
        guidance_scale=defaults.guidance,
        num_images_per_prompt=4,
        width=defaults.width,
        height=defaults.height,
    )
    _say(psutil.Process())


async def paint_as_ours(home: Path) -> None:
    """Start a painting process as the engine does, and let it paint a grid."""
    from engine.painter.process.launch import PainterOptions
    from engine.painter.process.supervisor import supervise
    from tests.engine.painter.requests import paint_request, painted

    options = PainterOptions(cache=home / "compiled", measurements=home / "measured")
    async with supervise(options) as painter:
        await painted(painter, paint_request(PROMPT))
        assert painter.pid is not None
        _say(psutil.Process(painter.pid))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--way", choices=(OURS, STOCK), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way == STOCK:
        paint_as_stock()
    elif asked.way == OURS:
        asyncio.run(paint_as_ours(asked.home))
    else:
        main(asked.pairs)
