"""The Gateway protocol: Hello, Identify, compression, Resume, close codes, shards and intents."""

import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox, serve
from tests.sandbox.raw_bot import RawBot
from tests.sandbox.raw_gateway import RawSocket, raw_socket

GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 9, 1 << 12


@pytest.mark.parametrize("compress", [None, "zlib-stream", "zstd-stream"])
async def test_each_compression_carries_every_payload(sandbox: Sandbox, raw: RawBot, compress: str | None) -> None:
    """READY, GUILD_CREATE, a heartbeat ACK and a message arrive intact through one stream."""
    async with raw_socket(sandbox, compress) as socket:
        ready = await socket.identify()
        guild = await socket.until("GUILD_CREATE")
        await socket.send(1, socket.sequence)
        assert (await socket.receive())["op"] == 11
        await raw.post_message({"content": "ü" * 2000})
        assert (await socket.until("MESSAGE_CREATE"))["content"] == "ü" * 2000
    assert ready["guilds"] == [{"id": guild["id"], "unavailable": True}]
    assert [channel["name"] for channel in guild["channels"]] == ["studio", "gallery", "after-dark", "showcase"]


async def test_payloads_may_be_compressed_one_by_one(sandbox: Sandbox) -> None:
    """`compress` in Identify, without transport compression, gives zlib payloads."""
    async with raw_socket(sandbox) as socket:
        assert (await socket.identify(compress=True))["v"] == 10


async def test_a_lost_socket_is_resumed_with_what_it_missed(sandbox: Sandbox, raw: RawBot) -> None:
    """Missed events are replayed once, in order, before RESUMED; new ones follow."""
    async with raw_socket(sandbox) as socket:
        ready = await socket.identify()
        await socket.until("GUILD_CREATE")
        sandbox.gateway.disconnect_all()
        await socket.closed()
    await raw.post_message({"content": "missed 1"})
    await raw.post_message({"content": "missed 2"})
    async with raw_socket(sandbox, "zlib-stream") as again:
        resume = {"token": sandbox.token, "session_id": ready["session_id"], "seq": socket.sequence}
        await again.send(6, resume)
        seen = [await again.receive() for _ in range(3)]
        await raw.post_message({"content": "new"})
        assert (await again.until("MESSAGE_CREATE"))["content"] == "new"
    assert [(item["t"], item["d"].get("content")) for item in seen] == [
        ("MESSAGE_CREATE", "missed 1"),
        ("MESSAGE_CREATE", "missed 2"),
        ("RESUMED", None),
    ]
    assert [item["s"] for item in seen] == [(socket.sequence or 0) + number for number in (1, 2, 3)]


async def test_an_unknown_session_is_invalid(sandbox: Sandbox) -> None:
    """Op 9 with false: the client has to identify again on the same socket."""
    async with raw_socket(sandbox) as socket:
        await socket.send(6, {"token": sandbox.token, "session_id": "none", "seq": 1})
        assert await socket.receive() == {"op": 9, "d": False, "s": None, "t": None}
        await socket.identify()


async def test_a_session_that_said_goodbye_cannot_be_resumed(sandbox: Sandbox) -> None:
    """Closing with 1000 ends the session."""
    async with raw_socket(sandbox) as socket:
        ready = await socket.identify()
        await socket.socket.close(code=1000)
    async with raw_socket(sandbox) as again:
        await again.send(6, {"token": sandbox.token, "session_id": ready["session_id"], "seq": 1})
        assert (await again.receive())["op"] == 9


async def identify_wrongly(socket: RawSocket, **fields: Any) -> None:
    await socket.send(2, {"token": socket.token, "intents": 1, "properties": {}} | fields)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"shard": [2, 2]}, 4010),
        ({"intents": 1 << 30}, 4013),
        ({"intents": None}, 4013),
    ],
)
async def test_a_wrong_identify_closes_the_socket(sandbox: Sandbox, fields: dict[str, Any], code: int) -> None:
    """Each error has its close code."""
    async with raw_socket(sandbox) as socket:
        await identify_wrongly(socket, **fields)
        assert await socket.closed() == code


