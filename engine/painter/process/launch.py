"""Starts the painting process: its options, its environment, and the socket to it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import engine
from engine.models.registry.registry import SHIPPED

Process = asyncio.subprocess.Process

_ROOT = Path(engine.__file__).parent.parent

# OpenMP's threads spin while they wait for each other: where other processes want the cores, a forward of the starter
# on 2 threads took 13.8 s spinning and 0.2 s sleeping (measured: 2026-11-21, 2 cores, load average 11).
_QUIET_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}

# Libraries read these while they are imported: the child itself would set them too late.
_QUIET_LIBRARIES = {
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
}


@dataclass(frozen=True, kw_only=True)
class PainterOptions:
    """How the child paints.

    model: name of its default model; None uses the registry's.
    preload: whether the default model is loaded before the child is ready; if not, a model is loaded when the first
        request needs it.
    max_rows: most rows in one forward; None measures it.
    threads: torch's threads on the CPU; None leaves them to torch.
    budget_bytes: device memory for the weights of loaded models; None uses what there is.
    cache: folder that keeps compiled code for the next start; None leaves the choice to torch.
    measurements: folder that keeps what was measured of the models for the next start; None measures anew.
    classifies: whether the registered classifier, if there is one, looks at every picture.
    """

    registry: Path = SHIPPED
    model: str | None = None
    preload: bool = True
    max_rows: int | None = None
    threads: int | None = None
    budget_bytes: int | None = None
    cache: Path | None = None
    measurements: Path | None = None
    classifies: bool = True


async def start_process(
    program: str, painter_options: PainterOptions
) -> tuple[Process, asyncio.StreamReader, asyncio.StreamWriter]:
    """Start the module `program` and return it with a socket to it; a new interpreter, as CUDA does not survive a fork.

    Raises: OSError when the system has no process, memory or descriptor left.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await _start(program, painter_options, theirs.fileno())
        return process, *await asyncio.open_connection(sock=ours)
    except BaseException:
        # A process that was started ends when it finds the socket closed.
        ours.close()
        raise


async def _start(program: str, painter_options: PainterOptions, descriptor: int) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        program,
        *(str(descriptor), str(painter_options.registry.absolute()), painter_options.model or ""),
        "preload" if painter_options.preload else "",
        *map(_text, (painter_options.max_rows, painter_options.threads, painter_options.budget_bytes)),
        str(painter_options.measurements or ""),
        "classify" if painter_options.classifies else "",
        pass_fds=(descriptor,),
        cwd=_ROOT,
        env={**child_environment(), **_cache_environment(painter_options.cache)},
    )


def child_environment() -> dict[str, str]:
    """Return the environment of a process that works with models: this one's, with quiet libraries and threads."""
    return {**_QUIET_LIBRARIES, **os.environ, **_QUIET_THREADS}


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _cache_environment(folder: Path | None) -> dict[str, str]:
    return {} if folder is None else {"TORCHINDUCTOR_CACHE_DIR": str(folder)}
