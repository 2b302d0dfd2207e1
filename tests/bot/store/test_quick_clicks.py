"""Quick clicks on one button start one job."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.buttons.pan import PanLeftButton, PanRightButton
from bot.buttons.reroll import RerollButton
from bot.buttons.vary import VaryButton
from bot.store.interaction import InteractionContext
from engine.feedback.store.repeats import MOMENT
from engine.store.database import Database
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import press, start_follow_up_of, submitted


def later(number: int, moment: timedelta, *, discord_id: int = 5) -> InteractionContext:
    """Return a press of that moment after the first ones, by Discord's clock."""
    context = press(number, discord_id=discord_id)
    return replace(context, id=str(int(context.id) + (moment // timedelta(milliseconds=1) << 22)))


async def test_quick_clicks_start_one_job(database: Database, hand: EngineHand) -> None:
    """Of one member on one button; another member, picture or button has its own, and so has a later press."""
    job = (await submitted(database)).job
    await hand.finish(job)

    async def jobs_of(*presses: tuple[InteractionContext, int | None]) -> list[bool]:
        async def once(context: InteractionContext, slot: int | None) -> bool:
            async with database.begin() as connection:
                button = RerollButton if slot is None else VaryButton
                return bool(await start_follow_up_of(connection, context, job.id, button, slot))

        return sorted(await asyncio.gather(*(once(*one) for one in presses)))

    assert await jobs_of((press(2), 0), (press(3), 0), (press(4), 0)) == [False, False, True]
    assert await jobs_of((press(5), None), (press(6), None)) == [False, True]
    assert await jobs_of((press(7), 1), (press(8, discord_id=6), 0), (press(9, discord_id=6), None)) == [True] * 3
    assert await jobs_of((later(10, MOMENT - timedelta(milliseconds=1)), 0)) == [False]
    assert await jobs_of((later(11, MOMENT * 2), 0), (later(12, MOMENT * 2), None)) == [True, True]
    assert len(await hand.jobs()) == 1 + 2 + 3 + 2


async def test_quick_clicks_on_two_kinds_of_a_button_start_two_jobs(database: Database, hand: EngineHand) -> None:
    """To the left and to the right are one verb, and still not the same."""
    job = (await submitted(database)).job
    await hand.finish(job)
    for number, button in enumerate((PanLeftButton, PanRightButton, PanLeftButton), 2):
        async with database.begin() as connection:
            started = await start_follow_up_of(connection, press(number), job.id, button, 0)
        assert bool(started) is (number < 4)
