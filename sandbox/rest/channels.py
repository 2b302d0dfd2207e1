"""The channels resource: get a channel, trigger typing. Bots can neither create nor change channels except threads."""

from aiohttp import web

from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.objects import channel_json
from sandbox.rest.access import visible_channel, writable_channel
from sandbox.state.flags import Permissions
from sandbox.state.records import WorldEvent
from sandbox.state.threads import check_takes_reactions

routes = web.RouteTableDef()


@routes.get("/channels/{channel_id}")
async def get_channel(request: web.Request) -> web.Response:
    """Return the channel."""
    return json_response(channel_json(world_of(request), visible_channel(request)))


@routes.post("/channels/{channel_id}/typing")
async def show_typing(request: web.Request) -> web.Response:
    """Trigger the typing indicator."""
    world, channel = world_of(request), writable_channel(request, Permissions(0))
    check_takes_reactions(channel)
    data = {"user_id": str(world.application.id), "timestamp": int(world.clock.now().timestamp())}
    world.publish(WorldEvent(kind="TYPING_START", channel_id=channel.id, data=data))
    return web.Response(status=204)
