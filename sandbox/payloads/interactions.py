"""Interaction objects, and the interaction fields of messages."""

from sandbox.payloads.objects import channel_json, member_json, partial_member_json, user_json
from sandbox.state.flags import MEMBER_PERMISSIONS
from sandbox.state.records import Channel, Interaction, InteractionType, Json, User
from sandbox.state.world import World

ATTACHMENT_LIMIT_BYTES = 10 * 1024 * 1024


def interaction_json(world: World, interaction: Interaction, message: Json | None) -> Json:
    """Return the payload of INTERACTION_CREATE. message: the message object of a component interaction."""
    channel = world.channels[interaction.channel_id]
    body: Json = {
        "id": str(interaction.id),
        "application_id": str(world.application.id),
        "type": int(interaction.type),
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": channel_json(world, channel) | _own_permissions(world, interaction),
        "token": interaction.token,
        "version": 1,
        "app_permissions": str(_app_permissions(world, channel)),
        "locale": world.users[interaction.member_id].locale,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": _owners(world, interaction),
        "context": 0 if interaction.guild_id else 1,
        "attachment_size_limit": ATTACHMENT_LIMIT_BYTES,
    }
    body |= _invoker(world, interaction)
    return body | {"message": message} if message else body


def _own_permissions(world: World, interaction: Interaction) -> Json:
    return {"permissions": str(world.permissions(interaction.member_id, world.channels[interaction.channel_id]))}


def _invoker(world: World, interaction: Interaction) -> Json:
    if interaction.guild_id is None:
        return {"user": user_json(world.users[interaction.member_id])}
    member = world.member(interaction.guild_id, interaction.member_id)
    locale = world.guild(interaction.guild_id).preferred_locale
    return {
        "member": member_json(world, member) | _own_permissions(world, interaction),
        "guild_id": str(interaction.guild_id),
        "guild": {"id": str(interaction.guild_id), "features": [], "locale": locale},
        "guild_locale": locale,
    }


def _app_permissions(world: World, channel: Channel) -> int:
    if channel.guild_id is None or world.is_bot_in(channel.guild_id):
        return world.permissions(world.application.id, channel)
    # Where the application is not, its answers may have what those of any member may.
    return int(MEMBER_PERMISSIONS)


def _owners(world: World, interaction: Interaction) -> Json:
    """Return who has installed the application: the guild, or nobody in a direct message, and the user."""
    guild_id, user_id = interaction.guild_id, interaction.member_id
    of_guild = {"0": str(guild_id or 0)} if guild_id is None or world.is_bot_in(guild_id) else {}
    return of_guild | ({"1": str(user_id)} if user_id in world.application.installers else {})


def legacy_interaction_json(world: World, interaction: Interaction) -> Json:
    """Return the legacy `interaction` field of command responses, empty for other interactions."""
    if interaction.type is not InteractionType.COMMAND:
        return {}
    user = user_json(world.users[interaction.member_id])
    return {"interaction": {"id": str(interaction.id), "type": 2, "name": interaction.data["name"], "user": user}}


def interaction_metadata_json(world: World, interaction: Interaction) -> Json:
    """Return the `interaction_metadata` of a message."""
    body: Json = {
        "id": str(interaction.id),
        "type": int(interaction.type),
        "user": user_json(world.users[interaction.member_id]),
        "authorizing_integration_owners": _owners(world, interaction),
    }
    if interaction.type is InteractionType.COMPONENT:
        body["interacted_message_id"] = str(interaction.message_id)
    if interaction.type is InteractionType.MODAL_SUBMIT and interaction.opener_id:
        opener = world.interactions[interaction.opener_id]
        body["triggering_interaction_metadata"] = interaction_metadata_json(world, opener)
    return body


def resolved_member_json(world: World, guild_id: int, user: User) -> Json:
    """Return a member for an interaction's resolved data."""
    return partial_member_json(world, world.member(guild_id, user.id)) | {"permissions": "0"}
