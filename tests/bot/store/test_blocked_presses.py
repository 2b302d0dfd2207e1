"""Presses that meet others in Postgres: one that finds a lock held waits alone, and a deadlock refuses nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from bot.store.batch import Statement
from bot.store.button_actions import rate
from bot.store.press_batches import PressBatches
from engine.contract.feedback import Rating
from engine.store.database import AsyncConnection, Database
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import press, submitted
from tests.bot.store.test_press_batches import MANY, rated, raters
from tests.killing import held


async def test_a_press_that_is_blocked_holds_up_nobody(database: Database, database_url: str, hand: EngineHand) -> None:
    """Two whose members are locked from outside wait by themselves; presses that come later are not held up either."""
    job = (await submitted(database)).job
    await hand.finish(job)
    job_id = job.id
    batches = PressBatches(database, limit=timedelta(seconds=10))
    await asyncio.gather(*(rated(batches, job_id, number) for number in (8, 9)))
    again = [press(number, discord_id=number % 100) for number in (108, 109)]
    async with held(database_url, "SELECT FROM members WHERE discord_id IN (8, 9) FOR UPDATE"):
        blocked = [
            asyncio.create_task(batches.commit(context.discord_id, partial(rate, context, job_id, None, Rating.BAD)))
            for context in again
        ]
        await asyncio.gather(*(rated(batches, job_id, number) for number in MANY))
        await rated(batches, job_id, 99)
        assert not any(task.done() for task in blocked)
    assert [(await task).before for task in blocked] == [Rating.GOOD] * 2
    assert len(await raters(hand, job_id)) == len(MANY) + 5


@pytest.mark.parametrize("state", ["40P01", "40001"])
async def test_a_batch_that_was_in_the_way_of_another_is_tried_again(database: Database, state: str) -> None:
    """Postgres undoes one of two transactions that wait for each other; nobody is refused for that."""
    batches, attempts = PressBatches(database, limit=timedelta(minutes=1)), 0

    async def meet(connection: AsyncConnection, numbers: Sequence[int]) -> Sequence[int]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await connection.execute(sa.text(f"DO $$ BEGIN RAISE 'met' USING ERRCODE = '{state}'; END $$"))
        return numbers

    meeting = Statement(order=1, run=meet)

    async def returned(number: int) -> int:
        return await meeting(number)

    results = await asyncio.gather(*(batches.commit(number, partial(returned, number)) for number in range(5)))
    assert (results, attempts) == (list(range(5)), 2)
