"""Runs commands in forks of a process that has imported everything already; see `fork_server`."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from enum import StrEnum
from functools import cache
from pathlib import Path

MOST_TYPED = 4096
"""What fits into a pipe on every system, in bytes."""

_MAY_DIFFER = ("DATABASE_URL", "COLUMNS", "DISCORD_", "EASEL_", "HF_")
_PAINTING = (("models", "check"), ("models", "add"), ("learn", "train"), ("learn", "evaluate"), ("learn", "blind"))


class Imported(StrEnum):
    """What a server has imported.

    WITHOUT_HUB: nothing that reads the variables of the Hugging Face Hub. WITH_PAINTER: torch and diffusers too.
    """

    WITHOUT_HUB = "without-hub"
    WITH_HUB = "with-hub"
    WITH_PAINTER = "with-painter"


def can_be_forked(variables: Mapping[str, str]) -> bool:
    """Return whether these variables are read by commands only, and not by an interpreter or its libraries."""
    return all(name.startswith(_MAY_DIFFER) for name in variables)


async def run_forked(
    arguments: tuple[str, ...], environment: Mapping[str, str], typed: str | None, terminal: int | None = None
) -> tuple[int, bytes, bytes]:
    """Run `easel` with these arguments; return its exit code, negative after a signal, its output and its errors.

    terminal: a descriptor for its errors, which are not returned then; it is closed.
    """
    command = {"arguments": arguments, "environment": dict(environment), "folder": str(Path.cwd())}
    ours, theirs = socket.socketpair()
    with ExitStack() as given:
        given.enter_context(theirs)
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        stdin = _input_of(typed)
        for descriptor in (stdin, out_end, err_end, *(() if terminal is None else (terminal,))):
            given.callback(os.close, descriptor)
        files = [theirs.fileno(), stdin, out_end, err_end if terminal is None else terminal]
        socket.send_fds(_server(_needed(arguments, environment)), [b"!"], files)
    connection, request = await asyncio.open_connection(sock=ours)
    with closing(request):
        request.write(json.dumps(command).encode())
        request.write_eof()
        status, output, errors = await asyncio.gather(connection.read(), _read_all(out), _read_all(err))
    return int(status), output, errors


def _needed(arguments: tuple[str, ...], environment: Mapping[str, str]) -> Imported:
    if any(name.startswith("HF_") for name in environment):
        return Imported.WITHOUT_HUB
    return Imported.WITH_PAINTER if arguments[:2] in _PAINTING else Imported.WITH_HUB


def _input_of(typed: str | None) -> int:
    """Return a descriptor to read what was typed from; what the tests themselves read from when nothing was."""
    if typed is None:
        return os.dup(0)
    assert len(typed.encode()) <= MOST_TYPED
    readable, writable = os.pipe()
    os.write(writable, typed.encode())
    os.close(writable)
    return readable


async def _read_all(descriptor: int) -> bytes:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(descriptor, "rb", 0))
    with closing(transport):
        return await reader.read()


@cache
def _server(imported: Imported) -> socket.socket:
    """Start a server, which ends with this process; return the socket that takes the descriptors of a command."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.easel.fork_server", str(theirs.fileno()), imported],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    atexit.register(_end, process, ours)
    return ours


def _end(process: subprocess.Popen[bytes], requests: socket.socket) -> None:
    requests.close()
    process.wait()
