"""What happens, told to the members who may know. Each page hears only its member's part."""

import asyncio
import json
from typing import Any

from aiohttp import web

from sandbox.chat.views import commands_json, seen_channel_json
from sandbox.gateway.dispatch import reaction_body
from sandbox.payloads.messages import message_json
from sandbox.state.records import Happening
from sandbox.state.world import World

MESSAGES = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
REACTIONS = ("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE")
CHANNELS = ("CHANNEL_UPDATE", "CHANNEL_DELETE")


def told(world: World, member_id: int, happening: Happening) -> Any:
    """Return what a member is told of a happening, None when it is not for them."""
    if not happening.to_people or happening.only_for not in (None, member_id):
        return None
    channel = world.channels.get(happening.channel_id or 0)
    if channel and not world.may_see(member_id, channel):
        return None
    message = happening.message
    if message and happening.kind in MESSAGES:
        return message_json(world, message, member_id)
    if message and happening.kind == "MESSAGE_DELETE":
        return {"id": str(message.id), "channel_id": str(message.channel_id)}
    if happening.kind in REACTIONS:
        return reaction_body(world, happening)
    if happening.kind == "COMMANDS_UPDATE":
        return {"commands": commands_json(world, member_id)}
    if channel and happening.kind in CHANNELS:
        return seen_channel_json(world, channel)
    if happening.kind == "TYPING_START":
        return happening.data | {"channel_id": str(happening.channel_id)}
    return happening.data


async def tell(world: World, member_id: int, socket: web.WebSocketResponse) -> None:
    """Send a member's part of everything that happens until the socket ends."""
    waiting: asyncio.Queue[str] = asyncio.Queue()

    def hear(happening: Happening) -> None:
        body = told(world, member_id, happening)
        if body is not None:
            waiting.put_nowait(json.dumps({"t": happening.kind, "d": body}))

    world.listeners.append(hear)
    waiting.put_nowait(json.dumps({"t": "READY", "d": {}}))
    writer = asyncio.create_task(_write(waiting, socket))
    try:
        async for _ in socket:
            pass
    finally:
        world.listeners.remove(hear)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


async def _write(waiting: asyncio.Queue[str], socket: web.WebSocketResponse) -> None:
    while not socket.closed:
        await socket.send_str(await waiting.get())
