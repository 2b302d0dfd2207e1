"""What identifies a message to Discord."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.nonces import nonce
from bot.store.deliveries import Delivery
from bot.store.tables import DeliveryKind
from engine.contract.ids import new_id


def delivery(number: UUID) -> Delivery:
    return Delivery(
        id=number,
        kind=DeliveryKind.GRID,
        job_id=number,
        picture_id=None,
        member_id=number,
        discord_id=5,
        press_id="1",
        ordinal=1,
        channel_id=77,
        moved_from=None,
        reply_to=None,
        message_id=None,
        token=None,
        created_at=datetime.now(UTC),
    )


@given(st.uuids(), st.uuids())
def test_a_nonce_names_one_delivery_within_discords_limit(one: UUID, other: UUID) -> None:
    """At most 25 characters, and different for different deliveries."""
    assert 1 <= len(nonce(delivery(one))) <= 25 or one.int == 0
    assert (nonce(delivery(one)) == nonce(delivery(other))) == (one == other)


def test_each_message_of_a_delivery_has_a_nonce_of_its_own() -> None:
    """Discord answers a nonce of the last minutes with the message that had it, in whatever channel."""
    first = delivery(new_id())
    moved = replace(first, moved_from=first.channel_id, channel_id=78)
    assert len({nonce(one, is_replacement) for one in (first, moved) for is_replacement in (False, True)}) == 4
