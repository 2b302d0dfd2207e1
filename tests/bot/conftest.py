"""The bot in the test's own process, real discord.py against the sandbox, and members to play."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from bot.buttons import BUTTONS
from bot.buttons.base import JobButton
from bot.consent_text import CONSENT_VERSION
from bot.serve import BotOptions, serve
from bot.store.consents import claim_notice, record_notice
from engine.contract.jobs import Job, Picture
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox import server
from sandbox.chat.test_client import MemberClient, member_client
from sandbox.server import Sandbox
from sandbox.state.seed import MEMBERS
from tests.bot.clocks import UNHURRIED, UnhurriedClock
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message
from tests.bot.watching import RequestWatch
from tests.sandbox.openapi import DESCRIPTION, OpenApiRecorder

LEASE = timedelta(seconds=1.5)

BotStarter = Callable[..., AbstractAsyncContextManager[asyncio.Task[None]]]


@pytest.fixture
async def watch() -> RequestWatch:
    """What the bot asks of Discord."""
    return RequestWatch()


@pytest.fixture
async def sandbox(watch: RequestWatch) -> AsyncIterator[Sandbox]:
    """A local Discord; the test fails when a request or answer differed from its description, where that is at hand."""
    recorder = OpenApiRecorder()
    described = [recorder.observe] if DESCRIPTION.exists() else []
    async with server.serve(clock=UnhurriedClock(), observers=[*described, watch.middleware()]) as opened:
        yield opened
    assert recorder.mismatches == []


@pytest.fixture
def start_bot(sandbox: Sandbox, database: Database, objects: Objects) -> BotStarter:
    """Return what starts a bot and waits until it is ready; leaving its block stops it as SIGTERM does.

    asked: whom it need not ask for consent, because they were asked before.
    """

    @asynccontextmanager
    async def start(
        *,
        on: Database = database,
        buttons: Sequence[type[JobButton]] = BUTTONS,
        asked: Sequence[int] = MEMBERS,
        **options: Any,
    ) -> AsyncIterator[asyncio.Task[None]]:
        await let_know(on, asked)
        stop, ready = asyncio.Event(), asyncio.Event()
        usual = {"token": sandbox.token, "api_url": sandbox.api_url, "answer_timeout": UNHURRIED, "lease": LEASE}
        chosen = BotOptions(**{**usual, **options})
        task = asyncio.create_task(serve(chosen, on, objects, stop=stop, announce_ready=ready.set, buttons=buttons))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield task
        finally:
            waiting.cancel()
            stop.set()
            await task

    return start


async def let_know(database: Database, discord_ids: Sequence[int]) -> None:
    """Record that the members were asked for consent."""
    async with database.begin() as connection:
        for discord_id in discord_ids:
            await claim_notice(connection, discord_id, CONSENT_VERSION)
            await record_notice(connection, discord_id, CONSENT_VERSION)


@asynccontextmanager
async def started_with_pages(start_bot: BotStarter, **options: Any) -> AsyncIterator[asyncio.Task[None]]:
    """Yield a running bot with pages that strangers reach."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with start_bot(health=("127.0.0.1", port), public_url=f"http://127.0.0.1:{port}", **options) as task:
        yield task


@pytest.fixture
async def bot(start_bot: BotStarter) -> AsyncIterator[asyncio.Task[None]]:
    """A running bot."""
    async with start_bot() as task:
        yield task


@pytest.fixture
async def ada(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """A member who administers the guild."""
    async with member_client(sandbox.url, "ada") as somebody:
        yield somebody


@pytest.fixture
async def ben(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """A member like any other."""
    async with member_client(sandbox.url, "ben") as somebody:
        yield somebody


@pytest.fixture
async def cleo(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """Another member like any other."""
    async with member_client(sandbox.url, "cleo") as somebody:
        yield somebody


@pytest.fixture
async def dora(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """A member who may time out and ban others."""
    async with member_client(sandbox.url, "dora") as somebody:
        yield somebody


@pytest.fixture
def hand(database: Database, objects: Objects) -> EngineHand:
    """The engine, played by hand."""
    return EngineHand(database=database, objects=objects)


@pytest.fixture
def painted_grid(bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand) -> Callable[..., Any]:
    """Return what lets Ben imagine something and the engine finish it: the grid's message, job and pictures."""

    async def imagine(prompt: str = "a red circle", **options: Any) -> tuple[Message, Job, list[Picture]]:
        known = {job.id for job in await hand.jobs()}
        waiting = await ben.reply(await ben.command("imagine", prompt=prompt, **options))
        (job,) = [job for job in await hand.jobs() if job.id not in known]
        pictures = await hand.finish(job)
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        return grid, (await hand.job(job.id)), pictures

    return imagine
