"""The messages resource of channels. Interaction responses go through webhooks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from sandbox.actions.message_forms import edited_message, new_message
from sandbox.app_keys import world_of
from sandbox.gateway.dispatch import shows_content
from sandbox.json_response import json_response
from sandbox.payloads.messages import message_json
from sandbox.request_bodies import form_body, object_body
from sandbox.rest.access import (
    editable_message,
    permitted_channel,
    snowflake_from_text,
    visible_channel,
    visible_message,
    writable_channel,
)
from sandbox.state.errors import ApiError, ErrorCode, api_error
from sandbox.state.flags import Intents, MessageFlags, Permissions
from sandbox.state.records import Channel, Json, Message, MessageType
from sandbox.state.world import World
from sandbox.validation.problems import Problems

routes = web.RouteTableDef()
BULK_DELETABLE = timedelta(days=14)


def bot_message_json(world: World, message: Message) -> Json:
    """Return a message object for the bot."""
    intents = Intents.MESSAGE_CONTENT if world.application.privileged_intents else Intents(0)
    return message_json(world, message, world.application.id, shows_content=shows_content(world, message, intents))


@routes.get("/channels/{channel_id}/messages")
async def list_messages(request: web.Request) -> web.Response:
    """Return messages, latest first, optionally around, before or after one."""
    world, channel = world_of(request), permitted_channel(request, Permissions.READ_MESSAGE_HISTORY)
    limit = _limit(request)
    visible = [message for message in world.messages[channel.id].values() if message.visible_to is None]
    visible.sort(key=lambda message: message.id)
    chosen = _chosen(request, visible, limit)
    return json_response([bot_message_json(world, message) for message in reversed(chosen)])


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "50")
    problems = Problems()
    problems.number(("limit",), int(text) if text.isdecimal() else text, 1, 100)
    problems.raise_if_any()
    return int(text)


def _chosen(request: web.Request, messages: list[Message], limit: int) -> list[Message]:
    def given(name: str) -> int | None:
        return snowflake_from_text(request.query[name], name) if name in request.query else None

    around, before, after = given("around"), given("before"), given("after")
    if around is not None:
        older = [message for message in messages if message.id < around][-(limit // 2) :] if limit > 1 else []
        return older + [message for message in messages if message.id >= around][: limit - limit // 2]
    if before is not None:
        messages = [message for message in messages if message.id < before]
    if after is not None:
        return [message for message in messages if message.id > after][:limit]
    return messages[-limit:]


@routes.get("/channels/{channel_id}/messages/{message_id}")
async def get_message(request: web.Request) -> web.Response:
    """Return one message."""
    permitted_channel(request, Permissions.READ_MESSAGE_HISTORY)
    return json_response(bot_message_json(world_of(request), visible_message(request)))


@routes.post("/channels/{channel_id}/messages")
async def create_message(request: web.Request) -> web.Response:
    """Post a message. A repeated nonce with `enforce_nonce` returns the existing message."""
    form = await form_body(request)
    needed = Permissions.ATTACH_FILES if form.uploads else Permissions(0)
    world, channel = world_of(request), writable_channel(request, needed)
    payload = form.payload
    known = _message_with_nonce(world, channel, payload)
    if known is None:
        known = new_message(
            world, form, channel_id=channel.id, nonce=payload.get("nonce"), **_reply(world, channel, payload)
        )
        world.add_message(known)
    return json_response(bot_message_json(world, known))


def _message_with_nonce(world: World, channel: Channel, payload: Json) -> Message | None:
    nonce = payload.get("nonce")
    if nonce is None or not payload.get("enforce_nonce"):
        return None
    return world.message_by_nonce(channel.id, world.application.id, nonce)


def _reply(world: World, channel: Channel, payload: Json) -> Json:
    reference: Any = payload.get("message_reference")
    if not reference:
        return {}
    problems = Problems()
    if reference.get("type"):
        problems.add(("message_reference", "type"), "BASE_TYPE_CHOICES", "Value must be one of {0}.")
    problems.raise_if_any()
    message_id = snowflake_from_text(str(reference.get("message_id")), "message_reference")
    target = world.messages[channel.id].get(message_id)
    if target and target.visible_to is None and str(reference.get("channel_id") or channel.id) == str(channel.id):
        return {"type": MessageType.REPLY, "reference": (channel.id, message_id)}
    if reference.get("fail_if_not_exists", True):
        problems.add(("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    problems.raise_if_any()
    return {}


@routes.patch("/channels/{channel_id}/messages/{message_id}")
async def edit_message(request: web.Request) -> web.Response:
    """Edit the bot's message; of other messages only SUPPRESS_EMBEDS."""
    form = await form_body(request)
    world, message = world_of(request), editable_message(request)
    if message.author_id != world.application.id:
        return _suppress_embeds(request, message, form.payload)
    changed = edited_message(world, message, form)
    world.update_message(changed)
    return json_response(bot_message_json(world, changed))


def _suppress_embeds(request: web.Request, message: Message, payload: Json) -> web.Response:
    if set(payload) != {"flags"}:
        raise api_error(ErrorCode.NOT_YOUR_MESSAGE)
    world = world_of(request)
    permitted_channel(request, Permissions.MANAGE_MESSAGES)
    changed = replace(message, flags=int(payload["flags"] or 0) & MessageFlags.SUPPRESS_EMBEDS)
    world.update_message(changed)
    return json_response(bot_message_json(world, changed))


@routes.delete("/channels/{channel_id}/messages/{message_id}")
async def delete_message(request: web.Request) -> web.Response:
    """Delete a message. Other authors' messages need MANAGE_MESSAGES and cannot be deleted in a DM."""
    world, message = world_of(request), visible_message(request)
    if message.author_id != world.application.id:
        _check_not_direct(visible_channel(request))
        permitted_channel(request, Permissions.MANAGE_MESSAGES)
    world.remove_message(message)
    return web.Response(status=204)


def _check_not_direct(channel: Channel) -> None:
    if channel.guild_id is None:
        raise api_error(ErrorCode.NOT_IN_DM)


@routes.post("/channels/{channel_id}/messages/bulk-delete")
async def delete_messages(request: web.Request) -> web.Response:
    """Delete 2 to 100 messages younger than 14 days."""
    body = await object_body(request)
    _check_not_direct(visible_channel(request))
    world, channel = world_of(request), permitted_channel(request, Permissions.MANAGE_MESSAGES)
    ids = {snowflake_from_text(str(text), "messages") for text in body.get("messages") or ()}
    if not 2 <= len(ids) <= 100:
        raise api_error(ErrorCode.BAD_BULK_COUNT)
    found = tuple(message for message in world.messages[channel.id].values() if message.id in ids)
    if any(world.clock.now() - message.created_at > BULK_DELETABLE for message in found):
        raise ApiError(
            400, int(ErrorCode.TOO_OLD_TO_BULK_DELETE), "You can only bulk delete messages under 14 days old."
        )
    world.remove_messages(channel.id, found)
    return web.Response(status=204)
