#!/usr/bin/env bash
# asyncpg 0.32.0, seen 2026-11-28.
#
# An address with several hosts is meant for failover: libpq tries them in turn, each for `connect_timeout`. asyncpg
# takes the same address, but the `timeout` of its `connect` is for all hosts together. A first host that accepts the
# connection and says nothing, as a server behind a broken load balancer does, uses all of it up, and the second host is
# never tried.
#
# Output seen:
#   TimeoutError, second host tried: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check asyncpg==0.32.0
venv/bin/python - <<'PYTHON'
import asyncio
import socket
import sys

import asyncpg


async def main() -> int:
    reached = asyncio.Event()

    def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        second = await asyncio.start_server(note, "127.0.0.1", 0)
        ports = silent.getsockname()[1], second.sockets[0].getsockname()[1]
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        try:
            await asyncpg.connect(f"postgresql://somebody@{hosts}/data?sslmode=disable", timeout=2)
        except (OSError, asyncpg.PostgresError) as error:
            print(f"{type(error).__name__}, second host tried: {reached.is_set()}")
    return int(reached.is_set())


sys.exit(asyncio.run(main()))
PYTHON
