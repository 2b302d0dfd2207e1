"""Logs the bot in, registers its commands, and follows its sessions with Discord."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from datetime import timedelta

import aiohttp
import discord
import discord.gateway
import structlog

from bot.client import EaselClient, register_commands
from engine.contract.errors import SettingsInvalid, StoreUnavailable

_RETRY = timedelta(seconds=5)

_log = structlog.get_logger()


async def log_in(client: EaselClient, token: str, stop: asyncio.Event, *, points_gateway: bool) -> None:
    """Log the client in; while Discord is unavailable, wait for it until `stop` is set.

    points_gateway: whether new sessions use the gateway that this Discord names; discord.py would use the real one.

    Raises: SettingsInvalid if Discord rejects the token.
    """
    while not stop.is_set():
        try:
            await client.login(token)
            if points_gateway:
                await _point_gateway(client)
            return
        except discord.LoginFailure as error:
            raise bad_token() from error
        except (discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("discord_unavailable", error=type(error).__name__)
            await _pause(stop)


async def register(client: EaselClient, stop: asyncio.Event, *, force: bool) -> None:
    """Register the commands with Discord if they have changed, or in any case with `force`."""
    while not stop.is_set():
        try:
            await register_commands(client, client.services, force=force)
            return
        except (discord.HTTPException, aiohttp.ClientError, StoreUnavailable) as error:
            _log.warning("registering_commands_failed", error=type(error).__name__)
            await _pause(stop)


async def follow_sessions(
    client: EaselClient, stop: asyncio.Event, announce_ready: Callable[[], None], *, forgets: bool, owns_process: bool
) -> None:
    """Announce the first session; at each new one register the commands again if this Discord may have lost them."""
    await _settle(client, owns_process=owns_process)
    _log.info("serving", shards=client.shard_count, guilds=len(client.guilds))
    announce_ready()
    while True:
        await _settle(client, owns_process=owns_process)
        if forgets:
            await register(client, stop, force=True)


async def _settle(client: EaselClient, *, owns_process: bool) -> None:
    """Wait for a new session, and have what is there then, such as modules and servers, never looked at for garbage.

    Measured: 2026-11-30, looking at all of it takes 0.1 s, in which no press is answered; a burst of 200 presses made
    the interpreter do so.
    """
    await client.new_session.wait()
    client.new_session.clear()
    if owns_process:
        # What the last session has left is garbage only now.
        gc.unfreeze()
        gc.collect()
        gc.freeze()


def bad_token() -> SettingsInvalid:
    """Return the error of a token that Discord rejects."""
    return SettingsInvalid(
        problems=(
            "Discord rejected DISCORD_TOKEN. Copy the bot's token again from the Developer Portal, or reset it there.",
        )
    )


async def _point_gateway(client: EaselClient) -> None:
    _, address, _ = await client.http.get_bot_gateway()
    socket = discord.gateway.DiscordWebSocket
    socket.DEFAULT_GATEWAY = type(socket.DEFAULT_GATEWAY)(address)


async def _pause(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_RETRY.total_seconds()):
            await stop.wait()
    except TimeoutError:
        return
