"""The bot as a process: registering commands, health, and stopping in good order."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from bot.announcer import Announcer
from bot.buttons import BUTTONS
from bot.client import EaselClient, register_commands
from bot.commands import COMMANDS
from bot.delivery.context import DeliveryContext
from bot.delivery.courier import Courier
from bot.delivery.original_sender import OriginalSender
from bot.eraser import Eraser
from bot.exports.place import ExportPlace
from bot.gallery.keeper import GalleryKeeper
from bot.learning.asker import AdapterAsker
from bot.metrics import create_bot_metrics
from bot.moderation.poster import CasePoster
from bot.services import Services
from bot.store.deliveries import BotInstance
from bot.store.preference_reads import PreferenceReads
from bot.store.press_batches import PressBatches
from bot.store.tables import DeliveryState, deliveries
from engine.contract.ids import new_id
from engine.prompt import PromptDefaults
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient, member_client
from sandbox.server import Sandbox, serve
from tests.bot.bot_process import bot_process
from tests.bot.clocks import UNHURRIED, UnhurriedClock
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid
from tests.bot.rows import delivery_states
from tests.bot.watching import RequestWatch
from tests.engine.worker.following import until

REGISTRATIONS = r"PUT /applications/\d+/commands"


@pytest.fixture
async def client(bot: asyncio.Task[None], sandbox: Sandbox) -> AsyncIterator[EaselClient]:
    """A second client, logged in and not connected; the running bot has pointed discord.py at the sandbox."""
    async with EaselClient(COMMANDS, BUTTONS, aiohttp.TraceConfig()) as opened:
        await opened.login(sandbox.token)
        yield opened


def services_for(client: EaselClient, database: Database, objects: Objects) -> Services:
    """Return services for a client that serves nothing."""
    instance = BotInstance(id=new_id(), lease=timedelta(seconds=15))
    context = DeliveryContext(
        client=client,
        buttons=BUTTONS,
        database=database,
        objects=objects,
        instance=instance,
        metrics=create_bot_metrics(CollectorRegistry()),
    )
    courier = Courier(context)
    return Services(
        buttons=BUTTONS,
        database=database,
        objects=objects,
        presses=PressBatches(database, limit=UNHURRIED),
        preference_reads=PreferenceReads(database, limit=UNHURRIED),
        courier=courier,
        eraser=Eraser(context),
        case_poster=CasePoster(context),
        adapter_asker=AdapterAsker(context),
        original_sender=OriginalSender(context),
        gallery_keeper=GalleryKeeper(context, courier),
        announcer=Announcer(context),
        instance=instance,
        metrics=context.metrics,
        defaults=PromptDefaults(),
        in_force=context.in_force,
    )


async def test_commands_are_registered_only_when_they_changed(
    client: EaselClient, database: Database, objects: Objects, watch: RequestWatch
) -> None:
    """The real Discord limits registrations, so what it already knows is not told again."""
    services = services_for(client, database, objects)
    assert watch.count(REGISTRATIONS) == 1
    assert not await register_commands(client, services, force=False)
    assert watch.count(REGISTRATIONS) == 1
    client.tree.remove_command("imagine")
    assert await register_commands(client, services, force=False)
    assert not await register_commands(client, services, force=False)
    assert watch.count(REGISTRATIONS) == 2


async def test_commands_are_registered_again_with_a_restarted_discord(start_bot: BotStarter, hand: EngineHand) -> None:
    """A restarted sandbox has lost them; the bot reconnects and registers them by itself."""
    async with AsyncExitStack() as first:
        old = await first.enter_async_context(serve(clock=UnhurriedClock()))
        async with start_bot(api_url=old.api_url):
            await first.aclose()
            async with (
                serve(clock=UnhurriedClock(), port=urlsplit(old.url).port or 0) as new,
                member_client(new.url, "ben") as ben,
            ):
                await ben.until(lambda: "imagine" in [command["name"] for command in ben.commands])
                await ben.reply(await ben.command("imagine", prompt="a cat"))
    assert (await hand.only_job()).spec.prompt == "a cat"


async def test_health_tells_life_readiness_and_figures(
    start_bot: BotStarter, ben: MemberClient, tmp_path: Path
) -> None:
    """A bot that answers presses is ready, and counts them; files of exports are served there, too."""
    with capture_logs() as lines:
        served = {"health": ("127.0.0.1", 0), "exports": ExportPlace(folder=tmp_path, database_url="", storage_url="")}
        async with start_bot(**served), aiohttp.ClientSession(address_told(lines)) as http:
            figures = await _figures(http)
            assert {name: figures[name] for name in AT_FIRST} == AT_FIRST
            assert figures['easel_discord_answers_total{status="2xx"}'] > 0 and figures["easel_memory_bytes"] > 1e6
            await ben.reply(await ben.command("imagine", prompt="a cat"))
            for path in ("/healthz", "/readyz"):
                async with http.get(path) as response:
                    assert response.status == 200
            async with http.get("/exports/no/such/file") as response:
                assert "This link is not valid" in await response.text()

            async def is_counted() -> bool:
                figures = await _figures(http)
                return figures['easel_bot_answers_total{name="imagine",outcome="done"}'] == 1

            # An answer is counted when it is over, a little after it is seen.
            await until(is_counted)


AT_FIRST = {
    'easel_bot_answers_total{name="rate",outcome="done"}': 0,
    'easel_bot_answers_total{name="export start",outcome="done"}': 0,
    'easel_bot_deliveries_closed_total{state="delivered"}': 0,
    'easel_discord_answers_total{status="429"}': 0,
    'easel_discord_gateway_up{shard="0"}': 1,
    "easel_discord_servers": 1,
    "easel_queue_waiting": 0,
    "easel_queue_oldest_seconds": 0,
    "easel_database_failures_total": 0,
    "easel_picture_store_up": 1,
}
"""What is there before anybody has done anything."""


async def _figures(http: aiohttp.ClientSession) -> dict[str, float]:
    async with http.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def address_told(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return where the health pages are, as the log says."""
    (address,) = [str(line["address"]) for line in lines if line["event"] == "health_served"]
    return address


