"""The guilds resource, read-only: channels, members and roles."""

from aiohttp import web

from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.objects import channel_json, guild_json, member_json, roles_json
from sandbox.rest.access import snowflake
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.records import Guild

routes = web.RouteTableDef()


def _guild(request: web.Request) -> Guild:
    world = world_of(request)
    guild = world.guild(snowflake(request, "guild_id"))
    if not world.is_bot_in(guild.id):
        raise api_error(ErrorCode.UNKNOWN_GUILD)
    return guild


@routes.get("/guilds/{guild_id}")
async def get_guild(request: web.Request) -> web.Response:
    """Return the guild, with counts when requested."""
    guild = _guild(request)
    body = guild_json(world_of(request), guild)
    if request.query.get("with_counts", "").lower() in ("true", "1"):
        body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
    return json_response(body)


@routes.get("/guilds/{guild_id}/channels")
async def list_channels(request: web.Request) -> web.Response:
    """Return the guild's channels without its threads."""
    world, guild = world_of(request), _guild(request)
    return json_response([channel_json(world, channel) for channel in world.guild_channels(guild.id)])


@routes.get("/guilds/{guild_id}/threads/active")
async def list_active_threads(request: web.Request) -> web.Response:
    """Return the guild's threads that are not archived."""
    world, guild = world_of(request), _guild(request)
    threads = [channel_json(world, thread) for thread in world.active_threads(guild.id)]
    return json_response({"threads": threads, "members": [], "has_more": False})


@routes.get("/guilds/{guild_id}/roles")
async def list_roles(request: web.Request) -> web.Response:
    """Return the guild's roles."""
    return json_response(roles_json(world_of(request), _guild(request)))


@routes.get("/guilds/{guild_id}/members")
async def list_members(request: web.Request) -> web.Response:
    """Return the guild's members, ordered by id."""
    world, guild = world_of(request), _guild(request)
    if not world.application.privileged_intents:
        raise api_error(ErrorCode.MISSING_ACCESS)
    after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 1))
    members = sorted(guild.members, key=lambda member: member.user_id)
    chosen = [member for member in members if member.user_id > after][:limit]
    return json_response([member_json(world, member) for member in chosen])


@routes.get("/guilds/{guild_id}/members/{user_id}")
async def get_member(request: web.Request) -> web.Response:
    """Return one member."""
    world, guild = world_of(request), _guild(request)
    return json_response(member_json(world, world.member(guild.id, snowflake(request, "user_id"))))
