"""The `easel` command as a process of its own, with an environment that holds only what a test says."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

COMMAND = (sys.executable, "-m", "easel")
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str


async def start_easel(*arguments: str, home: Path, before: tuple[str, ...] = (), **variables: str) -> Process:
    """Start `easel` with these arguments and return its process; standard output and error are pipes.

    before: the words of a command that runs the rest of its line.
    """
    return await _start((*before, *COMMAND, *arguments), home, variables, PIPE)


async def run_easel(*arguments: str, home: Path, **variables: str) -> Outcome:
    """Run `easel` to its end."""
    process = await start_easel(*arguments, home=home, before=(), **variables)
    out, err = await process.communicate()
    return Outcome(code=process.returncode or 0, out=out.decode(), err=err.decode())


async def run_on_terminal(*arguments: str, home: Path, **variables: str) -> Outcome:
    """Run `easel` to its end with a terminal for standard error; standard output is a pipe."""
    shown, terminal = os.openpty()
    process = await _start((*COMMAND, *arguments), home, variables, terminal)
    os.close(terminal)
    err, (out, _) = await asyncio.gather(asyncio.to_thread(_read_all, shown), process.communicate())
    return Outcome(code=process.returncode or 0, out=out.decode(), err=err.decode())


async def _start(words: tuple[str, ...], home: Path, variables: Mapping[str, str], stderr: int) -> Process:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"EASEL_HOME": str(home), "OMP_NUM_THREADS": "1", **variables}
    return await asyncio.create_subprocess_exec(*words, env=environment, stdout=PIPE, stderr=stderr)


def _read_all(shown: int) -> bytes:
    """Return what is written to a terminal until nobody has it open, which Linux tells by an error."""
    read = b""
    with os.fdopen(shown, "rb", buffering=0) as file, suppress(OSError):
        while chunk := file.read(1024):
            read += chunk
    return read
