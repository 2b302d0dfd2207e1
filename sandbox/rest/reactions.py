"""The reactions resource of messages."""

from aiohttp import web

from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.objects import user_json
from sandbox.rest.access import permitted_channel, reactable_message, snowflake, visible_message
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.flags import Permissions

routes = web.RouteTableDef()
ONE_EMOJI = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"


def emoji_of(request: web.Request) -> str:
    """Return the emoji of the path. Raises: ApiError 10014 when it is neither Unicode nor `name:id`."""
    emoji = request.match_info["emoji_name"]
    if emoji.isascii() and not emoji.partition(":")[2].isdecimal():
        raise api_error(ErrorCode.UNKNOWN_EMOJI)
    return emoji


@routes.put(f"{ONE_EMOJI}/@me")
async def add_own_reaction(request: web.Request) -> web.Response:
    """React as the bot."""
    permitted_channel(request, Permissions.ADD_REACTIONS | Permissions.READ_MESSAGE_HISTORY)
    world = world_of(request)
    world.add_reaction(reactable_message(request), emoji_of(request), world.application.id)
    return web.Response(status=204)


@routes.delete(f"{ONE_EMOJI}/@me")
async def remove_own_reaction(request: web.Request) -> web.Response:
    """Remove the bot's reaction."""
    world = world_of(request)
    world.remove_reaction(reactable_message(request), emoji_of(request), world.application.id)
    return web.Response(status=204)


@routes.delete(f"{ONE_EMOJI}/{{user_id}}")
async def remove_reaction(request: web.Request) -> web.Response:
    """Remove a user's reaction."""
    permitted_channel(request, Permissions.MANAGE_MESSAGES)
    world_of(request).remove_reaction(reactable_message(request), emoji_of(request), snowflake(request, "user_id"))
    return web.Response(status=204)


@routes.get(ONE_EMOJI)
async def list_reactions(request: web.Request) -> web.Response:
    """Return the users who reacted with an emoji."""
    world, emoji = world_of(request), emoji_of(request)
    reactions = {reaction.emoji: reaction.user_ids for reaction in visible_message(request).reactions}
    after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 25))
    users = [world.users[user_id] for user_id in sorted(reactions.get(emoji, ())) if user_id > after]
    return json_response([user_json(user) for user in users[:limit]])


@routes.delete(ONE_EMOJI)
async def remove_reactions_of_emoji(request: web.Request) -> web.Response:
    """Remove all reactions with an emoji."""
    permitted_channel(request, Permissions.MANAGE_MESSAGES)
    _remove(request, emoji_of(request))
    return web.Response(status=204)


@routes.delete("/channels/{channel_id}/messages/{message_id}/reactions")
async def remove_all_reactions(request: web.Request) -> web.Response:
    """Remove all reactions."""
    permitted_channel(request, Permissions.MANAGE_MESSAGES)
    _remove(request, None)
    return web.Response(status=204)


def _remove(request: web.Request, emoji: str | None) -> None:
    world, message = world_of(request), reactable_message(request)
    for reaction in message.reactions:
        for user_id in reaction.user_ids if emoji in (None, reaction.emoji) else ():
            world.remove_reaction(world.message(message.channel_id, message.id), reaction.emoji, user_id)
