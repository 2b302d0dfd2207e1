"""How many connections Postgres has left for a process that states how many it may open."""

from __future__ import annotations

import asyncpg

# Whichever limit is reached first: of the server, of the role or of the database. Only superusers use what is reserved.
_FREE = """
    WITH used AS (
        SELECT datname, usename FROM pg_stat_activity
        WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
            AND pid <> pg_backend_pid()
    )
    SELECT least(
        current_setting('max_connections')::int - (SELECT count(*) FROM used)
            - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
                + coalesce(current_setting('reserved_connections', true), '0')::int END,
        CASE WHEN r.rolconnlimit < 0 OR r.rolsuper THEN NULL
            ELSE r.rolconnlimit - (SELECT count(*) FROM used WHERE usename = r.rolname) END,
        CASE WHEN d.datconnlimit < 0 OR r.rolsuper THEN NULL
            ELSE d.datconnlimit - (SELECT count(*) FROM used WHERE datname = d.datname) END)
    FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()"""


async def count_free_connections(connection: asyncpg.Connection) -> int:
    """Return how many connections the connection's role may have open to its database, itself included.

    Raises: asyncpg's errors.
    """
    return int(await connection.fetchval(_FREE))
