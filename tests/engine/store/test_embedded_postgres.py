"""The embedded server is shared, outlives killed users, and goes with the last one."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import asyncpg
import psutil
import pytest
from structlog.testing import capture_logs

from engine.contract.errors import PostgresBroken
from engine.store.embedded_postgres import open_embedded
from engine.store.embedded_server import acquire_server, is_server_running, release_server, restart_server

_USER = """
import sys
from pathlib import Path
from engine.contract.errors import PostgresBroken
from engine.store.embedded_server import acquire_server
handle = acquire_server(Path(sys.argv[1]))
print("joined", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(shared_folder: Path) -> Iterator[Path]:
    """A folder for a server; short of name and open to the user the server runs as."""
    path = Path(tempfile.mkdtemp(prefix="embedded-", dir=shared_folder))
    yield path
    shutil.rmtree(path, ignore_errors=True)


async def _answer(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT 1"))
    finally:
        await connection.close()


async def _run(program: str, *arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, "-c", program, *arguments, stdin=pipe, stdout=pipe)


def _is_waiting(lines: Sequence[Mapping[str, object]]) -> bool:
    return _has(lines, "waiting_for_old_postgres")


def _server_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


async def test_server_lives_from_first_to_last_user(folder: Path) -> None:
    """Two users in one process share a server; it answers until the second has left, and comes back with the data."""
    async with open_embedded(folder) as first:
        async with open_embedded(folder) as second:
            assert first == second
            connection = await asyncpg.connect(second)
            await connection.execute("CREATE TABLE kept ()")
            await connection.close()
        assert await _answer(first) == 1
    assert not (folder / "data" / "postmaster.pid").exists()
    async with open_embedded(folder) as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT to_regclass('kept') IS NOT NULL")
        await connection.close()


async def test_users_starting_together_join_one_server(folder: Path) -> None:
    """Users that start at the same moment wait for each other and get the same server."""
    handles = await asyncio.gather(*(asyncio.to_thread(acquire_server, folder) for _ in range(4)))
    assert len({handle.url for handle in handles}) == 1
    assert await _answer(handles[0].url) == 1
    await asyncio.gather(*(asyncio.to_thread(release_server, handle) for handle in handles))
    assert not (folder / "data" / "postmaster.pid").exists()


@pytest.mark.kills
async def test_killed_user_is_not_counted(folder: Path) -> None:
    """A user killed with SIGKILL leaves a server that others join, and that stops with the last of them."""
    user = await _run(_USER, str(folder))
    assert user.stdout is not None
    assert await user.stdout.readline() == b"joined\n"
    user.kill()
    await user.wait()
    async with open_embedded(folder) as url:
        assert await _answer(url) == 1
    assert not (folder / "data" / "postmaster.pid").exists()


@pytest.mark.kills
async def test_killed_server_is_started_again(folder: Path) -> None:
    """A server killed with SIGKILL recovers for the next user."""
    async with open_embedded(folder):
        _end(folder)
        async with open_embedded(folder) as url:
            assert await _answer(url) == 1


@pytest.mark.kills
def test_a_server_that_another_user_has_started_again_goes_with_the_last_one(folder: Path) -> None:
    """Whoever leaves last stops the server that runs, not the one that it joined."""
    first, last = acquire_server(folder), acquire_server(folder)
    _end(folder)
    restart_server(first)
    release_server(first)
    assert is_server_running(folder)
    release_server(last)
    assert not is_server_running(folder)


@pytest.mark.kills
async def test_a_server_that_dies_in_use_is_started_again(folder: Path) -> None:
    """At the same address, once what keeps it from starting is over, as a full disk is: here a folder that is away."""
    with capture_logs() as lines:
        async with open_embedded(folder) as url:
            log, away = folder / "data" / "pg_wal", folder / "data" / "pg_away"
            log.rename(away)
            _end(folder)
            while not _has(lines, "postgres_not_restarted"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            away.rename(log)
            while not _has(lines, "postgres_restarted"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert await _answer(url) == 1
    assert not (folder / "data" / "postmaster.pid").exists()


def _end(folder: Path) -> None:
    process = psutil.Process(_server_pid(folder))
    process.kill()
    process.wait(60)


def _has(lines: Sequence[Mapping[str, object]], event: str) -> bool:
    return any(line["event"] == event for line in lines)


@pytest.mark.kills
async def test_a_server_that_is_ending_is_waited_for(folder: Path) -> None:
    """A killed server whose process still exists is not taken for a running one: it answers nobody."""
    with capture_logs() as lines:
        async with open_embedded(folder):
            server = psutil.Process(_server_pid(folder))
            server.suspend()
            joining = asyncio.create_task(asyncio.to_thread(acquire_server, folder))
            # Another thread logs it.
            while not joining.done() and not _is_waiting(lines):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            server.kill()
            server.wait(60)
            handle = await joining
            assert await _answer(handle.url) == 1
            await asyncio.to_thread(release_server, handle)


@pytest.mark.kills
async def test_what_is_left_of_a_killed_server_is_waited_for(folder: Path) -> None:
    """A process of it that takes its time to end does not keep the next user from a server."""
    with capture_logs() as lines:
        async with open_embedded(folder):
            server = psutil.Process(_server_pid(folder))
            late = server.children()[0]
            late.suspend()
            server.kill()
            server.wait(60)
            joining = asyncio.create_task(asyncio.to_thread(acquire_server, folder))
            # Another thread logs it.
            while not joining.done() and not _is_waiting(lines):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            late.resume()
            handle = await joining
            assert await _answer(handle.url) == 1
            await asyncio.to_thread(release_server, handle)


async def test_pid_of_another_process_does_not_block(folder: Path) -> None:
    """A pid file left by a crash, whose pid some other process now has, is not taken for a server."""
    async with open_embedded(folder):
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    other = await _run("import sys; sys.stdin.read()")
    (folder / "data" / "postmaster.pid").write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
    async with open_embedded(folder) as url:
        assert await _answer(url) == 1
    assert other.returncode is None
    other.kill()
    await other.wait()


async def test_damaged_data_is_said_with_the_log(folder: Path) -> None:
    """A server that does not start is its operator's to mend, and the log that is named says why."""
    async with open_embedded(folder):
        pass
    (folder / "data" / "global" / "pg_control").write_bytes(b"damaged")
    with pytest.raises(PostgresBroken) as broken:
        acquire_server(folder)
    assert "pg_control" in broken.value.log.read_text()


async def test_interrupted_initialisation_is_made_good(folder: Path) -> None:
    """What a kill during the first start leaves behind does not stand in the way."""
    (folder / "data.new").mkdir()
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    async with open_embedded(folder) as url:
        assert await _answer(url) == 1


async def test_long_path_is_served(folder: Path) -> None:
    """A home too deep for a socket path still gets a server."""
    deep = folder / ("d" * 60) / ("e" * 60)
    async with open_embedded(deep) as url:
        assert await _answer(url) == 1