@pytest.mark.kills
async def test_a_stopping_bot_finishes_its_edit_and_lets_go_of_the_rest(
    sandbox: Sandbox,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
    watch: RequestWatch,
) -> None:
    """On SIGTERM the grid under way arrives and is kept; the waiting job's claim is free at once."""
    async with bot_process(sandbox, database_url, storage_url) as process:
        first = await ben.reply(await ben.command("imagine", prompt="a cat"))
        await ben.reply(await ben.command("imagine", prompt="a dog", channel="gallery"))
        job, other = await hand.jobs()
        sandbox.inject_fault("PATCH /channels/*/messages/*", kind="slow", delay=timedelta(seconds=1))
        await hand.finish(job)
        # The other message may be edited as well: its job has moved up the queue.
        await watch.until_begun(rf"PATCH /channels/\d+/messages/{first['id']}")
        process.terminate()
        assert await process.wait() == 0
    assert await delivery_states(database, job.id) == [DeliveryState.DELIVERED]
    await ben.changed(first, is_grid)
    async with database.begin() as connection:
        query = sa.select(deliveries.c.claimed_by).where(deliveries.c.job_id == other.id)
        assert (await connection.execute(query)).scalar_one() is None


async def test_results_overtake_previews_in_a_busy_channel(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand, watch: RequestWatch
) -> None:
    """While one edit is held up, a preview and then a result come to wait behind it: the result goes first."""
    edits = rf"PATCH /channels/{sandbox.channel('studio').id}/messages/\d+"
    # With so long a lease nobody looks where the queue has moved meanwhile.
    async with start_bot(lease=timedelta(hours=1)):
        messages = [await ben.reply(await ben.command("imagine", prompt=prompt)) for prompt in ("one", "two", "three")]
        elsewhere = await ben.reply(await ben.command("imagine", prompt="four", channel="gallery"))
        holding, previewed, finished, last = await hand.jobs()
        with watch.holding(edits):
            await hand.start(holding.id)
            await hand.progress(holding.id, 0.5)
            await watch.until_begun(edits)
            await hand.start(previewed.id)
            await hand.progress(previewed.id, 0.5)
            await hand.finish(finished)
            # Once the bot shows this one, it has heard of those before.
            await hand.finish(last)
            await ben.changed(elsewhere, is_grid)
        await watch.until_begun(edits, 3)
    edited = [request.rsplit("/", 1)[1] for request in watch.begun if re.fullmatch(edits, request)]
    assert edited == [messages[0]["id"], messages[2]["id"], messages[1]["id"]]


async def test_a_stopping_bot_still_answers_what_was_pressed(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand, watch: RequestWatch
) -> None:
    """An answer that is on its way when the bot is told to stop arrives, and the next bot goes on from it."""
    sandbox.inject_fault("POST /interactions/*/*/callback", kind="slow", delay=timedelta(seconds=1))
    async with start_bot():
        pressed = await ben.command("imagine", prompt="a cat")
        await watch.until_begun("POST /interactions/.*")
    waiting = ben.messages[(await ben.reply(pressed))["id"]]
    async with start_bot():
        await hand.finish(await hand.only_job())
        await ben.changed(waiting, is_grid)


async def test_what_stays_is_never_looked_at_for_garbage(start_bot: BotStarter) -> None:
    """Where the bot has a process of its own: modules, commands and servers, as soon as it is ready."""
    # Other tests of the process may have frozen what they have loaded.
    gc.unfreeze()
    try:
        async with start_bot(owns_process=True):
            # The interpreter's own modules alone are a tenth of that.
            assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()
