"""A pooler like PgBouncer before a Postgres with a Unix socket, strict: every transaction gets another server process.

What it refuses and drops is what PgBouncer 1.18 does: parameters that it does not know, the statements that another
process has prepared, and the notifications of a session that nobody holds.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_NEGOTIATIONS = (80877103, 80877104)
_CANCEL = 80877102
_STARTUP = 196608
_ALLOWED = {"user", "database", "client_encoding", "datestyle", "timezone", "standard_conforming_strings"}
_ALLOWED |= {"application_name"}
_fake_pids = itertools.count(2_000_000_000)


@dataclass(frozen=True, kw_only=True)
class _Server:
    """A connection to Postgres; greeting: the parameters that it told at the start."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytes


@dataclass(kw_only=True)
class Pooler:
    """A running pooler. size: how many server processes it has."""

    url: str = ""
    socket: str
    user: str
    database: str
    keeps_sessions: bool
    size: int
    free: deque[_Server] = field(default_factory=deque)
    is_free: asyncio.Condition = field(default_factory=asyncio.Condition)
    opened: int = 0

    async def acquire(self) -> _Server:
        """Return the server process that was unused for longest; open one while there are fewer than `size`."""
        async with self.is_free:
            if self.opened < self.size:
                self.opened += 1
                return await self._open()
            await self.is_free.wait_for(lambda: self.free)
            return self.free.popleft()

    async def release(self, server: _Server, *, is_clean: bool) -> None:
        """Take a server process back, or end it where it is amid a transaction."""
        async with self.is_free:
            if is_clean and not self.keeps_sessions:
                self.free.append(server)
            else:
                server.writer.close()
                self.opened -= 1
            self.is_free.notify()

    async def _open(self) -> _Server:
        reader, writer = await asyncio.open_unix_connection(self.socket)
        settings = b"".join(word.encode() + b"\0" for word in ("user", self.user, "database", self.database)) + b"\0"
        writer.write(struct.pack("!II", 8 + len(settings), _STARTUP) + settings)
        greeting = b""
        while (message := await _read(reader))[:1] != b"Z":
            greeting += message if message[:1] == b"S" else b""
        return _Server(reader=reader, writer=writer, greeting=greeting)


@asynccontextmanager
async def open_pooler(database_url: str, *, keeps_sessions: bool = False, size: int = 3) -> AsyncIterator[Pooler]:
    """Yield a pooler for the database, in transaction mode unless it `keeps_sessions`."""
    parts = urlsplit(database_url)
    (directory,) = parse_qs(parts.query)["host"]
    pooler = Pooler(
        socket=f"{directory}/.s.PGSQL.5432",
        user=parts.username or "postgres",
        database=parts.path[1:],
        keeps_sessions=keeps_sessions,
        size=size,
    )
    clients: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_serve(pooler, reader, writer))
        clients.add(task)
        task.add_done_callback(clients.discard)

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        pooler.url = f"postgresql://{pooler.user}@127.0.0.1:{port}/{pooler.database}"
        yield pooler
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    for server in pooler.free:
        server.writer.close()
        await server.writer.wait_closed()


async def _serve(pooler: Pooler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        try:
            if await _greet(pooler, reader, writer):
                await _relay(pooler, reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()


async def _greet(pooler: Pooler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    while True:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        words = (await reader.readexactly(length - 8)).split(b"\0")
        if code not in _NEGOTIATIONS:
            break
        writer.write(b"N")
    if code == _CANCEL:
        return False
    unknown = {word.decode() for word in words[:-2:2]} - _ALLOWED
    if unknown:
        fields = f"SFATAL\0C08P01\0Munsupported startup parameter: {min(unknown)}\0\0".encode()
        writer.write(b"E" + struct.pack("!I", 4 + len(fields)) + fields)
        return False
    server = await pooler.acquire()
    await pooler.release(server, is_clean=True)
    key = struct.pack("!cIII", b"K", 12, next(_fake_pids), 0)
    writer.write(b"R\0\0\0\x08\0\0\0\0" + server.greeting + key + b"Z\0\0\0\x05I")
    return True


class _Link:
    """A client's server process, from the first message of a transaction to its end."""

    def __init__(self, pooler: Pooler, writer: asyncio.StreamWriter) -> None:
        self._pooler = pooler
        self._writer = writer
        self._server: _Server | None = None
        self._answering: asyncio.Task[None] | None = None
        self._asked = 0

    async def ask(self, message: bytes) -> None:
        """Pass a message of the client on."""
        if self._server is None:
            self._server = await self._pooler.acquire()
            self._answering = asyncio.ensure_future(self._answer(self._server))
        self._asked += message[:1] in (b"Q", b"S")
        self._server.writer.write(message)

    async def close(self) -> None:
        """Give the server process up."""
        if self._answering is not None:
            self._answering.cancel()
        if self._server is not None:
            await self._pooler.release(self._server, is_clean=False)

    async def _answer(self, server: _Server) -> None:
        while True:
            message = await _read(server.reader)
            is_ready = message[:1] == b"Z"
            self._asked -= is_ready
            if is_ready and message[5:6] == b"I" and not self._asked and not self._pooler.keeps_sessions:
                self._server = None
                await self._pooler.release(server, is_clean=True)
                self._writer.write(message)
                return
            self._writer.write(message)


async def _relay(pooler: Pooler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    link = _Link(pooler, writer)
    try:
        while (message := await _read(reader))[:1] != b"X":
            await link.ask(message)
    finally:
        await link.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
