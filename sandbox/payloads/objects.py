"""User, member, guild, channel, command and application objects."""

from datetime import timedelta

from sandbox.state.flags import BOT_PERMISSIONS, MEMBER_PERMISSIONS, Permissions
from sandbox.state.records import Channel, ChannelType, Command, Guild, GuildMember, Json, ThreadState, User
from sandbox.state.world import World

# Offsets from the guild id: above its channels' ids and below the next millisecond.
ADMINISTRATOR_ROLE, BOT_ROLE = 50, 51


def user_json(user: User) -> Json:
    """Return a user object."""
    return {
        "id": str(user.id),
        "username": user.username,
        "global_name": user.global_name,
        "discriminator": "0000" if user.bot else "0",
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
    } | ({"bot": True} if user.bot else {})


def own_user_json(user: User) -> Json:
    """Return the bot's user object for `/users/@me`."""
    return user_json(user) | {
        "mfa_enabled": True,
        "locale": "en-US",
        "premium_type": 0,
        "email": None,
        "verified": True,
    }


def partial_member_json(world: World, member: GuildMember) -> Json:
    """Return a partial member object, without its user, for messages."""
    is_bot = member.user_id == world.application.id
    roles = [member.guild_id + BOT_ROLE] if is_bot else [member.guild_id + ADMINISTRATOR_ROLE] * member.administrator
    roles += member.role_ids
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": member.joined_at.isoformat(),
        "nick": None,
        "pending": False,
        "premium_since": None,
        "roles": [str(role) for role in roles],
        "mute": False,
        "deaf": False,
    }


def member_json(world: World, member: GuildMember) -> Json:
    """Return a member object with its user."""
    return partial_member_json(world, member) | {"user": user_json(world.users[member.user_id])}


def channel_json(world: World, channel: Channel) -> Json:
    """Return a channel object."""
    if channel.thread:
        return thread_json(world, channel, channel.thread)
    return _dm_json(world, channel) if channel.type is ChannelType.DM else _guild_channel_json(world, channel)


def _guild_channel_json(world: World, channel: Channel) -> Json:
    overwrite = {"id": str(world.application.id), "type": 1, "allow": "0", "deny": str(channel.denied)}
    return (
        _channel_base(channel)
        | {
            "guild_id": str(channel.guild_id),
            "name": channel.name,
            "topic": channel.topic,
            "nsfw": channel.nsfw,
            "position": channel.position,
            "parent_id": None,
            "permission_overwrites": [overwrite] if channel.denied else [],
            "rate_limit_per_user": 0,
        }
        | (_forum_part() if channel.type is ChannelType.FORUM else {})
    )


def _forum_part() -> Json:
    none = dict.fromkeys(("default_reaction_emoji", "default_sort_order"))
    return none | {"available_tags": [], "default_forum_layout": 0}


def thread_json(world: World, channel: Channel, thread: ThreadState) -> Json:
    """Return the channel object of a thread or forum post. Its members are its owner and who has written there."""
    messages = [message for message in world.messages[channel.id].values() if message.visible_to is None]
    first = 1 if world.parent_or_self(channel).type is ChannelType.FORUM else 0
    return _channel_base(channel) | {
        "guild_id": str(channel.guild_id),
        "name": channel.name,
        "parent_id": str(channel.parent_id),
        "rate_limit_per_user": 0,
        "owner_id": str(thread.owner_id),
        "message_count": max(0, len(messages) - first),
        "total_message_sent": max(0, thread.num_sent - first),
        "member_count": len({thread.owner_id, *(message.author_id for message in messages)}),
        "thread_metadata": {
            "archived": thread.archived,
            "archive_timestamp": thread.archive_changed_at.isoformat(),
            "auto_archive_duration": thread.auto_archive_after // timedelta(minutes=1),
            "locked": thread.locked,
            "create_timestamp": thread.created_at.isoformat(),
        },
    }


def _dm_json(world: World, channel: Channel) -> Json:
    return _channel_base(channel) | {"recipients": [user_json(world.users[channel.recipient_id or 0])]}


def _channel_base(channel: Channel) -> Json:
    last = channel.last_message_id
    return {"id": str(channel.id), "type": int(channel.type), "flags": 0, "last_message_id": last and str(last)}


def roles_json(world: World, guild: Guild) -> list[Json]:
    """Return a guild's roles: @everyone (with the guild's id), administrators, the bot's role, and its own."""
    tags = {"tags": {"bot_id": str(world.application.id)}, "managed": True}
    return [
        _role(guild.id, "@everyone", int(MEMBER_PERMISSIONS), 0),
        _role(guild.id + ADMINISTRATOR_ROLE, "Administrators", int(Permissions.ADMINISTRATOR), 2),
        _role(guild.id + BOT_ROLE, world.application.name, int(BOT_PERMISSIONS), 1) | tags,
        *(_role(role.id, role.name, role.permissions, 1) for role in guild.roles),
    ]


def _role(role_id: int, name: str, permissions: int, position: int) -> Json:
    return {
        "id": str(role_id),
        "name": name,
        "permissions": str(permissions),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def guild_json(world: World, guild: Guild) -> Json:
    """Return a guild object for REST."""
    missing = (
        "icon description home_header splash discovery_splash banner application_id afk_channel_id system_channel_id"
        " widget_channel_id max_presences vanity_url_code rules_channel_id safety_alerts_channel_id"
        " public_updates_channel_id incidents_data premium_progress_bar_enabled_user_updated_at"
    )
    zero = (
        "system_channel_flags verification_level default_message_notifications mfa_level explicit_content_filter"
        " premium_tier premium_subscription_count nsfw_level"
    )
    return {
        **dict.fromkeys(missing.split()),
        **dict.fromkeys(zero.split(), 0),
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "features": [],
        "region": "local",
        "afk_timeout": 300,
        "widget_enabled": False,
        "roles": roles_json(world, guild),
        "max_members": 1000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "preferred_locale": guild.preferred_locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "emojis": [],
        "stickers": [],
    }


def guild_create_json(world: World, guild: Guild, *, shows_members: bool) -> Json:
    """Return the payload of GUILD_CREATE.

    shows_members: whether the bot has the members intent; without it only the bot's own member is listed.
    """
    seen = [member for member in guild.members if shows_members or member.user_id == world.application.id]
    channels = world.guild_channels(guild.id)
    return guild_json(world, guild) | {
        "joined_at": guild.members[0].joined_at.isoformat(),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(world, member) for member in seen],
        "channels": [channel_json(world, channel) for channel in channels],
        "voice_states": [],
        "threads": [channel_json(world, thread) for thread in world.active_threads(guild.id)],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def command_json(world: World, command: Command) -> Json:
    """Return a command object."""
    place = {"guild_id": str(command.guild_id)} if command.guild_id else {}
    ids = {"id": str(command.id), "application_id": str(world.application.id), "version": str(command.version)}
    return ids | place | command.body


def application_json(world: World) -> Json:
    """Return the bot's application object."""
    application = world.application
    return {
        "id": str(application.id),
        "name": application.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user_json(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": _application_flags(application.privileged_intents),
        "flags_new": str(_application_flags(application.privileged_intents)),
        "max_participants": None,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user_json(world.users[application.owner_id]),
        "approximate_guild_count": len(world.bot_guilds),
        "approximate_user_install_count": len(world.application.installers),
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}, "1": {}},
    }


def _application_flags(privileged: bool) -> int:
    # The limited presence, members and message content intents of an application in fewer than 100 guilds.
    return (1 << 13 | 1 << 15 | 1 << 19) if privileged else 0
