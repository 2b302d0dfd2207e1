"""What identifies a message to Discord."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.discord_messages import nonce


@given(st.uuids(), st.uuids())
def test_a_nonce_names_one_delivery_within_discords_limit(one: UUID, other: UUID) -> None:
    """At most 25 characters, and different for different deliveries."""
    assert 1 <= len(nonce(one)) <= 25 or one.int == 0
    assert (nonce(one) == nonce(other)) == (one == other)
