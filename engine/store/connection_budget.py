"""How many connections Postgres has left for a process that states how many it may open.

A process states it in the name of its connections, so that others leave it what it has not opened yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import asyncpg

_NAME = "^easel/[0-9]{1,4}/[0-9a-f]{8}$"

# Whichever limit is reached first: of the server, of the role or of the database. Only superusers use what is reserved.
_FREE = """
    WITH used AS (
        SELECT datname, usename, coalesce(application_name, '') AS name FROM pg_stat_activity
        WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
            AND pid <> pg_backend_pid() AND coalesce(application_name, '') IS DISTINCT FROM $1::text
    ), others AS (
        SELECT greatest(split_part(name, '/', 2)::int - count(*), 0) AS unopened FROM used
        WHERE name ~ $2 GROUP BY name
    )
    SELECT (SELECT count(*) FROM others) AS others, (SELECT coalesce(sum(unopened), 0) FROM others) AS unopened, least(
        current_setting('max_connections')::int - (SELECT count(*) FROM used)
            - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
                + coalesce(current_setting('reserved_connections', true), '0')::int END,
        CASE WHEN r.rolconnlimit < 0 OR r.rolsuper THEN NULL
            ELSE r.rolconnlimit - (SELECT count(*) FROM used WHERE usename = r.rolname) END,
        CASE WHEN d.datconnlimit < 0 OR r.rolsuper THEN NULL
            ELSE d.datconnlimit - (SELECT count(*) FROM used WHERE datname = d.datname) END) AS free
    FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()"""


@dataclass(frozen=True, kw_only=True)
class FreeConnections:
    """What Postgres has left.

    count: of connections, without those that the other processes of Easel may still open; negative when there are not
        enough for them.
    others: how many such processes there are.
    """

    count: int
    others: int


def connection_name(budget: int) -> str:
    """Return a name for all connections of a process that opens `budget` of them at most."""
    return f"easel/{budget}/{uuid4().hex[:8]}"


async def count_free_connections(connection: asyncpg.Connection, own_name: str | None = None) -> FreeConnections:
    """Return how many connections the connection's role may have open to its database.

    own_name: of the process that asks; its connections, and the one given, count as free.

    Raises: asyncpg's errors.
    """
    row = await connection.fetchrow(_FREE, own_name, _NAME)
    return FreeConnections(count=int(row["free"] - row["unopened"]), others=row["others"])
