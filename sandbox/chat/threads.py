"""The HTTP routes of members for threads and forum posts. The package docstring documents them."""

from typing import Any

from aiohttp import web

from sandbox.actions.message_forms import Form, new_message
from sandbox.app_keys import world_of
from sandbox.chat.errors import ActionError
from sandbox.chat.views import channel_for_member, member_id_from_text
from sandbox.json_response import json_response
from sandbox.payloads.objects import channel_json
from sandbox.request_bodies import object_body
from sandbox.state.flags import Permissions
from sandbox.state.records import Json
from sandbox.state.threads import ThreadChange, change_thread, check_permission, open_thread, thread_state

routes = web.RouteTableDef()
LONGEST_NAME = 100


@routes.post("/sandbox/threads")
async def open_as_member(request: web.Request) -> web.Response:
    """Open a thread, or a forum post with its first message."""
    body, world = await object_body(request), world_of(request)
    member_id = member_id_from_text(world, body.get("member"))
    channel = channel_for_member(world, member_id, body.get("channel_id"))
    thread = open_thread(world, channel, name=_name(body.get("name")), owner_id=member_id)
    if body.get("content"):
        form = Form(payload={"content": body["content"]}, uploads={})
        world.add_message(new_message(world, form, channel_id=thread.id, author_id=member_id))
    return json_response(channel_json(world, world.channel(thread.id)))


def _name(value: Any) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ActionError(f"The name must be 1 to {LONGEST_NAME} characters.")
    return name


@routes.patch("/sandbox/threads/{thread}")
async def change_as_member(request: web.Request) -> web.Response:
    """Archive, unarchive, lock or unlock a thread."""
    body, world = await object_body(request), world_of(request)
    member_id = member_id_from_text(world, body.get("member"))
    thread = channel_for_member(world, member_id, request.match_info["thread"])
    change = ThreadChange(archived=_flag(body, "archived"), locked=_flag(body, "locked"))
    return json_response(channel_json(world, change_thread(world, thread, member_id, change)))


def _flag(body: Json, name: str) -> bool | None:
    value = body.get(name)
    if value not in (None, True, False):
        raise ActionError(f"`{name}` must be true or false.")
    return None if value is None else bool(value)


@routes.delete("/sandbox/threads/{thread}")
async def delete_as_member(request: web.Request) -> web.Response:
    """Delete a thread."""
    world = world_of(request)
    member_id = member_id_from_text(world, request.query.get("member"))
    thread = channel_for_member(world, member_id, request.match_info["thread"])
    thread_state(thread)
    check_permission(world, member_id, thread, Permissions.MANAGE_THREADS)
    world.remove_channel(thread.id)
    return web.Response(status=204)
