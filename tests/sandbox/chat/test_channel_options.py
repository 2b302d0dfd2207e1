"""Options that take a channel: only of the types that they name, as Discord's client offers no others."""

from __future__ import annotations

import pytest

from sandbox.chat.test_client import MemberClient, RequestRefused
from tests.sandbox.raw_bot import RawBot

WHERE = {"type": 7, "name": "where", "description": "d", "channel_types": [0, 5]}


async def test_only_channels_of_the_types_that_are_asked_for_are_taken(raw: RawBot, ada: MemberClient) -> None:
    path = f"/applications/{raw.sandbox.world.application.id}/commands"
    await raw.call("PUT", path, [{"name": "post", "description": "d", "options": [WHERE]}])
    await ada.command("post", where=ada.channels["gallery"])
    with pytest.raises(RequestRefused) as refused:
        await ada.command("post", where=ada.channels["showcase"])
    assert refused.value.message == "where must be a channel of another type."
    assert len(raw.sandbox.world.interactions) == 1
