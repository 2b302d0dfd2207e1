"""Builds new and edited messages from message forms, without posting them."""

import re
from dataclasses import dataclass, replace
from typing import Any

from sandbox.actions.uploads import Upload, store_upload
from sandbox.payloads.components import normalize_components
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.flags import MessageFlags
from sandbox.state.records import Attachment, Json, Message, MessageType
from sandbox.state.threads import awaits_first_message
from sandbox.state.world import World
from sandbox.validation.messages import MAX_ATTACHMENTS, check_message, check_not_empty
from sandbox.validation.shapes import MESSAGE, validate_shape

MENTION = re.compile(r"<@!?(\d+)>")
SETTABLE = MessageFlags.SUPPRESS_EMBEDS | MessageFlags.SUPPRESS_NOTIFICATIONS | MessageFlags.IS_COMPONENTS_V2
EDITABLE = MessageFlags.SUPPRESS_EMBEDS | MessageFlags.IS_COMPONENTS_V2


@dataclass(frozen=True, kw_only=True)
class Form:
    """A request body: its JSON, and its files by their index in `files[n]`."""

    payload: Json
    uploads: dict[int, Upload]


def validate_form(form: Form) -> Form:
    """Return a message form with valid types. Raises: ApiError 50035 for a wrong type."""
    return replace(form, payload=validate_shape(form.payload, MESSAGE))


def new_message(world: World, form: Form, *, channel_id: int, **given: Any) -> Message:
    """Return a new message from a form, with the `given` fields (author, interaction, reference, ...) set.

    Raises: ApiError when the form is invalid or empty.
    """
    form = validate_form(form)
    payload = form.payload
    flags = int(payload.get("flags") or 0) & int(SETTABLE)
    _check(form, flags, ())
    base = Message(
        id=_next_id(world, channel_id),
        channel_id=channel_id,
        created_at=world.clock.now(),
        **({"author_id": world.application.id} | given),
    )
    ephemeral = bool(base.flags & MessageFlags.EPHEMERAL)
    attachments = _new_attachments(world, form, ephemeral)
    message = replace(
        base,
        flags=flags | base.flags,
        content=payload.get("content") or "",
        embeds=normalize_embeds(payload.get("embeds")),
        components=normalize_components(payload.get("components")),
        attachments=attachments,
        tts=bool(payload.get("tts")),
    )
    check_not_empty(message.content, message.embeds, message.components, attachments)
    return _with_mentions(world, message, payload.get("allowed_mentions"))


def _next_id(world: World, channel_id: int) -> int:
    # The first message of a forum post has the post's id.
    return channel_id if awaits_first_message(world, world.channel(channel_id)) else world.snowflakes.next()


def edited_message(world: World, message: Message, form: Form) -> Message:
    """Return an edited message: absent fields stay, `attachments` lists the files to keep.

    Raises: ApiError when the form is invalid or leaves the message empty.
    """
    form = validate_form(form)
    payload = form.payload
    flags = _changed_flags(message, payload)
    kept = _kept_attachments(message, payload)
    _check(form, flags, kept)
    changes: Json = {
        "flags": flags,
        "attachments": kept + _new_attachments(world, form, message.visible_to is not None),
    }
    if "content" in payload:
        changes["content"] = payload["content"] or ""
    if "embeds" in payload:
        changes["embeds"] = normalize_embeds(payload["embeds"])
    if "components" in payload:
        changes["components"] = normalize_components(payload["components"])
    changed = replace(message, edited_at=world.clock.now(), **changes)
    check_not_empty(changed.content, changed.embeds, changed.components, changed.attachments)
    return _with_mentions(world, changed, payload.get("allowed_mentions")) if "content" in payload else changed


def _changed_flags(message: Message, payload: Json) -> int:
    if payload.get("flags") is None:
        return message.flags
    # IS_COMPONENTS_V2 cannot be removed from a message.
    stays = message.flags & ~MessageFlags.SUPPRESS_EMBEDS
    return int(stays | (int(payload["flags"]) & EDITABLE))


def _check(form: Form, flags: int, kept: tuple[Attachment, ...]) -> None:
    names = {upload.filename for upload in form.uploads.values()} | {item.filename for item in kept}
    names |= {item["filename"] for item in _listed(form.payload) if item.get("filename")}
    check_message(form.payload, flags=flags, filenames=frozenset(names))
    if len(kept) + len(form.uploads) > MAX_ATTACHMENTS:
        raise api_error(ErrorCode.TOO_MANY_ATTACHMENTS)


def _listed(payload: Json) -> list[Json]:
    return payload.get("attachments") or []


def _kept_attachments(message: Message, payload: Json) -> tuple[Attachment, ...]:
    if "attachments" not in payload:
        return message.attachments
    listed = {str(item.get("id")): item for item in _listed(payload)}
    return tuple(
        replace(attachment, description=listed[str(attachment.id)].get("description", attachment.description))
        for attachment in message.attachments
        if str(attachment.id) in listed
    )


def _new_attachments(world: World, form: Form, ephemeral: bool) -> tuple[Attachment, ...]:
    described = {str(item.get("id")): item for item in _listed(form.payload)}
    return tuple(
        store_upload(
            world,
            upload,
            description=described.get(str(index), {}).get("description"),
            filename=described.get(str(index), {}).get("filename"),
            ephemeral=ephemeral,
        )
        for index, upload in sorted(form.uploads.items())
    )


def normalize_embeds(embeds: Any) -> tuple[Json, ...]:
    """Return a form's embeds with `type: rich`, without nulls, and with `inline` on each field."""
    return tuple(_normalize_embed(embed) for embed in embeds or ())


def _normalize_embed(embed: Json) -> Json:
    kept = {key: value for key, value in embed.items() if value not in (None, {}, [])} | {"type": "rich"}
    if "fields" in kept:
        kept["fields"] = [{"inline": False} | item for item in kept["fields"]]
    return kept


def _with_mentions(world: World, message: Message, allowed: Any) -> Message:
    rule: Json = allowed or ({"parse": ["users", "everyone"], "replied_user": True} if allowed is None else {})
    parse = rule.get("parse") or ()
    named = {str(user_id) for user_id in rule.get("users") or ()}
    found = [int(text) for text in MENTION.findall(message.content) if "users" in parse or text in named]
    if message.type is MessageType.REPLY and message.reference and rule.get("replied_user", allowed is None):
        channel_id, message_id = message.reference
        target = world.find_message(channel_id, message_id)
        found += [target.author_id] if target else []
    mentions = tuple(dict.fromkeys(user_id for user_id in found if user_id in world.users))
    everyone = "everyone" in parse and ("@everyone" in message.content or "@here" in message.content)
    return replace(message, mentions=mentions, mention_everyone=everyone)
