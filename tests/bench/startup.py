"""How long `easel run` takes from an initialized home to ready, and what memory all of its processes then take.

`python -m tests.bench.startup --against PATH` compares with another checkout, which has a `.venv` of its own: the two
take turns, and a ratio is the median of those of the pairs, because whatever else runs here slows both of a pair.
"""

from __future__ import annotations

import argparse
import os
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


@dataclass(frozen=True, kw_only=True)
class StartCost:
    """What one start took.

    wall, processor: seconds until ready, the latter of all processes together.
    memory: MiB of all processes together, each shared page counted once (PSS), Postgres included.
    """

    wall: float
    processor: float
    memory: float


def main(against: Path | None, pairs: int) -> None:
    """Print a table of this checkout, and of the other with the ratios to it where there is one."""
    checkouts = [OURS] if against is None else [against, OURS]
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as text:
        homes = [Path(text, str(number)) for number in range(len(checkouts))]
        for checkout, home in zip(checkouts, homes, strict=True):
            start_cost(checkout, home)
        costs = [[start_cost(*one) for one in zip(checkouts, homes, strict=True)] for _ in range(pairs)]
    table = Table(title=f"easel run on an initialized home, medians of {pairs}")
    for heading in ("what", "against", "ours", "ratio"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for number, what in enumerate(("to ready, wall s", "to ready, processor s", "idle memory, PSS MiB")):
        table.add_row(what, *_figures([[astuple(cost)[number] for cost in pair] for pair in costs]))
    Console().print(table)


def _figures(pairs: list[list[float]]) -> tuple[str, str, str]:
    ours = f"{median(pair[-1] for pair in pairs):.1f}"
    if len(pairs[0]) == 1:
        return "", ours, ""
    return f"{median(pair[0] for pair in pairs):.1f}", ours, f"{median(ours / other for other, ours in pairs):.2f}"


def start_cost(checkout: Path, home: Path) -> StartCost:
    """Start everything of a checkout, wait until it is ready and idle, and stop it again."""
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
    return StartCost(wall=wall, processor=processor, memory=memory)


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
