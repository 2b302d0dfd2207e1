"""Interaction responses and followups by token. Channel webhooks are not supported."""

from aiohttp import web

from sandbox.actions.interactions import (
    edit_response_message,
    follow_up,
    interaction_by_token,
    message_of_interaction,
    original_response,
)
from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.messages import message_json
from sandbox.request_bodies import form_body
from sandbox.rest.access import snowflake
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.records import Interaction, Message

# Decorators register from the bottom up, and `@original` must match before `{message_id}`.
routes = web.RouteTableDef()
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = f"{WEBHOOK}/messages/@original"
MESSAGE = f"{WEBHOOK}/messages/{{message_id}}"


def _interaction(request: web.Request) -> Interaction:
    world = world_of(request)
    if snowflake(request, "webhook_id") != world.application.id:
        raise api_error(ErrorCode.UNKNOWN_WEBHOOK)
    return interaction_by_token(world, request.match_info["webhook_token"])


def _message(request: web.Request) -> Message:
    world, interaction = world_of(request), _interaction(request)
    if "message_id" not in request.match_info:
        return original_response(world, interaction)
    return message_of_interaction(world, interaction, snowflake(request, "message_id"))


def _response(request: web.Request, message: Message) -> web.Response:
    world = world_of(request)
    return json_response(message_json(world, message, world.application.id))


@routes.post(WEBHOOK)
async def create_followup(request: web.Request) -> web.Response:
    """Post a followup. For interactions, Discord returns the message even without `wait`."""
    form = await form_body(request)
    return _response(request, follow_up(world_of(request), _interaction(request), form))


@routes.get(MESSAGE)
@routes.get(ORIGINAL)
async def get_response(request: web.Request) -> web.Response:
    """Return the response or a followup."""
    return _response(request, _message(request))


@routes.patch(MESSAGE)
@routes.patch(ORIGINAL)
async def edit_response(request: web.Request) -> web.Response:
    """Edit the response or a followup."""
    form = await form_body(request)
    return _response(request, edit_response_message(world_of(request), _message(request), form))


@routes.delete(MESSAGE)
@routes.delete(ORIGINAL)
async def delete_response(request: web.Request) -> web.Response:
    """Delete the response or a followup."""
    world_of(request).remove_message(_message(request))
    return web.Response(status=204)
