"""The world as one member sees it."""

from sandbox.chat.errors import unknown_channel, unknown_member, unknown_message
from sandbox.chat.localized import localized
from sandbox.payloads.messages import message_json
from sandbox.payloads.objects import command_json, roles_json, user_json
from sandbox.state.records import Channel, ChannelType, Command, Json, Message
from sandbox.state.threads import needed_to_post
from sandbox.state.world import World

HISTORY_LIMIT = 50
KINDS = {
    ChannelType.TEXT: "text",
    ChannelType.DM: "dm",
    ChannelType.PUBLIC_THREAD: "thread",
    ChannelType.FORUM: "forum",
}


def member_id_from_text(world: World, text: object) -> int:
    """Return a member's id, the first member's for no text. Raises: ActionError for an unknown member."""
    digits = str(text) if text else str(default_member_id(world))
    if not digits.isdecimal() or int(digits) not in world.users or world.users[int(digits)].bot:
        raise unknown_member()
    return int(digits)


def default_member_id(world: World) -> int:
    """Return the id of the member that the page starts with."""
    return next(user.id for user in world.users.values() if not user.bot)


def channel_for_member(world: World, member_id: int, channel_id: object) -> Channel:
    """Return a channel that a member can view. Raises: ActionError when they cannot."""
    digits = str(channel_id)
    channel = world.channels.get(int(digits)) if digits.isdecimal() else None
    if channel is None or not world.may_see(member_id, channel):
        raise unknown_channel()
    return channel


def message_for_member(world: World, member_id: int, channel: Channel, message_id: object) -> Message:
    """Return a message that a member can view. Raises: ActionError when they cannot."""
    digits = str(message_id)
    message = world.messages[channel.id].get(int(digits)) if digits.isdecimal() else None
    if message is None or message.visible_to not in (None, member_id):
        raise unknown_message()
    return message


def state_json(world: World, member_id: int) -> Json:
    """Return the page's initial state."""
    guild = next(iter(world.guilds.values()))
    channels = [channel for channel in world.channels.values() if world.may_see(member_id, channel)]
    foreign = [other.id for other in world.guilds.values() if not world.is_bot_in(other.id)]
    shown = [channel for channel in channels if channel.guild_id in (None, guild.id, *foreign)]
    members = [member_summary_json(world, member.user_id) for member in guild.members if member.user_id != world.bot.id]
    return {
        "me": member_summary_json(world, member_id),
        "bot": user_json(world.bot),
        "members": members,
        "guild": {"id": str(guild.id), "name": guild.name, "roles": roles_json(world, guild)},
        "channels": [channel_summary_json(world, channel) for channel in shown],
        "commands": commands_json(world, member_id),
        "messages": {str(channel.id): messages_json(world, member_id, channel) for channel in shown},
    }


def member_summary_json(world: World, user_id: int) -> Json:
    """Return a member summary."""
    user = world.users[user_id]
    name = {"id": str(user.id), "username": user.username, "global_name": user.global_name}
    return name | {
        "locale": user.locale,
        "administrator": is_administrator(world, user_id),
        "has_installed": user_id in world.application.installers,
        "takes_direct_messages": user.takes_direct_messages,
    }


def is_administrator(world: World, user_id: int) -> bool:
    """Tell whether a user is an administrator of the first guild."""
    guild = next(iter(world.guilds.values()))
    return any(member.administrator for member in guild.members if member.user_id == user_id)


def channel_summary_json(world: World, channel: Channel) -> Json:
    """Return a channel summary. A DM is named after the bot."""
    is_dm = channel.type is ChannelType.DM
    guild = world.guilds.get(channel.guild_id or 0)
    foreign = {"foreign_guild": guild.name} if guild and not world.is_bot_in(guild.id) else {}
    return {
        "id": str(channel.id),
        "name": world.application.name if is_dm else channel.name,
        "type": int(channel.type),
        "nsfw": channel.nsfw,
        "kind": KINDS[channel.type],
        "topic": channel.topic,
    } | (foreign | _thread_part(channel))


def _thread_part(channel: Channel) -> Json:
    thread = channel.thread
    if thread is None:
        return {}
    return {"parent_id": str(channel.parent_id), "archived": thread.archived, "locked": thread.locked}


def messages_json(world: World, member_id: int, channel: Channel, before: int | None = None) -> list[Json]:
    """Return the last 50 messages (before an id, if given) that a member can view, oldest first."""
    seen = [message for message in world.messages[channel.id].values() if message.visible_to in (None, member_id)]
    older = [message for message in seen if before is None or message.id < before]
    return [message_json(world, message, member_id) for message in older[-HISTORY_LIMIT:]]


def commands_json(world: World, member_id: int) -> list[Json]:
    """Return the commands that a member has permission to use."""
    commands = world.commands.values()
    usable = [command_json(world, command) for command in commands if _may_use(world, member_id, command)]
    return [localized(command, world.users[member_id].locale) for command in usable]


def _may_use(world: World, member_id: int, command: Command) -> bool:
    needed = command.body["default_member_permissions"]
    if needed is None or is_administrator(world, member_id):
        return True
    channel = next(channel for channel in world.channels.values() if channel.guild_id)
    return int(needed) != 0 and not int(needed) & ~world.permissions(member_id, channel)


def usable_commands(world: World, member_id: int, channel: Channel) -> list[Command]:
    """Return the commands that a member can use in a channel."""
    return [
        command
        for command in world.commands.values()
        if _is_offered(world, member_id, command, channel)
        and (channel.guild_id is None or _may_use(world, member_id, command))
    ]


def _is_offered(world: World, member_id: int, command: Command, channel: Channel) -> bool:
    """Tell whether a command is there: by the installation in the guild, or the member's own."""
    of_guild = channel.guild_id is None or world.is_bot_in(channel.guild_id)
    of_member = member_id in world.application.installers
    installed = {kind for kind, is_there in enumerate((of_guild, of_member)) if is_there}
    if installed.isdisjoint(command.body.get("integration_types", [0])):
        return False
    if command.guild_id is not None and command.guild_id != channel.guild_id:
        return False
    if command.body["nsfw"] and channel.guild_id is not None and not channel.nsfw:
        return False
    context = 0 if channel.guild_id else 1
    return context in command.body.get("contexts", [0])


def may_write(world: World, member_id: int, channel: Channel) -> bool:
    """Tell whether a member may send messages in a channel."""
    return not needed_to_post(channel) & ~world.permissions(member_id, channel)
