"""What the feedback log keeps of presses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from functools import partial

import sqlalchemy as sa

from bot.store.batch import run_alone
from bot.store.button_actions import RatingChange, rate, upscale
from bot.store.choices import choose
from bot.store.press_batches import PressBatches
from engine.contract.feedback import Rating, Shown, Surface
from engine.feedback.records import NOT_ASKED, ConsentInForce
from engine.feedback.store.months import first_press, month_of_press
from engine.store.database import Database
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import FIRST_PRESS, US, press, submitted
from tests.bot.store.test_press_batches import LONG


async def test_a_press_is_logged_with_what_it_was_on(database: Database, hand: EngineHand) -> None:
    """The message, the picture and its slot, who pressed, how late, and which earlier press no longer counts."""
    job = (await submitted(database)).job
    pictures = await hand.finish(job)
    async with database.begin() as connection:
        await run_alone(connection, rate(press(2, message_id=70), job.id, 1, Rating.BAD))
        again = replace(press(3, message_id=71), shown_slot=1, surface=Surface.DM)
        await run_alone(connection, rate(again, job.id, 1, Rating.GREAT))
        await run_alone(connection, upscale(press(4, discord_id=6, message_id=70), job.id, 2, US))
    first, second, third = await hand.actions(job.id)
    assert [action.press_id - FIRST_PRESS for action in (first, second, third)] == [2, 3, 4]
    assert [action.message_id for action in (first, second, third)] == [70, 71, 70]
    assert [(action.slot, action.picture_id) for action in (second, third)] == [
        (1, pictures[1].id),
        (2, pictures[2].id),
    ]
    assert [action.replaces for action in (first, second, third)] == [None, first.press_id, None]
    assert [action.is_owner for action in (first, second, third)] == [True, True, False]
    assert first.shown == tuple(Shown(picture_id=picture.id, slot=picture.slot) for picture in pictures)
    assert second.shown == first.shown[1:2]
    assert (second.latency, second.surface) == (again.latency, Surface.DM)


async def test_the_consent_in_force_is_logged(database: Database, hand: EngineHand) -> None:
    """Of a member who was not asked yet, who chose, and who chose again."""
    job = (await submitted(database)).job
    await hand.finish(job)
    choices = [(False, True), (True, False)]
    async with database.begin() as connection:
        await run_alone(connection, rate(press(2), job.id, None, Rating.GOOD))
        for at, (may_train, may_publish) in enumerate(choices):
            chosen = choose(press(10 + 2 * at), version=3, may_train=may_train, may_publish=may_publish)
            await run_alone(connection, chosen)
            await run_alone(connection, rate(press(11 + 2 * at), job.id, None, Rating.GOOD))
    chosen_later = [
        ConsentInForce(version=3, may_train=may_train, may_publish=may_publish) for may_train, may_publish in choices
    ]
    assert [action.consent for action in await hand.actions(job.id)] == [NOT_ASKED, *chosen_later]


async def test_a_press_in_a_month_without_a_partition_is_stored(database: Database, hand: EngineHand) -> None:
    """As when nobody made it ahead or a clock is wrong: with the others of its batch, by two bots at once."""
    job = (await submitted(database)).job
    await hand.finish(job)
    ahead = first_press(date(2050, 2, 1))
    bots = [PressBatches(database, limit=LONG) for _ in range(2)]

    async def rated(bot: PressBatches, press_id: int, member: int) -> RatingChange:
        context = replace(press(0, discord_id=member), id=str(press_id))
        result: RatingChange = await bot.commit(member, partial(rate, context, job.id, None, Rating.GOOD))
        return result

    presses = [(bot, ahead + 10 * at + number) for at, bot in enumerate(bots) for number in range(3)]
    presses += [(bot, FIRST_PRESS + at) for at, bot in enumerate(bots)]
    await asyncio.gather(*(rated(bot, press_id, member) for member, (bot, press_id) in enumerate(presses, 5)))
    assert {action.press_id for action in await hand.actions(job.id)} == {press_id for _, press_id in presses}
    assert await _months_of(database, 6) == {date(2050, 2, 1)}
    # Presses of others on their pictures are something of the owner's, too.
    assert await _months_of(database, 5) == {date(2050, 2, 1), month_of_press(FIRST_PRESS)}


async def _months_of(database: Database, discord_id: int) -> set[date]:
    query = sa.text("SELECT month FROM member_months JOIN members ON id = member_id WHERE discord_id = :discord_id")
    async with database.begin() as connection:
        return set((await connection.execute(query, {"discord_id": discord_id})).scalars())
