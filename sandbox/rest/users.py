"""The users resource: the bot itself, other users, its guilds and DM channels."""

from aiohttp import web

from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.objects import channel_json, own_user_json, user_json
from sandbox.request_bodies import object_body
from sandbox.rest.access import snowflake, snowflake_from_text
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.flags import BOT_PERMISSIONS
from sandbox.state.records import Json

routes = web.RouteTableDef()


@routes.get("/users/@me")
async def get_own_user(request: web.Request) -> web.Response:
    """Return the bot's user."""
    return json_response(own_user_json(world_of(request).bot))


@routes.get("/users/@me/guilds")
async def list_own_guilds(request: web.Request) -> web.Response:
    """Return the bot's guilds."""
    place: Json = {
        "icon": None,
        "banner": None,
        "owner": False,
        "features": [],
        "permissions": str(int(BOT_PERMISSIONS)),
    }
    guilds = [place | {"id": str(guild.id), "name": guild.name} for guild in world_of(request).bot_guilds]
    return json_response(guilds)


@routes.get("/users/{user_id}")
async def get_user(request: web.Request) -> web.Response:
    """Return a user."""
    return json_response(user_json(world_of(request).user(snowflake(request, "user_id"))))


@routes.post("/users/@me/channels")
async def open_dm(request: web.Request) -> web.Response:
    """Return the DM channel with a user."""
    body, world = await object_body(request), world_of(request)
    user_id = snowflake_from_text(str(body.get("recipient_id")), "recipient_id")
    if user_id == world.application.id:
        raise api_error(ErrorCode.CANNOT_MESSAGE_USER)
    return json_response(channel_json(world, world.dm_with(user_id)))
