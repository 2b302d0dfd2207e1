"""Runs the `easel` command as a process, with only the environment that a test sets.

What a test starts and talks to is a new interpreter; what it only runs to its end is a fork of one where it can be.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.easel.forks import can_be_forked, run_forked

COMMAND = (sys.executable, "-m", "easel")
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str


async def start_easel(*arguments: str, home: Path, before: tuple[str, ...] = (), **variables: str) -> Process:
    """Start `easel` with these arguments and return its process; standard output and error are pipes.

    before: a command to prefix, which runs the rest of its command line.
    """
    return await _start((*before, *COMMAND, *arguments), home, variables)


async def run_easel(*arguments: str, home: Path, typed: str | None = None, **variables: str) -> CommandResult:
    """Run `easel` to its end; `typed` is its standard input, if it has one of its own."""
    if can_be_forked(variables):
        code, out, err = await run_forked(arguments, _environment(home, variables), typed)
        return CommandResult(code=code, out=out.decode(), err=err.decode())
    stdin = None if typed is None else PIPE
    process = await _start((*COMMAND, *arguments), home, variables, stdin)
    out, err = await process.communicate(None if typed is None else typed.encode())
    return CommandResult(code=process.returncode or 0, out=out.decode(), err=err.decode())


async def run_on_terminal(*arguments: str, home: Path, **variables: str) -> CommandResult:
    """Run `easel` to its end with a terminal for standard error; standard output is a pipe."""
    assert can_be_forked(variables)
    shown, terminal = os.openpty()
    running = run_forked(arguments, _environment(home, variables), None, terminal)
    err, (code, out, _) = await asyncio.gather(asyncio.to_thread(_read_all, shown), running)
    return CommandResult(code=code, out=out.decode(), err=err.decode())


async def _start(
    arguments: tuple[str, ...], home: Path, variables: Mapping[str, str], stdin: int | None = None
) -> Process:
    environment = _environment(home, variables)
    return await asyncio.create_subprocess_exec(*arguments, env=environment, stdin=stdin, stdout=PIPE, stderr=PIPE)


def _environment(home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "EASEL_HOME": str(home), "OMP_NUM_THREADS": "1", **variables}


def _read_all(shown: int) -> bytes:
    """Read a terminal until every process has closed it, which Linux reports as an error."""
    read = b""
    with os.fdopen(shown, "rb", buffering=0) as file, suppress(OSError):
        while chunk := file.read(1024):
            read += chunk
    return read
