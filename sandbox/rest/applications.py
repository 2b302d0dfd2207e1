"""The application resource and its global and guild commands."""

from typing import Any

from aiohttp import web

from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.objects import application_json, command_json
from sandbox.request_bodies import json_body, object_body
from sandbox.rest.access import check_application, snowflake
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.records import Command, Json, WorldEvent
from sandbox.state.world import World
from sandbox.validation.commands import check_command, check_commands
from sandbox.validation.problems import Problems
from sandbox.validation.shapes import COMMAND, validate_shape

routes = web.RouteTableDef()
GLOBAL = "/applications/{application_id}/commands"
GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
SINGLE_GLOBAL, SINGLE_GUILD = f"{GLOBAL}/{{command_id}}", f"{GUILD}/{{command_id}}"
MAX_COMMANDS = 100


@routes.get("/applications/@me")
@routes.get("/oauth2/applications/@me")
async def get_application(request: web.Request) -> web.Response:
    """Return the bot's application."""
    return json_response(application_json(world_of(request)))


def _guild_id(request: web.Request) -> int | None:
    check_application(request)
    if "guild_id" not in request.match_info:
        return None
    return world_of(request).guild(snowflake(request, "guild_id")).id


def _commands(world: World, guild_id: int | None) -> list[Command]:
    return [command for command in world.commands.values() if command.guild_id == guild_id]


def _command(request: web.Request) -> Command:
    guild_id = _guild_id(request)
    command = world_of(request).commands.get(snowflake(request, "command_id"))
    if command is None or command.guild_id != guild_id:
        raise api_error(ErrorCode.UNKNOWN_COMMAND)
    return command


def _response(world: World, commands: list[Command]) -> web.Response:
    return json_response([command_json(world, command) for command in commands])


@routes.get(GLOBAL)
@routes.get(GUILD)
async def list_commands(request: web.Request) -> web.Response:
    """Return the registered commands."""
    world = world_of(request)
    return _response(world, _commands(world, _guild_id(request)))


@routes.put(GLOBAL)
@routes.put(GUILD)
async def replace_commands(request: web.Request) -> web.Response:
    """Replace the registered commands. A command of the same type and name keeps its id."""
    body, world, guild_id = await json_body(request), world_of(request), _guild_id(request)
    after = registered_commands(world, guild_id, body)
    for command in _commands(world, guild_id):
        del world.commands[command.id]
    world.commands.update({command.id: command for command in after})
    _publish_commands_update(world)
    return _response(world, after)


def registered_commands(world: World, guild_id: int | None, body: Any) -> list[Command]:
    """Return validated command records without registering them.

    Raises: ApiError 50035 for an invalid command.
    """
    listed = validate_shape(body, [COMMAND])
    problems = Problems()
    problems.listing((), listed, MAX_COMMANDS)
    check_commands(problems, listed)
    problems.raise_if_any()
    before = {_key(command.body): command for command in _commands(world, guild_id)}
    return [_registered(world, guild_id, item, before.get(_key(item))) for item in listed]


@routes.post(GLOBAL)
@routes.post(GUILD)
async def put_command(request: web.Request) -> web.Response:
    """Create a command (201), or replace the one of the same type and name (200)."""
    body, world, guild_id = validate_shape(await object_body(request), COMMAND), world_of(request), _guild_id(request)
    _check_one(body)
    before = {_key(command.body): command for command in _commands(world, guild_id)}.get(_key(body))
    command = _registered(world, guild_id, body, before)
    world.commands[command.id] = command
    _publish_commands_update(world)
    return json_response(command_json(world, command), status=200 if before else 201)


@routes.get(SINGLE_GLOBAL)
@routes.get(SINGLE_GUILD)
async def get_command(request: web.Request) -> web.Response:
    """Return one command."""
    return json_response(command_json(world_of(request), _command(request)))


@routes.patch(SINGLE_GLOBAL)
@routes.patch(SINGLE_GUILD)
async def edit_command(request: web.Request) -> web.Response:
    """Update the given fields of a command."""
    body, world, command = validate_shape(await object_body(request), COMMAND), world_of(request), _command(request)
    merged = command.body | body
    _check_one(merged)
    changed = _registered(world, command.guild_id, merged, command)
    world.commands[command.id] = changed
    _publish_commands_update(world)
    return json_response(command_json(world, changed))


@routes.delete(SINGLE_GLOBAL)
@routes.delete(SINGLE_GUILD)
async def delete_command(request: web.Request) -> web.Response:
    """Remove a command."""
    world = world_of(request)
    del world.commands[_command(request).id]
    _publish_commands_update(world)
    return web.Response(status=204)


def _check_one(body: Json) -> None:
    problems = Problems()
    check_command(problems, (), body)
    problems.raise_if_any()


def _key(body: Json) -> tuple[int, str]:
    return int(body.get("type") or 1), str(body["name"])


def _registered(world: World, guild_id: int | None, body: Json, before: Command | None) -> Command:
    normalized = _normalize(body, guild_id)
    if before and before.body == normalized:
        return before
    command_id = before.id if before else world.snowflakes.next()
    return Command(id=command_id, version=world.snowflakes.next(), guild_id=guild_id, body=normalized)


def _normalize(body: Json, guild_id: int | None) -> Json:
    permissions: Any = body.get("default_member_permissions")
    normalized: Json = {
        "type": int(body.get("type") or 1),
        "name": body["name"],
        "name_localizations": body.get("name_localizations"),
        "description": body.get("description") or "",
        "description_localizations": body.get("description_localizations"),
        "default_member_permissions": None if permissions is None else str(permissions),
        "nsfw": bool(body.get("nsfw")),
        "integration_types": body.get("integration_types") or [0],
    }
    if body.get("options"):
        normalized["options"] = [_normalize_option(option) for option in body["options"]]
    if guild_id is None:
        contexts = body.get("contexts")
        normalized["contexts"] = contexts or ([0] if body.get("dm_permission") is False else [0, 1, 2])
        normalized["dm_permission"] = 1 in normalized["contexts"]
    return normalized


def _normalize_option(option: Json) -> Json:
    kept = {key: value for key, value in option.items() if value not in (None, [])}
    if "options" in kept:
        kept["options"] = [_normalize_option(inner) for inner in kept["options"]]
    return kept


def _publish_commands_update(world: World) -> None:
    world.publish(WorldEvent(kind="COMMANDS_UPDATE", to_bot=False))
