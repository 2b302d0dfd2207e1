"""How long `easel run` takes from an initialised home to ready, against importing what paints.

`python -m tests.bench.startup` starts the real command with the sandbox and the model that ships, or, where that is
absent, a tiny one.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from tests.easel.command import start_easel
from tests.easel.models import save_models_file

REFERENCE = "from diffusers import StableDiffusionPipeline"
SHIPPED = Path(__file__).parent.parent.parent / "engine" / "starter" / "weights"


async def main() -> None:
    """Print a table: wall time, processor time of all processes, and the ratio to the reference."""
    home = Path(tempfile.mkdtemp(prefix="easel-bench-"))
    variables = {} if SHIPPED.is_dir() else {"EASEL_MODELS_FILE": str(save_models_file(home / "tiny"))}
    try:
        await _seconds_until_ready(home, variables)
        rows = {
            "import torch and diffusers": _imported(),
            "easel run to ready": await _seconds_until_ready(home, variables),
        }
    finally:
        shutil.rmtree(home, ignore_errors=True)
    table = Table(title=f"Start on an initialised home, {'starter' if SHIPPED.is_dir() else 'tiny'} model")
    for heading in ("what", "wall, s", "processor, s", "wall / reference"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    reference = rows["import torch and diffusers"][0]
    for name, (wall, processor) in rows.items():
        table.add_row(name, f"{wall:.1f}", f"{processor:.1f}", f"{wall / reference:.2f}")
    Console().print(table)


async def _seconds_until_ready(home: Path, variables: dict[str, str]) -> tuple[float, float]:
    began = time.perf_counter()
    process = await start_easel("run", "--port", "0", home=home, before=(), **variables)
    assert process.stdout is not None and process.stderr is not None
    draining = asyncio.create_task(process.stderr.read())
    while line := await process.stdout.readline():
        if b"Easel is ready" in line:
            break
    taken = time.perf_counter() - began, _processor_seconds(psutil.Process(process.pid))
    process.send_signal(signal.SIGINT)
    await process.stdout.read()
    if await process.wait():
        raise SystemExit((await draining).decode())
    return taken


def _processor_seconds(parent: psutil.Process) -> float:
    times = [process.cpu_times() for process in [parent, *parent.children(recursive=True)]]
    return sum(each.user + each.system for each in times)


def _imported() -> tuple[float, float]:
    began = time.perf_counter()
    process = psutil.Popen(
        [sys.executable, "-c", f"{REFERENCE}; import os; print(sum(os.times()[:2]))"], stdout=subprocess.PIPE
    )
    out, _ = process.communicate()
    return time.perf_counter() - began, float(out)


if __name__ == "__main__":
    asyncio.run(main())
