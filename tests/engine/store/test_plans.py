"""Queries on growing tables use an index, as Postgres plans them on filled tables."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import guild_queue, series
from bot.store.eta import read_queue_pace
from bot.store.guild_quarantine import read_guild_quarantine
from bot.store.guild_usage import read_guild_usage
from bot.store.guilds.changes import read_changes
from bot.store.members import read_publishing_ids_in
from bot.store.moderation.removals import JobInGuild, find_removals
from bot.store.own_summary import read_own_summary
from bot.store.standing import AskedFor, read_standings
from bot.store.tables import members
from engine.contract.jobs import MAX_COUNTED_AHEAD, Job
from engine.feedback.preferences.answers import EXCLUDING
from engine.feedback.store import actions, opinions, presses, retention
from engine.feedback.store.prunes import read_uploads_of
from engine.store import jobs, moving, quarantine, queue, queue_position, transitions, usage
from engine.store.database import Database
from engine.store.unused_files import find_used_keys
from tests.fakes import request_for

_MEMBER = UUID(int=1)
_OLD = retention.Retention(before=datetime(2099, 1, 1, tzinfo=UTC), is_unrated=True)
_FILLED_WITHIN = timedelta(minutes=2)

_FILL = """
    INSERT INTO jobs (id, member_id, operation, spec, seed, status, turn, grid_key, grid_type, started_at, ended_at)
    SELECT gen_random_uuid(), lpad((n % 500)::text, 32, '0')::uuid, 'imagine',
        '{"version": 1, "prompt": "", "parts": [], "images": [], "parameters": {}}', n,
        CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'finished' END, n,
        CASE WHEN n % 100 = 0 THEN NULL ELSE 'g' END, CASE WHEN n % 100 = 0 THEN NULL ELSE 'image/jpeg' END,
        CASE WHEN n % 100 = 0 THEN NULL ELSE now() - n * interval '1 s' END,
        CASE WHEN n % 100 = 0 THEN NULL ELSE now() - n * interval '1 s' END
    FROM generate_series(1, 20000) AS n;
    INSERT INTO pictures (id, job_id, slot, object_key, width, height, seed, recipe)
    SELECT gen_random_uuid(), id, 0, 'k', 8, 8, 1, '{}' FROM jobs;
    INSERT INTO uploads (member_id, object_key, width, height) SELECT member_id, id::text, 8, 8 FROM jobs;
    CREATE TEMP TABLE numbered AS
    SELECT n, id, member_id, (date_trunc('month', now()) + (n % 16 - 12) * interval '1 month')::date AS month
    FROM (SELECT row_number() OVER () AS n, id, member_id FROM jobs) AS jobs;
    SELECT add_feedback_month(log, month)
    FROM (SELECT DISTINCT month FROM numbered) AS months, unnest(ARRAY['actions', 'impressions']) AS log;
    INSERT INTO actions (press_id, message_id, member_id, verb, job_id, value, shown_pictures, shown_slots, surface,
        is_owner, may_train, may_publish, at)
    SELECT feedback_bound('actions', month)::bigint + n, n, member_id, 'rate', id, 1, '{}', '{}', 'guild', true, false,
        false, now() FROM numbered;
    INSERT INTO impressions (id, kind, message_id, job_id, member_id, pictures, prompt_hash, ui_version, may_train,
        may_publish, shown_at)
    SELECT (substr(feedback_bound('impressions', month), 1, 13) || substr(id::text, 14))::uuid, 'grid', n, id,
        member_id, '[]', '', 1, false, false, now() FROM numbered;
    INSERT INTO members (id, discord_id) SELECT member_id, 1000 + row_number() OVER ()
    FROM (SELECT DISTINCT member_id FROM jobs) AS owners;
    INSERT INTO deliveries (id, kind, job_id, member_id, press_id, ordinal, channel_id, guild_id)
    SELECT gen_random_uuid(), 'grid', id, member_id, 'press ' || n, 0, 1, n % 1000 FROM numbered;
    INSERT INTO guild_pauses SELECT generate_series(1, 3);
    INSERT INTO guild_changes SELECT number, number % 99, NULL, 'pause', '{on}', '{}', now()
    FROM generate_series(1, 5000) AS number;
    INSERT INTO pgqueuer (priority, status, entrypoint, payload, dedupe_key)
    SELECT -turn, 'queued', 'paint', uuid_send(id), id::text FROM jobs WHERE status = 'waiting' AND turn > 200;
    INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, aggregated)
    SELECT n, 'successful', 0, 'paint', true FROM generate_series(1, 20000) AS n;
    ANALYZE"""

# Not the queue and the previews: they hold only what is pending, and the sweep for orphans is after all of it.
_READS_ALL = re.compile(
    r"Seq Scan on (jobs|pictures|deliveries|uploads|guild_changes|actions\w*|impressions\w*|pgqueuer_log)\b"
)

Query = Callable[[AsyncConnection, Job], Awaitable[object]]

_QUERIES: dict[str, Query] = {
    "read_job": lambda connection, job: jobs.read_job(connection, job.id),
    "read_pictures": lambda connection, job: jobs.read_pictures(connection, job.id),
    "read_jobs_with_pictures": lambda connection, job: jobs.read_jobs_with_pictures(connection, [job.id]),
    "read_picture": lambda connection, job: jobs.read_picture(connection, job.id),
    "read_source": lambda connection, job: jobs.read_source(connection, job.id),
    "read_standings": lambda connection, job: read_standings(
        connection, [AskedFor(press_id="press 7", member_id=job.member_id)]
    ),
    "find_removals": lambda connection, job: find_removals(connection, [JobInGuild(job_id=job.id, guild_id=7)]),
    "count_pending": lambda connection, job: queue_position.count_pending(connection, job.member_id),
    "read_queue_positions": lambda connection, job: queue_position.read_queue_positions(connection, [job.id]),
    "read_queue_state": lambda connection, job: queue_position.read_queue_state(connection),
    "read_recent_runs": lambda connection, job: queue_position.read_recent_runs(connection),
    "read_present_runs": lambda connection, job: queue_position.read_present_runs(connection),
    "read_queue_pace": lambda connection, job: read_queue_pace(connection),
    "start_job": lambda connection, job: transitions.start_job(connection, job.id),
    "record_progress": lambda connection, job: transitions.record_progress(connection, job.id, 0.5, b"jpeg"),
    "cancel_job": lambda connection, job: transitions.cancel_job(connection, job.id),
    "read_held": lambda connection, job: transitions.read_held(connection, {job.id: 1}),
    "read_ratings": lambda connection, job: actions.read_ratings(
        connection, [actions.Rated(member_id=job.member_id, job_id=job.id, picture_id=None)]
    ),
    "read_last_actions": lambda connection, job: opinions.read_last_actions(
        connection, [opinions.Presser(job_id=job.id, member_id=job.member_id)]
    ),
    "read_actions": lambda connection, job: actions.read_actions(connection, job.id),
    "read_publishing_ids_in": lambda connection, job: read_publishing_ids_in(connection, 77),
    "read_guild_queue": lambda connection, job: guild_queue.read_guild_queue(connection, 77, limit=20),
    "read_guild_usage": lambda connection, job: read_guild_usage(
        connection, 77, within=timedelta(days=30), offset=0, limit=10
    ),
    "read_guild_quarantine": lambda connection, job: read_guild_quarantine(connection, 77, limit=5),
    "pause_guild": lambda connection, job: guild_queue.pause_guild(connection, 77),
    "resume_guild": lambda connection, job: guild_queue.resume_guild(connection, 1),
    "read_changes": lambda connection, job: read_changes(connection, 77, limit=11),
    "hold_late_jobs": lambda connection, job: guild_queue.hold_late_jobs(connection),
    "requeue_orphans": lambda connection, job: queue.requeue_orphans(connection),
    "prune_log": lambda connection, job: queue.prune_log(connection),
    "read_quarantined": lambda connection, job: quarantine.read_quarantined(connection, 20),
    "count_quarantined": lambda connection, job: quarantine.count_quarantined(connection),
    "retry_jobs": lambda connection, job: quarantine.retry_jobs(connection, None),
    "retry_jobs_by_id": lambda connection, job: quarantine.retry_jobs(connection, [job.id]),
    "move_job_first": lambda connection, job: moving.move_job(connection, job.id, moving.End.FIRST),
    "move_job_last": lambda connection, job: moving.move_job(connection, job.id, moving.End.LAST),
    "read_usage_of": lambda connection, job: usage.read_usage_of(connection, [job.member_id], timedelta(days=1)),
    "read_old_jobs": lambda connection, job: retention.read_old_jobs(
        connection, _OLD, None, limit=100, is_locked=False
    ),
    "choose_jobs": lambda connection, job: retention.choose_jobs(
        connection, _OLD, [retention.OldJob(id=job.id, ended_at=job.created_at)], ()
    ),
    "read_uploads_of": lambda connection, job: read_uploads_of(connection, [job.id]),
    "find_used_keys": lambda connection, job: find_used_keys(connection, {"ab/cd.png", "ef/gh.webp"}),
    "submit_job": lambda connection, job: jobs.submit_job(connection, request_for(job.member_id)),
    "read_own_summary": lambda connection, job: _summary_of(connection, job.member_id),
}


async def _summary_of(connection: AsyncConnection, member_id: UUID) -> None:
    own = sa.select(members.c.discord_id).where(members.c.id == member_id)
    summary = await read_own_summary(connection, (await connection.execute(own)).scalar_one(), 77, (), limit=10)
    assert summary.num_jobs == 40


_OF_SERIES: dict[str, Query] = {
    "read_series": lambda connection, job: series.read_series(connection, "62"),
    "is_series_over": lambda connection, job: series.is_series_over(connection, "62"),
    "read_series_jobs": lambda connection, job: series.read_series_jobs(connection, [job.id]),
}


@pytest.fixture
async def filled(database: Database) -> tuple[Database, Job]:
    """A database with twenty thousand jobs, of which one in a hundred waits, and one of the waiting ones."""
    async with database.begin(limit=_FILLED_WITHIN) as connection:
        for statement in _FILL.split(";"):
            await connection.execute(sa.text(statement))
        of_one = sa.text("SELECT id FROM jobs WHERE status = 'waiting' AND turn = 10000")
        job = await jobs.read_job(connection, (await connection.execute(of_one)).scalar_one())
    assert job is not None
    return database, job


async def _statements(database: Database, job: Job, query: Query) -> list[tuple[str, Any]]:
    """Return what `query` says to Postgres, with its parameters, and undo it."""
    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    async with database.engine.connect() as connection:
        sa.event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
        await query(connection, job)
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
        await connection.rollback()
    return said


async def _plan(database: Database, statement: str, parameters: Any) -> str:
    async with database.begin() as connection:
        return "\n".join((await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)).scalars())


async def test_queries_go_by_indexes(filled: tuple[Database, Job]) -> None:
    """No statement scans a whole table."""
    database, job = filled
    for name, query in _QUERIES.items():
        statements = await _statements(database, job, query)
        assert statements, name
        for statement, parameters in statements:
            plan = await _plan(database, statement, parameters)
            assert not _READS_ALL.search(plan), f"{name}\n{statement}\n{plan}"


async def test_presses_of_one_guild_are_found_by_an_index(filled: tuple[Database, Job]) -> None:
    """Of all that were made elsewhere, none is read but reports and the like, which count everywhere."""
    database, job = filled
    wanted = presses.PressesWanted(guild_id=77, everywhere=EXCLUDING)

    async def read(connection: AsyncConnection, _job: Job) -> None:
        assert [one async for one in presses.stream_presses_by_prompt(connection, wanted)] == []

    ((statement, parameters),) = await _statements(database, job, read)
    plan = await _plan(database, statement, parameters)
    assert "guild_id_member_id_idx" in plan and not re.search(r"Seq Scan on actions_", plan), plan


async def test_deleting_a_job_goes_by_indexes(filled: tuple[Database, Job]) -> None:
    """The foreign key lookups of a deleted job and its pictures scan no whole table."""
    database, _ = filled
    async with database.begin() as connection:
        one = sa.text("SELECT id FROM jobs WHERE status = 'finished' LIMIT 1")
        job = {"id": (await connection.execute(one)).scalar_one()}
        before = await _read_scans(connection)
        assert (await connection.execute(sa.text("DELETE FROM jobs WHERE id = :id"), job)).rowcount == 1
        assert await _read_scans(connection) == before


async def _read_scans(connection: AsyncConnection) -> dict[str, int]:
    """Return how many sequential scans of the large tables this session has made."""
    query = "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname IN ('jobs', 'pictures')"
    return {row.relname: row.seq_scan for row in await connection.execute(sa.text(query))}


_WAITING = """
    INSERT INTO jobs (id, member_id, operation, spec, seed, status, turn)
    SELECT gen_random_uuid(), lpad((n % 500)::text, 32, '0')::uuid, 'imagine',
        '{"version": 1, "prompt": "", "parts": [], "images": [], "parameters": {}}', n, 'waiting', n
    FROM generate_series(1, 5000) AS n;
    INSERT INTO members (id, discord_id) SELECT lpad(n::text, 32, '0')::uuid, n FROM generate_series(0, 499) AS n;
    INSERT INTO deliveries (id, kind, job_id, member_id, press_id, ordinal, channel_id)
    SELECT gen_random_uuid(), 'grid', id, member_id, (turn / 40)::text, turn % 40, 1 FROM jobs;
    INSERT INTO pgqueuer (priority, status, entrypoint, payload, dedupe_key)
    SELECT -turn, 'queued', 'paint', uuid_send(id), id::text FROM jobs;
    INSERT INTO pgqueuer_statistics (count, created, priority, status, entrypoint)
    SELECT 1, now(), n, 'successful', 'paint' FROM generate_series(1, 20000) AS n;
    INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, aggregated)
    SELECT n, 'successful', 0, 'paint', true FROM generate_series(1, 20000) AS n;
    ANALYZE"""


async def test_a_place_in_a_long_queue_is_cheap(database: Database) -> None:
    """However many jobs wait, before or after it; nor does what is kept of the log cost anything."""
    async with database.begin(limit=_FILLED_WITHIN) as connection:
        for statement in _WAITING.split(";"):
            await connection.execute(sa.text(statement))
    for turn in (1, 50, 2500, 5000):
        job = await _check_place(database, turn)
        for name in ("read_queue_state", "requeue_orphans"):
            # They are about all that waits, and read it once: a few seconds and half a minute lie between two of them.
            pages = [
                await _pages(database, *statement) for statement in await _statements(database, job, _QUERIES[name])
            ]
            assert sum(pages) < 600, name
        for name in ("read_queue_positions", "read_queue_pace", "count_pending", "prune_log"):
            for statement, parameters in await _statements(database, job, _QUERIES[name]):
                assert await _pages(database, statement, parameters) < 40, f"{name}\n{statement}"
        for name, query in _OF_SERIES.items():
            for statement, parameters in await _statements(database, job, query):
                # Forty jobs, each found by its own.
                assert await _pages(database, statement, parameters) < 40 * 10, f"{name}\n{statement}"


async def _check_place(database: Database, turn: int) -> Job:
    """Return the job with this turn, whose place the query must know."""
    async with database.begin() as connection:
        one = sa.text("SELECT id FROM jobs WHERE turn = :turn")
        job = await jobs.read_job(connection, (await connection.execute(one, {"turn": turn})).scalar_one())
        assert job is not None
        place = min(turn - 1, MAX_COUNTED_AHEAD)
        assert await queue_position.read_queue_positions(connection, [job.id]) == {job.id: place}
    return job


async def _pages(database: Database, statement: str, parameters: Any) -> int:
    """Return how many pages of tables and indexes the statement reads."""
    async with database.begin() as connection:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        (answer,) = (await connection.exec_driver_sql(explain, parameters)).scalar_one()
    return int(answer["Plan"]["Shared Hit Blocks"] + answer["Plan"]["Shared Read Blocks"])
