"""Fills a database as that of a large service of years: members, jobs with their pictures and messages, votes, guilds.

It fills what the build has of these tables and columns, so that builds of different ages are compared with the same
rows. Indexes are dropped meanwhile and made again at the end, in a tenth of the time that keeping them takes.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from migrations import upgrade

MEMBERS, CHANNELS, GUILDS = 100_000, 50, 1_000

_MEMBER = "lpad(to_hex({}), 32, '0')::uuid"

# By table, in the order in which they are filled: where its rows come from, and the expression of each column.
_ROWS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "members": (
        "generate_series(1, {members}) AS n",
        {"id": _MEMBER.format("n"), "discord_id": "n"},
    ),
    "jobs": (
        "generate_series(1, {jobs}) AS n",
        {
            "id": "uuidv7((n - {jobs}) * interval '1 year' / {jobs})",
            "member_id": _MEMBER.format("CASE WHEN n % 50 = 0 THEN 1 ELSE 1 + n % {members} END"),
            "operation": "'imagine'",
            "spec": """jsonb_build_object('version', 1, 'parts', '[]'::jsonb, 'parameters', '{{}}'::jsonb, 'prompt',
                'a painting of the ' || md5((n % 5000)::text) || ' ' || md5(n::text)
                || CASE WHEN n % 1000 = 7 THEN ' lighthouse' ELSE '' END
                || CASE WHEN n % 200000 = 7 THEN ' zebra' ELSE '' END
                || CASE WHEN n < {jobs} / 2 THEN ' old' ELSE '' END || ', oil on canvas, soft light, very detailed')""",
            "seed": "n",
            "status": "'finished'",
            "turn": "n",
            "grid_key": "'g'",
            "grid_type": "'image/jpeg'",
            "started_at": "now()",
            "ended_at": "now()",
        },
    ),
    "pictures": (
        "jobs",
        {
            "id": "uuidv7()",
            "job_id": "id",
            "slot": "0",
            "object_key": "'k'",
            "width": "8",
            "height": "8",
            "seed": "0",
            "recipe": "jsonb_build_object('model', 'm' || turn % 3)",
        },
    ),
    "deliveries": (
        "jobs",
        {
            "id": "uuidv7()",
            "kind": "'grid'",
            "job_id": "id",
            "member_id": "member_id",
            "press_id": "turn::text",
            "ordinal": "0",
            "channel_id": f"CASE WHEN turn % 2 = 0 THEN 1 + turn / 2 % {CHANNELS} ELSE 1000 + turn / 2 % 5000 END",
            "guild_id": f"CASE WHEN turn % 2 = 0 THEN 1 ELSE 2 + turn / 2 % {GUILDS - 1} END",
            "message_id": "turn",
            "state": "'delivered'",
            "closed_at": "now()",
            "surface": "'guild'",
            "is_nsfw_channel": "false",
        },
    ),
    "gallery_votes": (
        "deliveries WHERE message_id % 3 < 2",
        {
            "job_id": "job_id",
            "channel_id": "channel_id",
            "is_nsfw": "false",
            "votes": "1 + (random() ^ 4 * 200)::int",
        },
    ),
    "rank_filled": (
        "(SELECT id FROM deliveries ORDER BY id DESC LIMIT 1) AS newest",
        {"up_to": "id"},
    ),
    "guild_words": (
        f"generate_series(1, {GUILDS}) AS n",
        {"guild_id": "n", "rules": "ARRAY['word' || n, 'another' || n]"},
    ),
    "guild_settings": (
        f"generate_series(1, {GUILDS}) AS n",
        {"guild_id": "n", "channels": "ARRAY[n, n + 1]", "language": "CASE WHEN n % 4 = 0 THEN 'de' END"},
    ),
}

_COLUMNS = sa.text("""
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = ANY (:tables)
""")
_INDEXES = sa.text("""
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
    WHERE indrelid = ANY (CAST(:tables AS regclass[]))
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
""")
# The rows are right, so that looking up what each refers to is left out. What a crash would lose is filled again.
_SETTINGS = (
    "SET LOCAL session_replication_role = 'replica'",
    "SET LOCAL synchronous_commit = off",
    "SET LOCAL work_mem = '64MB'",
    "SET LOCAL maintenance_work_mem = '512MB'",
)


async def fill(database: Database, jobs: int, *, members: int = MEMBERS) -> None:
    """Store so many jobs, of so many members in `GUILDS` guilds."""
    async with database.engine.begin() as connection:
        for setting in _SETTINGS:
            await connection.execute(sa.text(setting))
        columns = await _columns(connection)
        indexes = (await connection.execute(_INDEXES, {"tables": list(columns)})).all()
        for index in indexes:
            await connection.execute(sa.text(f"DROP INDEX {index.name}"))
        for table, (source, values) in _ROWS.items():
            if table in columns:
                await connection.exec_driver_sql(
                    _insert(table, source, values, columns[table]).format(jobs=jobs, members=members)
                )
        for index in indexes:
            await connection.exec_driver_sql(index.definition)
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(sa.text("VACUUM ANALYZE"))


@asynccontextmanager
async def open_filled(folder: Path, jobs: int, *, kept: Path | None = None) -> AsyncIterator[str]:
    """Yield the URL of a Postgres in the folder, with so many jobs.

    kept: where a copy of the filled one is kept, and taken from the next time, with as many jobs as it then has.
    """
    if jobs and not await asyncio.to_thread(_took_kept, kept, folder):
        async with open_embedded(folder) as url:
            await upgrade(url)
            async with open_database(url, pool_size=1) as database:
                await fill(database, jobs)
        if kept is not None:
            await asyncio.to_thread(_copy, folder, kept)
    async with open_embedded(folder) as url:
        await upgrade(url)
        yield url


def _took_kept(kept: Path | None, folder: Path) -> bool:
    """Copy what was kept, if anything was, and return whether it was."""
    if kept is None or not kept.exists():
        return False
    _copy(kept, folder)
    return True


def _copy(source: Path, target: Path) -> None:
    """Copy a folder with who owns each file: Postgres is another user where this is root."""
    subprocess.run(["cp", "--archive", str(source), str(target)], check=True)


async def _columns(connection: AsyncConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in await connection.execute(_COLUMNS, {"tables": list(_ROWS)}):
        found.setdefault(row.table_name, set()).add(row.column_name)
    return found


def _insert(table: str, source: str, values: Mapping[str, str], known: set[str]) -> str:
    names = [name for name in values if name in known]
    listed, expressions = ", ".join(names), ", ".join(values[name] for name in names)
    return f"INSERT INTO {table} ({listed}) SELECT {expressions} FROM {source}"
