"""Test controls: injected faults, Gateway connections, and the bot's channel permissions."""

from dataclasses import replace

from aiohttp import web

from sandbox.app_keys import FAULTS, gateway_of, world_of
from sandbox.chat.errors import ActionError, unknown_channel
from sandbox.request_bodies import object_body
from sandbox.state.fault_injection import fault_from_json
from sandbox.state.flags import Permissions
from sandbox.state.records import Channel
from sandbox.state.roles import give_roles, remove_role

routes = web.RouteTableDef()
WRITING = Permissions.SEND_MESSAGES | Permissions.SEND_MESSAGES_IN_THREADS
DENIED_PERMISSIONS = {
    "writes": Permissions(0),
    "reads": WRITING | Permissions.ADD_REACTIONS | Permissions.ATTACH_FILES,
    "outside": Permissions.VIEW_CHANNEL | WRITING,
}


@routes.put("/sandbox/faults")
async def switch_fault_on(request: web.Request) -> web.Response:
    """Add a fault."""
    try:
        fault = fault_from_json(await object_body(request))
    except (ValueError, TypeError) as bad:
        raise ActionError(str(bad)) from bad
    request.config_dict[FAULTS].add(fault)
    return web.Response(status=204)


@routes.delete("/sandbox/faults")
async def switch_faults_off(request: web.Request) -> web.Response:
    """Remove every fault."""
    request.config_dict[FAULTS].clear()
    return web.Response(status=204)


@routes.post("/sandbox/gateway")
async def control_gateway(request: web.Request) -> web.Response:
    """Drop every connection, request reconnects, or invalidate the sessions."""
    body, gateway = await object_body(request), gateway_of(request)
    action, resumable = body.get("action"), bool(body.get("resumable", True))
    if action == "drop":
        gateway.disconnect_all(resumable=resumable)
    elif action == "reconnect":
        gateway.request_reconnect()
    elif action == "invalidate":
        gateway.invalidate_sessions(resumable=resumable)
    else:
        raise ActionError("Unknown action. Available: drop, reconnect, invalidate.")
    return web.Response(status=204)


def _channel(request: web.Request) -> Channel:
    digits = request.match_info["channel"]
    channel = world_of(request).channels.get(int(digits)) if digits.isdecimal() else None
    if channel is None:
        raise unknown_channel()
    return channel


@routes.patch("/sandbox/channels/{channel}")
async def set_bot_access(request: web.Request) -> web.Response:
    """Set the bot's permissions in a channel; for a thread, in its parent."""
    body, channel = await object_body(request), world_of(request).parent_or_self(_channel(request))
    if body.get("bot") not in DENIED_PERMISSIONS:
        raise ActionError("Unknown access. Available: writes, reads, outside.")
    world_of(request).update_channel(replace(channel, denied=int(DENIED_PERMISSIONS[body["bot"]])))
    return web.Response(status=204)


@routes.put("/sandbox/roles/{member}")
async def set_roles(request: web.Request) -> web.Response:
    """Let a member have these of the first guild's roles, and no others."""
    body, world = await object_body(request), world_of(request)
    guild, digits = next(iter(world.guilds.values())), request.match_info["member"]
    wanted = body.get("roles", [])
    if not digits.isdecimal() or not set(wanted) <= {str(role.id) for role in guild.roles}:
        raise ActionError("Name a member and roles of the guild.")
    give_roles(world, guild.id, int(digits), tuple(map(int, wanted)))
    return web.Response(status=204)


@routes.delete("/sandbox/roles/{role}")
async def delete_role(request: web.Request) -> web.Response:
    """Delete a role of the first guild."""
    world, digits = world_of(request), request.match_info["role"]
    guild = next(iter(world.guilds.values()))
    if digits not in {str(role.id) for role in guild.roles}:
        raise ActionError("The guild has no such role.")
    remove_role(world, guild.id, int(digits))
    return web.Response(status=204)


@routes.delete("/sandbox/channels/{channel}")
async def delete_channel(request: web.Request) -> web.Response:
    """Delete a channel."""
    world_of(request).remove_channel(_channel(request).id)
    return web.Response(status=204)