@pytest.mark.parametrize(
    ("text", "code"),
    [('{"op": 99}', 4001), ("{", 4002), ("[]", 4002), ('{"op": 3, "d": {}}', 4003), (json.dumps("x" * 5000), 4002)],
)
async def test_a_bad_payload_closes_the_socket(sandbox: Sandbox, text: str, code: int) -> None:
    """Unknown opcode, invalid JSON, not an object, before Identify, too large."""
    async with raw_socket(sandbox) as socket:
        await socket.socket.send_str(text)
        assert await socket.closed() == code


async def test_identifying_twice_closes_the_socket(sandbox: Sandbox) -> None:
    """4005."""
    async with raw_socket(sandbox) as socket:
        await socket.identify()
        await identify_wrongly(socket)
        assert await socket.closed() == 4005


async def test_too_many_payloads_close_the_socket(sandbox: Sandbox) -> None:
    """4008 after 120 in a minute."""
    async with raw_socket(sandbox) as socket:
        await socket.identify()
        for _ in range(121):
            await socket.send(1, None)
        assert await socket.closed() == 4008


async def test_intents_choose_the_events(sandbox: Sandbox, raw: RawBot, ada: MemberClient) -> None:
    """Without the intent for guild messages only direct ones arrive."""
    async with raw_socket(sandbox) as socket:
        await socket.identify(intents=DIRECT_MESSAGES)
        await raw.post_message({"content": "guild"})
        await ada.say("direct", channel="dm")
        assert (await socket.receive())["d"]["content"] == "direct"


async def test_members_are_hidden_without_their_intent(sandbox: Sandbox) -> None:
    """Without the members intent GUILD_CREATE lists only the bot, with it every member."""
    names = []
    for intents in (1, 1 | 1 << 1):
        async with raw_socket(sandbox) as socket:
            await socket.identify(intents=intents)
            members = (await socket.until("GUILD_CREATE"))["members"]
            names.append([member["user"]["username"] for member in members])
    assert names == [["easel"], ["easel", "ada", "ben", "cleo", "dora"]]


async def test_a_privileged_intent_may_be_disallowed(sandbox: Sandbox) -> None:
    """4014 when the application does not have it."""
    application = sandbox.world.application
    sandbox.world.application = replace(application, privileged_intents=False)
    async with raw_socket(sandbox) as socket:
        await identify_wrongly(socket, intents=1 << 15)
        assert await socket.closed() == 4014


async def test_guilds_belong_to_their_shard() -> None:
    """A guild's events go to shard (id >> 22) % n, direct messages to shard 0."""
    async with serve(guild_count=4) as sandbox, raw_socket(sandbox) as first, raw_socket(sandbox) as second:
        guilds = [await socket.identify(shard=[number, 2]) for number, socket in enumerate((first, second))]
        for number, ready in enumerate(guilds):
            assert [(int(guild["id"]) >> 22) % 2 for guild in ready["guilds"]] == [number, number]


async def test_members_are_sent_when_asked_for(sandbox: Sandbox) -> None:
    """Op 8 by name and by ids."""
    guild_id = str(next(iter(sandbox.world.guilds)))
    async with raw_socket(sandbox) as socket:
        await socket.identify()
        await socket.send(8, {"guild_id": guild_id, "query": "b", "limit": 0, "nonce": "n"})
        chunk = await socket.until("GUILD_MEMBERS_CHUNK")
    assert ([member["user"]["username"] for member in chunk["members"]], chunk["nonce"]) == (["ben"], "n")


async def test_the_gateway_may_refuse_connections(sandbox: Sandbox) -> None:
    """A fault on `GET /socket` closes the connection `count` times; aiohttp retries a GET once."""
    sandbox.inject_fault("GET /socket", kind="refuse", count=2)
    with pytest.raises(aiohttp.ClientError):
        async with raw_socket(sandbox):
            pass
    async with raw_socket(sandbox) as socket:
        await socket.identify()
