"""Threads of channels: opening and changing them. Private threads are not supported, other channels never change."""

from datetime import timedelta

from aiohttp import web

from sandbox.actions.message_forms import Form, new_message, validate_form
from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.objects import channel_json
from sandbox.request_bodies import form_body, object_body
from sandbox.rest.access import permitted_channel, visible_channel, visible_message
from sandbox.state.errors import ApiError, ErrorCode, api_error
from sandbox.state.flags import Permissions
from sandbox.state.records import Channel, ChannelType, Json
from sandbox.state.threads import (
    AUTO_ARCHIVE_MINUTES,
    ThreadChange,
    change_thread,
    check_takes_reactions,
    open_thread,
)
from sandbox.validation.problems import Problems
from sandbox.validation.shapes import validate_shape

routes = web.RouteTableDef()
THREAD = {"name": str, "auto_archive_duration": int, "archived": bool, "locked": bool, "type": int, "message": {}}
LONGEST_NAME = 100


@routes.post("/channels/{channel_id}/threads")
async def create_thread(request: web.Request) -> web.Response:
    """Open a thread, or a forum post with its first message."""
    form, channel = await form_body(request), visible_channel(request)
    is_forum = channel.type is ChannelType.FORUM
    body = _thread_form(form.payload, is_post=is_forum)
    if channel.type is ChannelType.TEXT:
        _check_type(body)
    if is_forum:
        validate_form(Form(payload=body["message"], uploads={}))
    return _opened(request, channel, body, form if is_forum else None)


@routes.post("/channels/{channel_id}/messages/{message_id}/threads")
async def create_thread_of_message(request: web.Request) -> web.Response:
    """Open a thread about a message; it has the message's id."""
    body, message, world = _thread_form(await object_body(request)), visible_message(request), world_of(request)
    thread = open_thread(
        world, visible_channel(request), owner_id=world.application.id, message=message, **_thread_fields(body)
    )
    return json_response(channel_json(world, thread), status=201)


@routes.patch("/channels/{channel_id}")
async def edit_thread(request: web.Request) -> web.Response:
    """Change a thread. An archived one has to be unarchived by the same request."""
    body, world, channel = await object_body(request), world_of(request), visible_channel(request)
    if channel.type is ChannelType.DM:
        raise api_error(ErrorCode.NOT_IN_DM)
    if channel.thread is None:
        permitted_channel(request, Permissions.MANAGE_CHANNELS)
    body = _thread_form(body, is_new=False)
    if body.get("archived") is not False:
        check_takes_reactions(channel)
    change = ThreadChange(archived=body.get("archived"), locked=body.get("locked"), **_thread_fields(body))
    return json_response(channel_json(world, change_thread(world, channel, world.application.id, change)))


def _opened(request: web.Request, channel: Channel, body: Json, first: Form | None) -> web.Response:
    world = world_of(request)
    thread = open_thread(world, channel, owner_id=world.application.id, **_thread_fields(body))
    if first:
        form = Form(payload=body["message"], uploads=first.uploads)
        try:
            world.add_message(new_message(world, form, channel_id=thread.id))
        except ApiError:
            world.remove_channel(thread.id)
            raise
    return json_response(channel_json(world, world.channel(thread.id)), status=201)


def _thread_form(body: Json, *, is_new: bool = True, is_post: bool = False) -> Json:
    body = validate_shape(body, THREAD)
    problems = Problems()
    problems.text(("name",), body.get("name"), LONGEST_NAME, shortest=1, required=is_new)
    if body.get("auto_archive_duration") is not None:
        problems.choice(("auto_archive_duration",), body["auto_archive_duration"], AUTO_ARCHIVE_MINUTES)
    if is_post and not body.get("message"):
        problems.add(("message",), "BASE_TYPE_REQUIRED", "This field is required")
    problems.raise_if_any()
    return body


def _check_type(body: Json) -> None:
    problems = Problems()
    problems.choice(("type",), body.get("type"), [int(ChannelType.PUBLIC_THREAD)])
    problems.raise_if_any()


def _thread_fields(body: Json) -> Json:
    minutes = body.get("auto_archive_duration")
    kept = {"name": body["name"]} if body.get("name") else {}
    return kept | ({"auto_archive_after": timedelta(minutes=minutes)} if minutes else {})
