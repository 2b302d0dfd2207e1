"""Streams world events to chat pages. Each page receives only what its member may see."""

import asyncio
import json
from typing import Any

from aiohttp import web

from sandbox.chat.views import channel_summary_json, commands_json
from sandbox.gateway.dispatch import reaction_body
from sandbox.payloads.messages import message_json
from sandbox.state.records import WorldEvent
from sandbox.state.world import World

MESSAGES = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
REACTIONS = ("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE")
CHANNELS = ("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE")


def event_payload(world: World, member_id: int, event: WorldEvent) -> Any:
    """Return the payload of an event for a member, None when they may not see it."""
    if not event.to_members or event.visible_to not in (None, member_id):
        return None
    channel = world.channels.get(event.channel_id or 0)
    if channel and not world.may_see(member_id, channel):
        return None
    message = event.message
    if message and event.kind in MESSAGES:
        return message_json(world, message, member_id)
    if message and event.kind == "MESSAGE_DELETE":
        return {"id": str(message.id), "channel_id": str(message.channel_id)}
    if event.kind in REACTIONS:
        return reaction_body(world, event)
    if event.kind == "COMMANDS_UPDATE":
        return {"commands": commands_json(world, member_id)}
    if channel and event.kind in CHANNELS:
        return channel_summary_json(world, channel)
    if event.kind == "TYPING_START":
        return event.data | {"channel_id": str(event.channel_id)}
    return event.data


async def stream_events(world: World, member_id: int, socket: web.WebSocketResponse) -> None:
    """Send events to a member until the socket closes."""
    waiting: asyncio.Queue[str] = asyncio.Queue()

    def hear(event: WorldEvent) -> None:
        body = event_payload(world, member_id, event)
        if body is not None:
            waiting.put_nowait(json.dumps({"t": event.kind, "d": body}))

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
