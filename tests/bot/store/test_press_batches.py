"""Presses that are committed together: fewer statements, and none pays for another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.store.batch import Statement
from bot.store.button_actions import RatingChange, cancel, rate
from bot.store.press_batches import PressBatches
from bot.store.submissions import submit_drafts
from engine.contract.errors import JobOver, JobUnknown, StoreUnavailable
from engine.contract.feedback import Rating
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import AsyncConnection, Database
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import DRAFT, FIRST_PRESS, US, press, statements_of, submitted
from tests.engine.worker.following import until
from tests.killing import held

MANY = range(10, 40)
LONG = timedelta(minutes=1)


@pytest.fixture
def batches(database: Database) -> PressBatches:
    return PressBatches(database, limit=LONG)


@pytest.fixture
async def job_id(database: Database, hand: EngineHand) -> UUID:
    """A finished job."""
    job = (await submitted(database)).job
    await hand.finish(job)
    return job.id


def rated(batches: PressBatches, job_id: UUID, number: int, rating: Rating = Rating.GOOD) -> asyncio.Task[RatingChange]:
    """Rate the job by a press of that number, as the member of the same number."""
    context = press(number, discord_id=number)
    return asyncio.create_task(batches.commit(number, partial(rate, context, job_id, None, rating)))


@contextmanager
def begun_in(database: Database) -> Iterator[list[object]]:
    """Yield the connections of the transactions that begin meanwhile."""
    begun: list[object] = []

    def note(connection: object) -> None:
        begun.append(connection)

    sa.event.listen(database.engine.sync_engine, "begin", note)
    try:
        yield begun
    finally:
        sa.event.remove(database.engine.sync_engine, "begin", note)


async def raters(hand: EngineHand, job_id: UUID) -> list[int]:
    return sorted(action.press_id - FIRST_PRESS for action in await hand.actions(job_id))


async def test_presses_of_one_moment_share_their_statements(
    database: Database, batches: PressBatches, job_id: UUID, hand: EngineHand
) -> None:
    """Thirty ratings take as many statements as one whose member is new, and all are stored."""
    with statements_of(database) as of_one:
        await rated(batches, job_id, 9)
    with statements_of(database) as of_many:
        await asyncio.gather(*(rated(batches, job_id, number) for number in MANY))
    assert of_many == of_one
    assert await raters(hand, job_id) == [9, *MANY]


async def test_a_refused_press_does_not_hold_up_the_others(
    batches: PressBatches, job_id: UUID, hand: EngineHand
) -> None:
    refused = rated(batches, new_id(), 9)
    await asyncio.gather(*(rated(batches, job_id, number) for number in MANY))
    with pytest.raises(JobUnknown):
        await refused
    assert await raters(hand, job_id) == [*MANY]


async def test_a_press_that_is_refused_late_is_undone_alone(
    batches: PressBatches, job_id: UUID, hand: EngineHand
) -> None:
    """The job that it cancels is over, which shows once the press has been recorded."""
    context = press(9)
    late = asyncio.create_task(batches.commit(5, partial(cancel, context, job_id)))
    await asyncio.gather(*(rated(batches, job_id, number) for number in MANY))
    with pytest.raises(JobOver):
        await late
    assert await raters(hand, job_id) == [*MANY]


async def test_presses_of_one_member_follow_each_other(batches: PressBatches, job_id: UUID) -> None:
    """The second rating of one moment replaces the first."""
    contexts = [press(number) for number in (2, 3)]
    first, second = (
        asyncio.create_task(batches.commit(5, partial(rate, context, job_id, None, rating)))
        for context, rating in zip(contexts, (Rating.BAD, Rating.GREAT), strict=True)
    )
    assert ((await first).before, (await second).before) == (None, Rating.BAD)


async def test_what_nobody_waits_for_any_more_is_not_stored(
    database: Database, database_url: str, batches: PressBatches, job_id: UUID, hand: EngineHand
) -> None:
    """A member who was told that it did not work finds nothing done later; the others of the batch lose nothing."""
    async with held(database_url, "LOCK TABLE actions IN EXCLUSIVE MODE"):
        given_up, kept = rated(batches, job_id, 9), rated(batches, job_id, 10)
        await until(lambda: _is_blocked(database))
        given_up.cancel()
        with suppress(asyncio.CancelledError):
            await given_up
    await kept
    assert await raters(hand, job_id) == [10]


async def test_a_press_that_comes_as_another_batch_ends_waits_for_no_batch_that_hangs(
    database: Database, database_url: str, batches: PressBatches, job_id: UUID
) -> None:
    """The last moment of a batch is too late to be taken by it."""
    await rated(batches, job_id, 9)

    async def rate_twice() -> None:
        for number in (1, 2):
            context = press(number, discord_id=10)
            await batches.commit(10, partial(rate, context, job_id, None, Rating.GOOD))

    async with held(database_url, "SELECT FROM members WHERE discord_id = 9 FOR UPDATE"):
        hanging = asyncio.create_task(
            batches.commit(9, partial(rate, press(3, discord_id=9), job_id, None, Rating.BAD))
        )
        await until(lambda: _waits_for_a_row(database))
        async with asyncio.timeout(30):
            await rate_twice()
        assert not hanging.done()
    await hanging


async def test_presses_that_were_given_up_cost_the_others_one_more_transaction(
    database: Database, database_url: str, batches: PressBatches, job_id: UUID, hand: EngineHand
) -> None:
    """However many they are: a bot that is too slow for all of them must not become slower still."""
    with begun_in(database) as begun:
        async with held(database_url, "LOCK TABLE actions IN EXCLUSIVE MODE"):
            presses = [rated(batches, job_id, number) for number in MANY]
            await until(lambda: _is_blocked(database))
            before = len(begun)
            for given_up in presses[::2]:
                given_up.cancel()
        await asyncio.gather(*presses[1::2])
    assert len(begun) - before == 1
    assert await raters(hand, job_id) == [*MANY[1::2]]


async def _waits_for_a_row(database: Database) -> bool:
    query = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.begin() as connection:
        return int((await connection.execute(query)).scalar_one()) > 0


async def _is_blocked(database: Database) -> bool:
    # Tables have the same numbers in the databases of other tests, which are copies of the same one.
    query = sa.text("""
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE NOT granted AND relation = 'actions'::regclass AND datname = current_database()""")
    async with database.begin() as connection:
        return int((await connection.execute(query)).scalar_one()) > 0


async def test_a_statement_that_fails_for_one_press_fails_for_it_alone(batches: PressBatches) -> None:
    async def divide(connection: AsyncConnection, divisors: Sequence[int]) -> list[int]:
        query = sa.text("SELECT 60 / divisor FROM unnest(:divisors) AS divisor").bindparams(
            sa.bindparam("divisors", type_=sa.ARRAY(sa.Integer))
        )
        return list((await connection.execute(query, {"divisors": list(divisors)})).scalars())

    sixty_by = Statement(order=1, run=divide)

    async def divided(divisor: int) -> int:
        return await sixty_by(divisor)

    results = await asyncio.gather(
        *(batches.commit(divisor, partial(divided, divisor)) for divisor in range(5)),
        return_exceptions=True,
    )
    assert results[1:] == [60, 30, 20, 15]
    assert isinstance(results[0], sa.exc.DBAPIError)


async def test_batches_that_cancel_the_same_jobs_do_not_wait_for_each_other(
    database: Database, database_url: str, hand: EngineHand
) -> None:
    """Each cancels the first job of all before the others, whichever was pressed first."""
    first, second = sorted([(await submitted(database, number=number)).job.id for number in (1, 2)])
    administrators = [replace(press(number, discord_id=number), is_administrator=True) for number in (9, 10)]
    batches = PressBatches(database, limit=LONG)
    async with held(database_url, f"SELECT FROM jobs WHERE id = '{first}' FOR UPDATE") as connection:
        presses = [
            asyncio.create_task(batches.commit(context.discord_id, partial(cancel, context, job_id)))
            for context, job_id in zip(administrators, (second, first), strict=True)
        ]
        await until(lambda: _waits_for_a_row(database))
        assert await connection.fetch("SELECT FROM jobs WHERE id = $1 FOR UPDATE NOWAIT", second)
    await asyncio.gather(*presses)
    assert {job.status for job in await hand.jobs()} == {JobStatus.CANCELLED}


async def test_a_transaction_of_a_process_that_has_vanished_ends_by_itself(batches: PressBatches) -> None:
    """Its machine may be gone without a word: until Postgres notices, the members of its batch stay locked."""

    async def read_limit(connection: AsyncConnection, asked: Sequence[None]) -> list[timedelta]:
        query = sa.text("SELECT CAST(current_setting('idle_in_transaction_session_timeout') AS interval)")
        return [(await connection.execute(query)).scalar_one()] * len(asked)

    limit = Statement(order=1, run=read_limit)

    async def press_of_anyone() -> timedelta:
        return await limit(None)

    assert await batches.commit(5, press_of_anyone) == LONG


async def test_presses_of_many_jobs_share_no_long_transaction(database: Database, batches: PressBatches) -> None:
    """Two of forty jobs each fill a batch: a hundred would take longer than Discord waits, and all would be refused."""
    with begun_in(database) as begun:
        submitting = [
            batches.commit(number, partial(submit_drafts, press(number, discord_id=number), [DRAFT] * 40, US), size=40)
            for number in range(10, 14)
        ]
        submissions = await asyncio.gather(*submitting)
    assert [len(jobs) for jobs in submissions] == [40] * 4
    assert len(begun) == 2


async def test_all_are_told_at_once_when_postgres_is_gone(job_id: UUID) -> None:
    """Nobody is tried again one by one, which would take a timeout for each."""
    attempts = 0

    def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        batches = PressBatches(Database(f"postgresql://127.0.0.1:{port}/nowhere?sslmode=disable"), limit=LONG)
        with pytest.raises(StoreUnavailable):
            await rated(batches, job_id, 9)
        of_one, attempts = attempts, 0
        results = await asyncio.gather(*(rated(batches, job_id, number) for number in MANY), return_exceptions=True)
    assert {type(result) for result in results} == {StoreUnavailable}
    assert attempts == of_one
