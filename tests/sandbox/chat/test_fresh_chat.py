"""Starting the chat anew while it is open."""

import pytest

from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from tests.sandbox.raw_bot import RawBot


async def test_an_administrator_starts_the_chat_anew(
    sandbox: Sandbox, raw: RawBot, ada: MemberClient, ben: MemberClient
) -> None:
    """Messages, files and threads go for everybody, deleted channels come back, and the bot goes on."""
    await raw.post_message({"content": "old"}, files=[("a.png", b"pixels")])
    await ada.say("to the bot", channel="dm")
    await ben.open_post("post")
    sandbox.world.remove_channel(sandbox.channel("gallery").id)
    with pytest.raises(RequestRefused, match="Only an administrator"):
        await ben.start_anew()
    await ada.start_anew()
    studio = ben.channels["studio"]
    await ben.until(lambda: not [item for item in ben.messages.values() if item["channel_id"] == studio])
    assert not any(sandbox.world.messages.values())
    assert not list(sandbox.world.files)
    names = [channel.name for channel in sandbox.world.channels.values() if channel.guild_id]
    assert sorted(names) == ["after-dark", "gallery", "showcase", "studio", "terrace"]
    assert (await raw.post_message({"content": "new"}, channel="gallery")).status == 200
    await ben.message(lambda item: item["content"] == "new")
