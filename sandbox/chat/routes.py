"""The HTTP routes for members. The package docstring documents them."""

import re
from dataclasses import replace
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.actions.interactions import send_interaction
from sandbox.actions.message_forms import Form, new_message
from sandbox.app_keys import CHAT_SOCKETS, world_of
from sandbox.chat.commands import command_data
from sandbox.chat.component_input import component_data
from sandbox.chat.errors import ActionError
from sandbox.chat.events import stream_events
from sandbox.chat.modals import modal_data
from sandbox.chat.views import (
    channel_for_member,
    is_administrator,
    may_write,
    member_id_from_text,
    member_summary_json,
    message_for_member,
    messages_json,
    state_json,
)
from sandbox.json_response import json_response
from sandbox.payloads.messages import message_json
from sandbox.request_bodies import form_body, object_body
from sandbox.state.anew import start_anew
from sandbox.state.errors import ApiError
from sandbox.state.records import Channel, InteractionType, Json, MessageType, WorldEvent
from sandbox.state.threads import check_takes_edits, check_takes_posts, check_takes_reactions
from sandbox.state.world import World

_LOCALE = re.compile(r"[a-z]{2}(-[A-Z]{2}|-419)?")
routes = web.RouteTableDef()


@web.middleware
async def handle_member_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return errors as 4xx with a message."""
    try:
        return await handler(request)
    except ActionError as impossible:
        return json_response({"message": impossible.message}, status=impossible.status)
    except ApiError as refusal:
        return json_response({"message": refusal.message}, status=refusal.status)


def _member_id(request: web.Request) -> int:
    return member_id_from_text(world_of(request), request.query.get("member", ""))


@routes.get("/sandbox/state")
async def get_state(request: web.Request) -> web.Response:
    """Return the member's initial state."""
    return json_response(state_json(world_of(request), _member_id(request)))


@routes.get("/sandbox/members")
async def list_members(request: web.Request) -> web.Response:
    """Return all members."""
    world = world_of(request)
    return json_response([member_summary_json(world, user.id) for user in world.users.values() if not user.bot])


@routes.get("/sandbox/events")
async def get_events(request: web.Request) -> web.WebSocketResponse:
    """Stream events to the member over a WebSocket."""
    member_id = _member_id(request)
    socket = web.WebSocketResponse(heartbeat=30)
    await socket.prepare(request)
    request.config_dict[CHAT_SOCKETS].add(socket)
    try:
        await stream_events(world_of(request), member_id, socket)
    finally:
        request.config_dict[CHAT_SOCKETS].discard(socket)
    return socket


@routes.post("/sandbox/history")
async def list_history(request: web.Request) -> web.Response:
    """Return the messages before a message."""
    body, world = await object_body(request), world_of(request)
    member_id = member_id_from_text(world, body.get("member"))
    channel = channel_for_member(world, member_id, body.get("channel_id"))
    before = str(body.get("before"))
    if not before.isdecimal():
        raise ActionError("`before` must be a message id.")
    return json_response(messages_json(world, member_id, channel, int(before)))


@routes.post("/sandbox/interactions")
async def interact(request: web.Request) -> web.Response:
    """Send a command, component, autocomplete or modal interaction to the bot."""
    form, world = await form_body(request), world_of(request)
    body = form.payload
    member_id = member_id_from_text(world, body.get("member"))
    channel = channel_for_member(world, member_id, body.get("channel_id"))
    kind = body.get("type")
    if kind not in tuple(InteractionType) or not isinstance(body.get("data"), dict):
        raise ActionError("Unknown interaction type.")
    check_takes_posts(world, channel, member_id)
    check_takes_edits(world, channel, member_id)
    interaction = send_interaction(
        world,
        type=InteractionType(kind),
        member_id=member_id,
        channel_id=channel.id,
        guild_id=channel.guild_id,
        nonce=body.get("nonce"),
        **_interaction_fields(world, member_id, channel, form),
    )
    return json_response({"interaction_id": str(interaction.id)})


def _interaction_fields(world: World, member_id: int, channel: Channel, form: Form) -> Json:
    kind, data = InteractionType(form.payload["type"]), form.payload["data"]
    if kind is InteractionType.COMPONENT:
        message = message_for_member(world, member_id, channel, data.get("message_id"))
        return {"data": component_data(world, channel, message, data), "message_id": message.id}
    if kind is InteractionType.MODAL_SUBMIT:
        return _modal_fields(world, member_id, channel, form)
    complete = kind is InteractionType.COMMAND
    return {"data": command_data(world, member_id, channel, data, form.uploads, complete=complete)}


