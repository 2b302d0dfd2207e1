"""`/queue`: a server's own jobs, their pause and their cost, for those who manage it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import discord
from discord import app_commands

from bot.answers import answer, finish_waiting, send_card, send_ephemeral, show_waiting
from bot.buttons.cost import show_cost
from bot.buttons.quarantine import quarantine_card
from bot.interaction_context import context_from_interaction, may_manage_guild
from bot.replies import guild_queue_replies
from bot.services import Services, services_of
from bot.store.guild_queue import GuildQueue, read_guild_queue
from bot.store.guilds.switches import set_pause
from engine.contract.errors import StoreUnavailable
from engine.error_boundary import logged_result_of

_NUM_LISTED = 20
_LOOK_AGAIN = timedelta(seconds=1)
_LONGEST_DRAIN = timedelta(minutes=14)
"""Discord takes changes of an answer for 15 minutes."""

Work = Callable[[discord.Interaction, Services, int], Awaitable[None]]

queue = app_commands.Group(
    name="queue",
    description=guild_queue_replies.QUEUE_HELP.text,
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@queue.command(name="list", description=guild_queue_replies.LIST_HELP.text)
async def list_jobs(interaction: discord.Interaction) -> None:
    """Show what is painted and what waits."""
    await _answer(interaction, "queue list", _list)


@queue.command(name="pause", description=guild_queue_replies.PAUSE_HELP.text)
async def pause(interaction: discord.Interaction) -> None:
    """Pause the server."""
    await _answer(interaction, "queue pause", _pause)


@queue.command(name="resume", description=guild_queue_replies.RESUME_HELP.text)
async def resume(interaction: discord.Interaction) -> None:
    """End the pause."""
    await _answer(interaction, "queue resume", _resume)


@queue.command(name="drain", description=guild_queue_replies.DRAIN_HELP.text)
async def drain(interaction: discord.Interaction) -> None:
    """Pause the server, and tell when nothing of it is painted."""
    await _answer(interaction, "queue drain", _drain)


@queue.command(name="quarantine", description=guild_queue_replies.QUARANTINE_HELP.text)
async def quarantine(interaction: discord.Interaction) -> None:
    """Show the jobs that failed for good, with what can be done about them."""
    await _answer(interaction, "queue quarantine", _quarantine)


@queue.command(name="cost", description=guild_queue_replies.COST_HELP.text)
@app_commands.describe(days=guild_queue_replies.DAYS_HELP.text)
@app_commands.choices(
    days=[app_commands.Choice(name=name.text, value=days) for days, name in guild_queue_replies.DAYS_CHOICES.items()]
)
async def cost(interaction: discord.Interaction, days: int = 1) -> None:
    """Show what each member has used."""

    async def show(interaction: discord.Interaction, services: Services, guild_id: int) -> None:
        await show_waiting(interaction)
        await show_cost(interaction, services, guild_id, days=days, page=1)

    await _answer(interaction, "queue cost", show)


async def _answer(interaction: discord.Interaction, name: str, work: Work) -> None:
    """Do the work for those who manage the server, and tell others that they may not."""
    services = services_of(interaction)
    guild_id = interaction.guild_id
    if guild_id is None or not may_manage_guild(interaction):
        refusal = send_ephemeral(interaction, guild_queue_replies.MANAGERS_ONLY)
        await answer(interaction, services, name, refusal, asks=False)
        return
    await answer(interaction, services, name, work(interaction, services, guild_id), asks=False)


async def _list(interaction: discord.Interaction, services: Services, guild_id: int) -> None:
    found = await _read(services, guild_id, limit=_NUM_LISTED)
    said = guild_queue_replies.listed(found, interaction.created_at, is_all_paused=services.queue.is_paused)
    await send_ephemeral(interaction, said)


async def _quarantine(interaction: discord.Interaction, services: Services, guild_id: int) -> None:
    await send_card(interaction, await quarantine_card(services, guild_id))


async def _pause(interaction: discord.Interaction, services: Services, guild_id: int) -> None:
    is_new, left = await _store_pause(interaction, services, guild_id)
    await send_ephemeral(interaction, guild_queue_replies.paused(left, is_new=is_new))


async def _resume(interaction: discord.Interaction, services: Services, guild_id: int) -> None:
    async with services.database.begin(limit=services.answer_margin) as connection:
        was_paused = await set_pause(connection, context_from_interaction(interaction), is_paused=False)
        left = await read_guild_queue(connection, guild_id, limit=0)
    services.queue.paused_guilds -= {guild_id}
    await send_ephemeral(interaction, guild_queue_replies.resumed(left, was_paused=was_paused))


async def _drain(interaction: discord.Interaction, services: Services, guild_id: int) -> None:
    _, left = await _store_pause(interaction, services, guild_id)
    if not left.num_running:
        await send_ephemeral(interaction, guild_queue_replies.drained(left))
        return
    await send_ephemeral(interaction, guild_queue_replies.draining(left))
    # Not a part of the answer, whose time is measured, but as much in hand when the bot stops.
    waiting: asyncio.Task[object] = asyncio.create_task(
        logged_result_of(_tell_when_drained(interaction, services, guild_id)), name="drain"
    )
    services.answer_tasks.add(waiting)
    waiting.add_done_callback(services.answer_tasks.discard)


async def _tell_when_drained(interaction: discord.Interaction, services: Services, guild_id: int) -> None:
    try:
        async with asyncio.timeout(_LONGEST_DRAIN.total_seconds()):
            left = await _until_drained(services, guild_id)
        said = guild_queue_replies.drained(left)
    except TimeoutError:
        said = guild_queue_replies.not_drained(is_stopping=False)
    except asyncio.CancelledError:
        await finish_waiting(interaction, guild_queue_replies.not_drained(is_stopping=True))
        raise
    await finish_waiting(interaction, said)


async def _until_drained(services: Services, guild_id: int) -> GuildQueue:
    """Return the server's queue once nothing of it is painted or it is resumed; outages of Postgres are waited out."""
    while True:
        await asyncio.sleep(_LOOK_AGAIN.total_seconds())
        try:
            left = await _read(services, guild_id, limit=0)
        except StoreUnavailable:
            continue
        if not left.num_running or not left.is_paused:
            return left


async def _store_pause(interaction: discord.Interaction, services: Services, guild_id: int) -> tuple[bool, GuildQueue]:
    """Return whether the pause is new, and what is left in the queue."""
    async with services.database.begin(limit=services.answer_margin) as connection:
        is_new = await set_pause(connection, context_from_interaction(interaction), is_paused=True)
        left = await read_guild_queue(connection, guild_id, limit=0)
    services.queue.paused_guilds |= {guild_id}
    return is_new, left


async def _read(services: Services, guild_id: int, *, limit: int) -> GuildQueue:
    async with services.database.begin(limit=services.answer_margin) as connection:
        return await read_guild_queue(connection, guild_id, limit=limit)
