"""Deliveries in the store: claims, and the states that follow each other."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from bot.store.batch import run_alone
from bot.store.deliveries import (
    BotInstance,
    Delivery,
    claim_deliveries,
    close_delivery,
    find_known_messages,
    forget_message,
    move_delivery,
    read_deliveries,
    release_claims,
    renew_claim,
    renew_claims,
    store_message_id,
)
from bot.store.posted_messages import store_message_ids
from bot.store.submissions import submit_drafts
from bot.store.tables import DeliveryState, deliveries
from engine.contract.ids import new_id
from engine.store.database import Database
from tests.bot.store.test_button_actions import DRAFT, US, press

OTHER = BotInstance(id=new_id(), lease=timedelta(minutes=5))
LAPSED = BotInstance(id=new_id(), lease=timedelta(0))


async def made(database: Database, instance: BotInstance, count: int = 1, *, number: int = 1) -> list[Delivery]:
    """Return new deliveries of one press that the instance holds."""
    async with database.begin() as connection:
        submitted = await run_alone(connection, submit_drafts(press(number), [DRAFT] * count, instance))
    return [one.delivery for one in submitted]


async def claim(database: Database, instance: BotInstance, limit: int = 100) -> list[UUID]:
    """Return the ids of the deliveries that the instance gets."""
    async with database.begin() as connection:
        return [delivery.id for delivery in await claim_deliveries(connection, instance, limit=limit)]


def ids_of(listed: list[Delivery]) -> list[UUID]:
    """Return their ids."""
    return [delivery.id for delivery in listed]


async def test_what_one_process_holds_no_other_gets(database: Database) -> None:
    """A live claim is respected; a lapsed one is free, oldest first."""
    held = await made(database, US)
    assert await claim(database, OTHER) == []
    async with database.begin() as connection:
        await release_claims(connection, US)
    assert await claim(database, OTHER) == [held[0].id]


async def test_a_lapsed_claim_is_taken_over_whole(database: Database) -> None:
    """Everything that is needed to find or repeat the message comes with it; its former holder is told at renewal."""
    (delivery,) = await made(database, LAPSED)
    async with database.begin() as connection:
        (taken,) = await claim_deliveries(connection, OTHER, limit=5)
    assert taken == delivery
    async with database.begin() as connection:
        assert await renew_claims(connection, LAPSED) == frozenset()
        assert not await renew_claim(connection, delivery.id, LAPSED)
        assert await renew_claim(connection, delivery.id, OTHER)


async def test_a_former_holder_changes_nothing(database: Database) -> None:
    """Neither the message of the new holder, which it must not forget, nor the channel, nor the state."""
    (delivery,) = await made(database, LAPSED)
    async with database.begin() as connection:
        await claim_deliveries(connection, OTHER, limit=1)
        assert not await store_message_id(connection, delivery.id, 98, LAPSED)
        assert await store_message_id(connection, delivery.id, 99, OTHER)
        (before,) = await read_deliveries(connection, [delivery.id])
        assert not await forget_message(connection, delivery.id, LAPSED)
        assert not await move_delivery(connection, delivery.id, 4, LAPSED)
        assert not await close_delivery(connection, delivery.id, DeliveryState.GONE, LAPSED)
        assert await read_deliveries(connection, [delivery.id]) == (before,)
        assert await forget_message(connection, delivery.id, OTHER)
    assert before.message_id == 99


async def test_processes_that_claim_at_once_share(database: Database) -> None:
    """No press goes to two of them, and none is left."""
    first, second = [await made(database, LAPSED, 15, number=number) for number in (1, 2)]
    made_ids = set(ids_of(first + second))
    claimants = [BotInstance(id=new_id(), lease=timedelta(minutes=5)) for _ in range(4)]
    shares = await asyncio.gather(*(claim(database, instance, 1) for instance in claimants))
    assert all(share in ([], ids_of(first), ids_of(second)) for share in map(sorted, shares))
    taken = [delivery_id for share in shares for delivery_id in share]
    assert len(taken) == len(set(taken)) and set(taken) <= made_ids
    rest = await claim(database, OTHER)
    assert set(taken) | set(rest) == made_ids


async def test_a_closed_delivery_keeps_no_token(database: Database) -> None:
    """It ends once, nobody claims it again, and the secret is gone."""
    (delivery,) = await made(database, LAPSED)
    async with database.begin() as connection:
        await store_message_id(connection, delivery.id, 99, LAPSED)
        assert await close_delivery(connection, delivery.id, DeliveryState.DELIVERED, LAPSED)
        assert not await close_delivery(connection, delivery.id, DeliveryState.GONE, LAPSED)
        row = (await connection.execute(sa.select(deliveries.c.state, deliveries.c.token))).one()
    assert (row.state, row.token) == ("delivered", None)
    assert await claim(database, OTHER) == []


async def test_only_the_first_message_kept_counts(database: Database) -> None:
    """A message that already shows a delivery is known, so that no other delivery takes it."""
    (delivery,) = await made(database, US)
    async with database.begin() as connection:
        await store_message_id(connection, delivery.id, 99, US)
        await store_message_id(connection, delivery.id, 100, US)
        assert await find_known_messages(connection, [98, 99, 100]) == {99}


async def test_a_moved_delivery_starts_over_elsewhere(database: Database) -> None:
    """It remembers where it came from, and has neither message nor token there."""
    (delivery,) = await made(database, LAPSED)
    async with database.begin() as connection:
        await store_message_id(connection, delivery.id, 99, LAPSED)
        await move_delivery(connection, delivery.id, 4, LAPSED)
        (moved,) = await claim_deliveries(connection, OTHER, limit=1)
    assert (moved.channel_id, moved.moved_from) == (4, 77)
    assert (moved.message_id, moved.reply_to, moved.token) == (None, None, None)


def test_a_token_shows_itself_nowhere() -> None:
    """Not even where a delivery is written to a log."""
    assert "secret" not in repr(press(1))


async def test_claiming_reads_an_index(database: Database) -> None:
    """Looking for open deliveries does not read closed ones."""
    async with database.begin() as connection:
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = await connection.execute(
            sa.text("EXPLAIN SELECT id FROM deliveries WHERE state = 'open' AND claimed_until < now() ORDER BY id")
        )
        text = "\n".join(plan.scalars())
    assert "Seq Scan" not in text
    assert any(index in text for index in ("deliveries_open_idx", "deliveries_claimed_idx"))


async def test_messages_of_many_deliveries_are_stored_at_once(database: Database) -> None:
    """But for one that has its message, and those that another process holds."""
    first, second = await made(database, US, 2)
    (lapsed,) = await made(database, LAPSED, number=2)
    assert await claim(database, OTHER) == [lapsed.id]
    async with database.begin() as connection:
        assert await store_message_id(connection, first.id, 98, US)
        await store_message_ids(connection, {first.id: 99, second.id: 100, lapsed.id: 101}, US)
        rows = await connection.execute(sa.select(deliveries.c.id, deliveries.c.message_id))
        assert {row.id: row.message_id for row in rows} == {first.id: 98, second.id: 100, lapsed.id: None}
