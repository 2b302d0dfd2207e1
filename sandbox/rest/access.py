"""Access checks: channels and messages that the bot can view, and its own application."""

from aiohttp import web

from sandbox.app_keys import world_of
from sandbox.state.errors import ApiError, ErrorCode, api_error
from sandbox.state.flags import Permissions
from sandbox.state.records import Channel, Message
from sandbox.state.threads import check_takes_edits, check_takes_posts, check_takes_reactions, needed_to_post
from sandbox.state.world import World


def snowflake(request: web.Request, name: str) -> int:
    """Return an id from the path. Raises: ApiError 50035 when it is invalid."""
    return snowflake_from_text(request.match_info[name], name)


def snowflake_from_text(text: str, name: str) -> int:
    """Return an id. Raises: ApiError 50035 when the text is invalid."""
    if text.isascii() and text.isdecimal() and len(text) < 21:
        return int(text)
    error = {"code": "NUMBER_TYPE_COERCE", "message": f'Value "{text}" is not snowflake.'}
    raise ApiError(400, int(ErrorCode.INVALID_FORM), "Invalid Form Body", {name: {"_errors": [error]}})


def visible_channel(request: web.Request) -> Channel:
    """Return the path's channel. Raises: ApiError 10003 when it does not exist, 50001 when the bot cannot view it."""
    world = world_of(request)
    channel = world.channel(snowflake(request, "channel_id"))
    if not world.permissions(world.application.id, channel) & Permissions.VIEW_CHANNEL:
        raise api_error(ErrorCode.MISSING_ACCESS)
    return channel


def permitted_channel(request: web.Request, needed: Permissions) -> Channel:
    """Return the path's channel. Raises: as `visible_channel`, and ApiError 50013 for a missing permission."""
    world, channel = world_of(request), visible_channel(request)
    if needed & ~world.permissions(world.application.id, channel):
        raise api_error(ErrorCode.MISSING_PERMISSIONS)
    return channel


def writable_channel(request: web.Request, needed: Permissions) -> Channel:
    """Return the path's channel for a post. `needed`: permissions besides the one to send there.

    Raises: as `permitted_channel`, and what `check_takes_direct_messages` and `check_takes_posts` raise.
    """
    world, channel = world_of(request), visible_channel(request)
    permitted_channel(request, needed | needed_to_post(channel))
    check_takes_direct_messages(world, channel)
    check_takes_posts(world, channel, world.application.id)
    return channel


def check_takes_direct_messages(world: World, channel: Channel) -> None:
    """Check that the bot can write to whom the direct messages are with; other channels pass.

    Raises: ApiError 50278 for a user who neither shares a guild with the bot nor has installed it, 50007 for one who
        takes no direct messages.
    """
    user_id = channel.recipient_id
    if user_id is None:
        return
    has_installed = user_id in world.application.installers
    if not has_installed and not any(guild.has_member(user_id) for guild in world.bot_guilds):
        raise api_error(ErrorCode.NO_MUTUAL_GUILDS)
    if not world.user(user_id).takes_direct_messages:
        raise api_error(ErrorCode.CANNOT_MESSAGE_USER)


def editable_message(request: web.Request) -> Message:
    """Return the path's message. Raises: as `visible_message`, and what `check_takes_edits` raises."""
    world, message = world_of(request), visible_message(request)
    check_takes_edits(world, world.channel(message.channel_id), world.application.id)
    return message


def reactable_message(request: web.Request) -> Message:
    """Return the path's message. Raises: as `visible_message`, and ApiError 50083 in an archived thread."""
    message = visible_message(request)
    check_takes_reactions(world_of(request).channel(message.channel_id))
    return message


def visible_message(request: web.Request) -> Message:
    """Return the path's message, unless it is ephemeral. Raises: ApiError 10003, 50001 or 10008."""
    channel = visible_channel(request)
    message = world_of(request).message(channel.id, snowflake(request, "message_id"))
    if message.visible_to is not None:
        raise api_error(ErrorCode.UNKNOWN_MESSAGE)
    return message


def check_application(request: web.Request) -> None:
    """Raise ApiError 20012 for another application's id."""
    if snowflake(request, "application_id") != world_of(request).application.id:
        raise api_error(ErrorCode.NOT_YOUR_APPLICATION)
