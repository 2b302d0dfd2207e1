#!/usr/bin/env bash
# asyncpg 0.32.0, seen 2026-11-28.
#
# A Postgres that shuts down or crashes tells each idle session so with a FATAL error, and closes the socket a moment
# later. A query asked in that moment, or behind a proxy that keeps the socket open, should raise what a lost connection
# raises, such as ConnectionDoesNotExistError. It raises InternalClientError, "All unexpected errors not classified
# otherwise", which is neither a PostgresError nor an InterfaceError: code that reconnects when the connection is lost
# does not know it. The session's own error, which says why, is dropped, and is_closed() is false before.
#
# Output seen:
#   InternalClientError: cannot switch to state 15; another operation (2) is in progress; closed before: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check asyncpg==0.32.0
venv/bin/python - <<'PYTHON'
import asyncio
import struct
import sys

import asyncpg


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


VERSION = message(b"S", b"server_version\0" b"18.0\0")
ENDED = asyncio.Event()
READY = message(b"Z", b"I")
FATAL = message(b"E", b"SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak as much of Postgres's protocol as a session needs that is ended after its first query."""
    (length,) = struct.unpack("!I", await reader.readexactly(4))
    await reader.readexactly(length - 4)
    writer.write(message(b"R", b"\0\0\0\0") + VERSION + message(b"K", b"\0" * 8) + READY)
    await reader.read(1024)
    writer.write(message(b"C", b"SELECT 1\0") + READY)
    await asyncio.sleep(0.2)
    writer.write(FATAL)
    # Until the client has gone.
    while await reader.read(1024):
        pass
    writer.close()
    ENDED.set()


async def main() -> int:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await asyncpg.connect(f"postgresql://somebody@127.0.0.1:{port}/data?sslmode=disable")
    await connection.execute("SELECT 1")
    await asyncio.sleep(0.5)
    was_closed = connection.is_closed()
    try:
        await connection.execute("SELECT 1")
    except asyncpg.InternalClientError as error:
        print(f"{type(error).__name__}: {error}; closed before: {was_closed}")
        return 0
    finally:
        connection.terminate()
        await ENDED.wait()
    return 1


sys.exit(asyncio.run(main()))
PYTHON