def _modal_fields(world: World, member_id: int, channel: Channel, form: Form) -> Json:
    data = form.payload["data"]
    digits = str(data.get("interaction_id"))
    opener = world.interactions.get(int(digits)) if digits.isdecimal() else None
    if opener is None or (opener.member_id, opener.channel_id) != (member_id, channel.id):
        raise ActionError("This form is no longer open.", 404)
    submitted = modal_data(world, channel, opener, data, form.uploads)
    return {"data": submitted, "message_id": opener.message_id, "opener_id": opener.id}


@routes.post("/sandbox/messages")
async def say(request: web.Request) -> web.Response:
    """Post a member's message."""
    body, world = await object_body(request), world_of(request)
    member_id = member_id_from_text(world, body.get("member"))
    channel = channel_for_member(world, member_id, body.get("channel_id"))
    if not may_write(world, member_id, channel):
        raise ActionError("You do not have permission to send messages here.", 403)
    check_takes_posts(world, channel, member_id)
    content = body.get("content")
    if not isinstance(content, str) or not content.strip():
        raise ActionError("Cannot send an empty message.")
    reply: Json = {}
    if body.get("reference"):
        target = message_for_member(world, member_id, channel, body["reference"])
        reply = {"type": MessageType.REPLY, "reference": (channel.id, target.id)}
    form = Form(payload={"content": content}, uploads={})
    message = new_message(world, form, channel_id=channel.id, author_id=member_id, nonce=body.get("nonce"), **reply)
    world.add_message(message)
    return json_response(message_json(world, message, member_id))


@routes.delete("/sandbox/messages/{channel}/{message}")
async def delete(request: web.Request) -> web.Response:
    """Delete the member's own or ephemeral message; administrators may delete any message in the guild."""
    world, member_id = world_of(request), _member_id(request)
    channel = channel_for_member(world, member_id, request.match_info["channel"])
    message = message_for_member(world, member_id, channel, request.match_info["message"])
    rules = channel.guild_id is not None and is_administrator(world, member_id)
    if member_id not in (message.author_id, message.visible_to) and not rules:
        raise ActionError("You do not have permission to delete this message.", 403)
    world.remove_message(message)
    return web.Response(status=204)


@routes.put("/sandbox/direct-messages")
async def take_direct_messages(request: web.Request) -> web.Response:
    """Let the bot write to the member directly, or no longer, as members choose in their settings."""
    body, world = await object_body(request), world_of(request)
    member_id = member_id_from_text(world, body.get("member"))
    world.users[member_id] = replace(world.users[member_id], takes_direct_messages=bool(body.get("open")))
    return web.Response(status=204)


@routes.put("/sandbox/locale")
async def choose_locale(request: web.Request) -> web.Response:
    """Choose the language of the member's Discord."""
    body, world = await object_body(request), world_of(request)
    member_id, locale = member_id_from_text(world, body.get("member")), str(body.get("locale"))
    if not _LOCALE.fullmatch(locale):
        raise ActionError("This is no locale of Discord, such as de or en-US.")
    world.users[member_id] = replace(world.users[member_id], locale=locale)
    world.publish(WorldEvent(kind="COMMANDS_UPDATE", to_bot=False))
    return web.Response(status=204)


@routes.post("/sandbox/fresh")
async def start_fresh_chat(request: web.Request) -> web.Response:
    """Delete every message and thread; administrators may."""
    body, world = await object_body(request), world_of(request)
    if not is_administrator(world, member_id_from_text(world, body.get("member"))):
        raise ActionError("Only an administrator may start the chat anew.", 403)
    start_anew(world)
    return web.Response(status=204)


def _reaction(request: web.Request) -> tuple[World, Any, str, int]:
    world, member_id = world_of(request), _member_id(request)
    channel = channel_for_member(world, member_id, request.match_info["channel"])
    message = message_for_member(world, member_id, channel, request.match_info["message"])
    check_takes_reactions(channel)
    if message.visible_to is not None:
        raise ActionError("You cannot react to a message that only you can see.")
    emoji = request.match_info["emoji"]
    if emoji.isascii():
        raise ActionError("Unknown emoji.")
    return world, message, emoji, member_id


@routes.put("/sandbox/reactions/{channel}/{message}/{emoji}")
async def react(request: web.Request) -> web.Response:
    """React to a message."""
    world, message, emoji, member_id = _reaction(request)
    world.add_reaction(message, emoji, member_id)
    return web.Response(status=204)


@routes.delete("/sandbox/reactions/{channel}/{message}/{emoji}")
async def remove_reaction(request: web.Request) -> web.Response:
    """Remove the member's reaction."""
    world, message, emoji, member_id = _reaction(request)
    world.remove_reaction(message, emoji, member_id)
    return web.Response(status=204)
