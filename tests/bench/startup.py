"""How long `easel run`, `doctor` and `repaint` take in an initialized home, and the memory of all processes when idle.

`python -m tests.bench.startup --against PATH` compares with another checkout, which has a `.venv` of its own: the two
take turns, and a ratio is the median of those of the pairs, because whatever else runs here slows both of a pair.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

OURS = Path(__file__).parent.parent.parent
# Caches and connection pools are then as they stay while nothing is asked for.
_IDLE_SECONDS = 5.0
_ROWS = (
    "run to ready, wall s",
    "run to ready, processor s",
    "idle memory, PSS MiB",
    "doctor, wall s",
    "repaint, wall s",
)


@dataclass(frozen=True, kw_only=True)
class CommandCost:
    """What each command took.

    wall, processor: seconds until ready, the latter of all processes together.
    memory: MiB of all processes together, each shared page counted once (PSS), Postgres included.
    doctor, repaint: seconds of `easel doctor` and of repainting one picture of the starter.
    """

    wall: float
    processor: float
    memory: float
    doctor: float
    repaint: float


def main(against: Path | None, pairs: int) -> None:
    """Print a table of this checkout, and of the other with the ratios to it where there is one."""
    checkouts = [OURS] if against is None else [against, OURS]
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as text:
        homes = [Path(text, str(number)) for number in range(len(checkouts))]
        pictures = [_imagine(*one) for one in zip(checkouts, homes, strict=True)]
        each = list(zip(checkouts, homes, pictures, strict=True))
        for one in each:
            command_cost(*one)
        costs = [[command_cost(*one) for one in each] for _ in range(pairs)]
    table = Table(title=f"easel in an initialized home, medians of {pairs}")
    for heading in ("what", "against", "ours", "ratio"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for number, what in enumerate(_ROWS):
        table.add_row(what, *_figures([[astuple(cost)[number] for cost in pair] for pair in costs]))
    Console().print(table)


def _figures(pairs: list[list[float]]) -> tuple[str, str, str]:
    ours = f"{median(pair[-1] for pair in pairs):.1f}"
    if len(pairs[0]) == 1:
        return "", ours, ""
    return f"{median(pair[0] for pair in pairs):.1f}", ours, f"{median(ours / other for other, ours in pairs):.2f}"


def command_cost(checkout: Path, home: Path, picture: str) -> CommandCost:
    """Run each command of a checkout once; `run` until it is ready and idle.

    picture: id of one that was painted in this home.
    """
    variables = {**os.environ, "EASEL_HOME": str(home)}
    began = time.perf_counter()
    command = [str(checkout / ".venv" / "bin" / "easel"), "run", "--port", "0"]
    with subprocess.Popen(command, env=variables, cwd=checkout, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if not any("Easel is ready" in line for line in process.stdout):
            raise SystemExit(f"{command[0]} did not start")
        wall, processor = time.perf_counter() - began, sum(map(_processor_seconds, _processes(process.pid, home)))
        time.sleep(_IDLE_SECONDS)
        memory = sum(map(_pss, _processes(process.pid, home)))
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    doctor = _seconds_of(checkout, home, "doctor")
    repaint = _seconds_of(checkout, home, "repaint", picture, "-o", str(home / "repainted.png"))
    return CommandCost(wall=wall, processor=processor, memory=memory, doctor=doctor, repaint=repaint)


def _imagine(checkout: Path, home: Path) -> str:
    """Paint a prompt, which also initializes the home, and return the id of a picture of it."""
    printed = _output_of(checkout, home, "imagine", "a red circle", "-o", f"{home}.png")
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", printed)
    if found is None:
        raise SystemExit(f"`easel imagine` printed no picture id: {printed}")
    return found[0]


def _seconds_of(checkout: Path, home: Path, *arguments: str) -> float:
    began = time.perf_counter()
    _output_of(checkout, home, *arguments)
    return time.perf_counter() - began


def _output_of(checkout: Path, home: Path, *arguments: str) -> str:
    command = [str(checkout / ".venv" / "bin" / "easel"), *arguments]
    variables = {**os.environ, "EASEL_HOME": str(home)}
    done = subprocess.run(
        command, env=variables, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout


def _processes(pid: int, home: Path) -> list[psutil.Process]:
    """Return the process and its children, and the Postgres of the home, which belongs to nobody."""
    parent = psutil.Process(pid)
    family = {parent, *parent.children(recursive=True)}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd().startswith(str(home)):
                family.add(process)
    return list(family)


def _processor_seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def _pss(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return float(process.memory_full_info().pss) / 2**20
    return 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout with its own .venv")
    parser.add_argument("--pairs", type=int, default=5)
    main(**vars(parser.parse_args()))
