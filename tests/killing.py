"""Processes that tests kill, and locks that stop them at a chosen point."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg


@asynccontextmanager
async def ready_process(
    module: str, *arguments: str, stderr: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the module as a process and yield it once it has printed "ready"; kill what is left of it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, stderr=stderr
    )
    try:
        assert process.stdout is not None
        while await process.stdout.readline() != b"ready\n":
            assert not process.stdout.at_eof()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def kill(process: asyncio.subprocess.Process) -> None:
    """Kill it with SIGKILL."""
    process.kill()
    await process.wait()


@asynccontextmanager
async def held(database_url: str, statement: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold the locks of `statement` in a transaction, and yield its connection."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def blocked(database_url: str, statement: str) -> AsyncIterator[None]:
    """Hold the locks of `statement`; at the end, terminate the waiting sessions, whose client is dead."""
    async with held(database_url, statement) as connection:
        yield
        await connection.execute("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))""")
