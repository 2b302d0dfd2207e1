"""discord.py against connection losses, rate limits and server errors."""

import asyncio
import subprocess
import sys
import textwrap
from datetime import timedelta

import aiohttp
import discord
import pytest

from sandbox.chat.test_client import MemberClient, member_client
from sandbox.server import Sandbox, serve
from sandbox.state.ratelimits import LIMITS
from tests.bot.clocks import UnhurriedClock
from tests.sandbox.discord_py_client import RecordingBot, answer_with, logged_in, pointed_at


async def say_hello(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("hello")


def greeting_bot() -> RecordingBot:
    bot = RecordingBot()
    answer_with(bot, "hello", say_hello)
    return bot


async def test_a_dropped_socket_is_resumed_and_nothing_is_missed(sandbox: Sandbox, ada: MemberClient) -> None:
    """A command sent while the bot is away reaches it by replay, once, within its three seconds or not at all."""
    async with logged_in(sandbox, greeting_bot()) as bot:
        sandbox.gateway.disconnect_all()
        said = await ada.say("while away", channel="dm")
        await bot.heard("resumed")
        await bot.heard("message", lambda message: str(message.id) == said["id"])
        answer = await ada.reply(await ada.command("hello"))
    assert answer["content"] == "hello"
    assert [name for name, _ in bot.events].count("ready") == 1
    assert [args[0].id for name, args in bot.events if name == "message"].count(int(said["id"])) == 1


async def test_a_lost_session_is_begun_anew(sandbox: Sandbox, ada: MemberClient) -> None:
    """Without a session to resume, the bot identifies again and responds."""
    async with logged_in(sandbox, greeting_bot()) as bot:
        bot.events.clear()
        sandbox.gateway.invalidate_sessions()
        await bot.heard("ready")
        assert (await ada.reply(await ada.command("hello")))["content"] == "hello"


async def test_a_reconnect_is_followed(sandbox: Sandbox, ada: MemberClient) -> None:
    """Op 7: the bot resumes on a new socket."""
    async with logged_in(sandbox, greeting_bot()) as bot:
        sandbox.gateway.request_reconnect()
        await bot.heard("resumed")
        assert (await ada.reply(await ada.command("hello")))["content"] == "hello"


async def test_heartbeats_are_answered() -> None:
    """With a short interval the bot stays on one socket through several heartbeats."""
    intents = discord.Intents.default()
    async with serve(heartbeat_interval=timedelta(milliseconds=500)) as sandbox:
        bot = RecordingBot(intents=intents, enable_debug_events=True)
        async with logged_in(sandbox, bot):
            await bot.heard("socket_raw_receive", lambda text: '"op": 11' in str(text), times=5)
            assert [name for name, _ in bot.events].count("disconnect") == 0


async def test_every_shard_serves_its_guilds() -> None:
    """AutoShardedClient with two shards sees all guilds; commands answer on both and in direct messages."""
    async with serve(clock=UnhurriedClock(), guild_count=4) as sandbox:
        bot = RecordingBot(shard_count=2)
        answer_with(bot, "hello", say_hello)
        async with logged_in(sandbox, bot):
            assert {(guild.id, guild.shard_id) for guild in bot.guilds} == {
                (guild_id, (guild_id >> 22) % 2) for guild_id in [guild.id for guild in sandbox.world.bot_guilds]
            }
            channels = [channel for channel in sandbox.world.channels.values() if channel.name in ("studio", "")]
            async with member_client(sandbox.url, "ada") as ada:
                mine = [item for item in channels if item.guild_id or str(item.id) == ada.channels["dm"]]
                sent = [await ada.command("hello", channel=str(channel.id)) for channel in mine]
                assert [await ada.outcome(pressed) for pressed in sent] == ["acknowledged"] * 5


async def test_rate_limits_are_kept_without_a_429(sandbox: Sandbox) -> None:
    """discord.py waits by the headers: seven messages pass without a 429."""
    answers: list[int] = []

    async with logged_in(sandbox, RecordingBot()) as bot:
        trace = bot.http.__dict__["_HTTPClient__session"]
        original = trace.request
        trace.request = lambda *args, **kwargs: _noting(original(*args, **kwargs), answers)
        channel = bot.get_channel(sandbox.channel("studio").id)
        assert isinstance(channel, discord.TextChannel)
        for number in range(LIMITS["POST /channels/{channel_id}/messages"].requests + 2):
            await channel.send(str(number))
    assert answers == [200] * 7


class _noting:  # noqa: N801
    def __init__(self, request: aiohttp.client._RequestContextManager, answers: list[int]) -> None:
        self._request, self._answers = request, answers

    async def __aenter__(self) -> aiohttp.ClientResponse:
        response = await self._request.__aenter__()
        self._answers.append(response.status)
        return response

    async def __aexit__(self, *reason: object) -> None:
        await self._request.__aexit__(*reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_global", [False, True])
async def test_a_429_is_waited_out(sandbox: Sandbox, is_global: bool) -> None:
    """A refused request is tried again after `retry_after` and posts once."""
    sandbox.inject_fault("POST /channels/*/messages", kind="rate_limit", count=2, is_global=is_global)
    async with logged_in(sandbox, RecordingBot()) as bot:
        channel = bot.get_channel(sandbox.channel("studio").id)
        assert isinstance(channel, discord.TextChannel)
        await channel.send("at last")
        assert [message.content async for message in channel.history()] == ["at last"]


async def test_a_server_error_is_tried_again(sandbox: Sandbox) -> None:
    """502 is retried by discord.py; the message is posted once."""
    sandbox.inject_fault("POST /channels/*/messages", kind="status", status=502)
    async with logged_in(sandbox, RecordingBot()) as bot:
        channel = bot.get_channel(sandbox.channel("studio").id)
        assert isinstance(channel, discord.TextChannel)
        await channel.send("at last")
        assert [message.content async for message in channel.history()] == ["at last"]


async def test_a_slow_answer_arrives_all_the_same(sandbox: Sandbox) -> None:
    """The request is handled, and not before the delay."""
    delay = timedelta(milliseconds=300)
    sandbox.inject_fault("POST /channels/*/messages", kind="slow", delay=delay)
    async with logged_in(sandbox, RecordingBot()) as bot:
        channel = bot.get_channel(sandbox.channel("studio").id)
        assert isinstance(channel, discord.TextChannel)
        asked_at = sandbox.world.clock.now()
        message = await channel.send("slow")
    stored = sandbox.world.message(channel.id, message.id)
    assert stored.created_at >= asked_at + delay


async def test_a_lost_answer_has_done_its_work(sandbox: Sandbox, ada: MemberClient) -> None:
    """The message exists although the bot's connection broke."""
    sandbox.inject_fault("POST /interactions/**", kind="lose_answer")

    async def effect(interaction: discord.Interaction) -> None:
        with pytest.raises(aiohttp.ClientError):
            await interaction.response.send_message("posted")

    bot = RecordingBot()
    answer_with(bot, "try", effect)
    async with logged_in(sandbox, bot):
        pressed = await ada.command("try")
        assert (await ada.reply(pressed))["content"] == "posted"
        assert await ada.outcome(pressed) == "acknowledged"


async def test_a_wrong_token_cannot_log_in(sandbox: Sandbox) -> None:
    """LoginFailure, as with the real Discord."""
    with pointed_at(sandbox):
        bot = RecordingBot()
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")
        await bot.close()


ZLIB_BOT = """
    import sys
    sys.modules["zstandard"] = None  # as where the library is not installed
    import asyncio, discord, yarl
    discord.http.Route.BASE = sys.argv[1]
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sys.argv[2])
    assert discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zlib-stream"
    client = discord.Client(intents=discord.Intents.default(), guild_ready_timeout=0.05)

    @client.event
    async def on_ready():
        print(client.guilds[0].name)
        await client.close()

    client.run(sys.argv[3], log_handler=None)
"""


async def test_a_bot_without_zstandard_uses_zlib(sandbox: Sandbox) -> None:
    """Without zstandard, discord.py uses zlib-stream and becomes ready."""
    arguments = (sys.executable, "-c", textwrap.dedent(ZLIB_BOT), sandbox.api_url, sandbox.gateway_url, sandbox.token)
    process = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert output.decode().strip() == "The Atelier"
