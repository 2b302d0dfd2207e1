"""Message objects for a viewer: reactions have their `me`, and attachment URLs are signed on each call."""

from datetime import datetime
from typing import Any

from sandbox.payloads.components import referenced_filenames, resolve_media
from sandbox.payloads.interactions import interaction_metadata_json, legacy_interaction_json
from sandbox.payloads.objects import user_json
from sandbox.state.flags import MessageFlags
from sandbox.state.records import Attachment, Json, Message, MessageType, Reaction
from sandbox.state.world import World, emoji_from_text


def message_json(world: World, message: Message, viewer_id: int, *, shows_content: bool = True) -> Json:
    """Return a message object. shows_content: False hides the fields that need the message content intent."""
    body = _base(world, message, viewer_id, shows_content)
    if message.nonce is not None:
        body["nonce"] = message.nonce
    if message.reactions:
        body["reactions"] = [_reaction_json(reaction, viewer_id) for reaction in message.reactions]
    if message.interaction_id is not None:
        body |= _interaction_parts(world, message.interaction_id)
    if message.reference is not None:
        body |= _reference_parts(world, message, viewer_id, shows_content)
    return body


def _base(world: World, message: Message, viewer_id: int, shows_content: bool) -> Json:
    claimed = referenced_filenames(message.embeds, message.components)
    listed = [attachment for attachment in message.attachments if attachment.filename not in claimed]
    return {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "type": int(message.type),
        "author": user_json(world.users[message.author_id]),
        "content": message.content if shows_content else "",
        "timestamp": _text_from_moment(message.created_at),
        "edited_timestamp": message.edited_at and _text_from_moment(message.edited_at),
        "tts": message.tts,
        "pinned": False,
        "flags": message.flags,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_json(world.users[user_id]) for user_id in message.mentions],
        "mention_roles": [],
        "attachments": [attachment_json(world, message.channel_id, item) for item in listed] if shows_content else [],
        "embeds": _embeds(world, message) if shows_content else [],
        "components": _components(world, message) if shows_content else [],
    }


def _text_from_moment(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def attachment_json(world: World, channel_id: int, attachment: Attachment) -> Json:
    """Return an attachment object with a newly signed URL."""
    url = world.links.attachment_url(channel_id, attachment)
    optional: Json = {
        "width": attachment.width_px,
        "height": attachment.height_px,
        "description": attachment.description,
        "ephemeral": attachment.ephemeral or None,
    }
    return {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": attachment.size_bytes,
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
    } | {key: value for key, value in optional.items() if value is not None}


def _attachment_named(message: Message, url: str) -> Attachment | None:
    name = url.removeprefix("attachment://")
    return next((item for item in message.attachments if item.filename == name and name != url), None)


def _embeds(world: World, message: Message) -> list[Json]:
    if message.flags & MessageFlags.SUPPRESS_EMBEDS:
        return []
    return [_embed(world, message, embed) for embed in message.embeds]


def _embed(world: World, message: Message, embed: Json) -> Json:
    shown = dict(embed)
    for slot in ("image", "thumbnail"):
        if slot in shown:
            shown[slot] = _embed_picture(world, message, shown[slot]["url"])
    for slot in ("author", "footer"):
        url = shown.get(slot, {}).get("icon_url")
        attachment = _attachment_named(message, url) if url else None
        if attachment:
            url = world.links.attachment_url(message.channel_id, attachment)
        if url:
            shown[slot] = shown[slot] | {"icon_url": url, "proxy_icon_url": url}
    return {key: value for key, value in shown.items() if value is not None}


def _embed_picture(world: World, message: Message, url: str) -> Json | None:
    attachment = _attachment_named(message, url)
    if attachment is None:
        return None if url.startswith("attachment://") else {"url": url, "proxy_url": url, "width": 0, "height": 0}
    shown = attachment_json(world, message.channel_id, attachment)
    return {key: shown[key] for key in ("url", "proxy_url", "width", "height", "content_type") if key in shown}


def _components(world: World, message: Message) -> list[Json]:
    def resolve(url: str) -> Json:
        attachment = _attachment_named(message, url)
        if attachment is None:
            return {"id": str(message.id), "url": url, "proxy_url": url, "width": None, "height": None}
        shown = attachment_json(world, message.channel_id, attachment)
        return {
            "id": shown["id"],
            "attachment_id": shown["id"],
            "url": shown["url"],
            "proxy_url": shown["url"],
            "width": attachment.width_px,
            "height": attachment.height_px,
            "content_type": attachment.content_type,
        }

    return [_named_file(resolve_media(component, resolve), message) for component in message.components]


def _named_file(component: Json, message: Message) -> Json:
    if component["type"] == 13:
        by_id = {str(item.id): item for item in message.attachments}
        attachment = by_id.get(component["file"].get("attachment_id", ""))
        if attachment:
            return component | {"name": attachment.filename, "size": attachment.size_bytes}
    if component["type"] == 17:
        return component | {"components": [_named_file(inner, message) for inner in component["components"]]}
    return component


def _reaction_json(reaction: Reaction, viewer_id: int) -> Json:
    count = len(reaction.user_ids)
    return {
        "emoji": emoji_from_text(reaction.emoji),
        "count": count,
        "count_details": {"burst": 0, "normal": count},
        "burst_colors": [],
        "me_burst": False,
        "me": viewer_id in reaction.user_ids,
    }


def _interaction_parts(world: World, interaction_id: int) -> Json:
    interaction = world.interactions[interaction_id]
    ids = {"application_id": str(world.application.id), "webhook_id": str(world.application.id)}
    return (
        ids
        | legacy_interaction_json(world, interaction)
        | {"interaction_metadata": interaction_metadata_json(world, interaction)}
    )


def _reference_parts(world: World, message: Message, viewer_id: int, shows_content: bool) -> Json:
    channel_id, message_id = message.reference or (0, 0)
    guild_id = world.channels[message.channel_id].guild_id
    reference: Json = {"type": 0, "channel_id": str(channel_id), "message_id": str(message_id)}
    if guild_id:
        reference["guild_id"] = str(guild_id)
    body: Json = {"message_reference": reference}
    if message.type is MessageType.REPLY:
        body["referenced_message"] = _referenced(world, channel_id, message_id, viewer_id, shows_content)
    return body


def _referenced(world: World, channel_id: int, message_id: int, viewer_id: int, shows_content: bool) -> Any:
    target = world.find_message(channel_id, message_id)
    if target is None:
        return None
    body = _base(world, target, viewer_id, shows_content)
    return body if target.interaction_id is None else body | _interaction_parts(world, target.interaction_id)
