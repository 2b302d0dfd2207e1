"""The message of a series in the store: one process keeps it, whole, and a former one changes nothing of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from bot.store.deliveries import (
    close_delivery,
    read_deliveries,
    renew_claim,
    renew_claims,
)
from bot.store.series import holds_series, move_series, read_series, store_series_message
from bot.store.tables import DeliveryState, deliveries
from engine.store.database import Database
from tests.bot.store.test_button_actions import US
from tests.bot.store.test_deliveries import LAPSED, OTHER, claim, ids_of, made

LARGE_ID = 1 << 60


async def test_a_series_is_taken_over_whole(database: Database) -> None:
    """Also what its former holder renewed last, which else would tell of it in a message of its own."""
    series = await made(database, LAPSED, 3)
    async with database.begin() as connection:
        await renew_claim(connection, series[1].id, replace(LAPSED, lease=timedelta(minutes=5)))
    assert await claim(database, OTHER, limit=1) == ids_of(series)
    async with database.begin() as connection:
        assert await renew_claims(connection, LAPSED) == frozenset()


async def test_a_series_that_is_held_is_left_whole(database: Database) -> None:
    """Though the claim on one of its later grids has lapsed."""
    series = await made(database, US, 3)
    async with database.begin() as connection:
        await renew_claim(connection, series[1].id, replace(US, lease=timedelta()))
    assert await claim(database, OTHER) == []


async def test_the_rest_of_a_series_is_claimed(database: Database) -> None:
    """Its first grids may be closed; then the next one's claim counts."""
    first, *others = await made(database, LAPSED, 3)
    async with database.begin() as connection:
        assert await close_delivery(connection, first.id, DeliveryState.GONE, LAPSED)
    assert await claim(database, OTHER, limit=1) == ids_of(others)


async def test_a_former_holder_changes_nothing_of_a_series(database: Database) -> None:
    """Neither which message tells about it nor the channel: the new holder has posted its own."""
    series = await made(database, LAPSED, 2)
    press_id = series[0].press_id
    assert await claim(database, OTHER) == ids_of(series)
    async with database.begin() as connection:
        assert await store_series_message(connection, press_id, LARGE_ID, OTHER)
        before = await read_deliveries(connection, ids_of(series))
        assert not await holds_series(connection, press_id, LAPSED)
        assert not await store_series_message(connection, press_id, 98, LAPSED)
        assert not await store_series_message(connection, press_id, None, LAPSED)
        assert not await move_series(connection, press_id, 4, LAPSED)
        assert await read_deliveries(connection, ids_of(series)) == before
        assert (await read_series(connection, press_id)).message_id == LARGE_ID
        assert await holds_series(connection, press_id, OTHER)


async def test_what_was_delivered_of_a_series_stays(database: Database) -> None:
    """Only what has no message of its own answers another one, or moves."""
    first, second = await made(database, US, 2)
    async with database.begin() as connection:
        await connection.execute(sa.update(deliveries).where(deliveries.c.id == first.id).values(message_id=97))
        assert await store_series_message(connection, first.press_id, LARGE_ID, US)
        assert await move_series(connection, first.press_id, LARGE_ID, US)
        stays, moved = await read_deliveries(connection, [first.id, second.id])
    assert (stays.channel_id, stays.message_id, stays.reply_to) == (77, 97, None)
    assert (moved.channel_id, moved.moved_from, moved.reply_to) == (LARGE_ID, 77, None)


async def test_renewing_and_changing_a_series_at_once_is_no_deadlock(database: Database) -> None:
    """They lock the deliveries of a series in the same order, while another process takes them over."""
    series = await made(database, LAPSED, 20)

    async def renew() -> None:
        async with database.begin() as connection:
            await renew_claims(connection, LAPSED)

    async def store(message_id: int) -> None:
        async with database.begin() as connection:
            await store_series_message(connection, series[0].press_id, message_id, LAPSED)

    works = [work for number in range(10) for work in (renew(), store(number))]
    *_, taken = await asyncio.gather(*works, claim(database, OTHER))
    assert taken in ([], ids_of(series))
