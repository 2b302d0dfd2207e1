"""Editing, finding and posting a delivery's message in Discord; the store is not used here."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import discord
from discord.http import Route

from bot.cards import Card, view_from_card
from bot.custom_ids import SERIES_VERB, ButtonId, id_from_text, single_picture_slot, text_from_id
from bot.delivery.attachments import ImageFile
from bot.delivery.nonces import nonce
from bot.delivery.outcomes import (
    EXPIRED_TOKEN,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Found,
    MessageDeleted,
    Rejected,
    SendOutcome,
    Sent,
    outcome_of,
)
from bot.interaction_context import custom_ids
from bot.store.deliveries import Delivery
from bot.store.tables import DeliveryForm

NO_MENTIONS = discord.AllowedMentions.none()

_SEARCH_DEPTH = 200


@dataclass(frozen=True, kw_only=True)
class MessageContent:
    """What a message shows.

    attachment: None keeps the current picture, unless `clears_attachment`.
    name: of the attached file, without its extension. alt: what it shows, for those who cannot see it.
    clears_attachment: whether the current picture is removed.
    is_last: whether no update will follow.
    lacks_picture: whether its picture cannot be read at the moment.
    """

    card: Card
    attachment: ImageFile | None
    name: str
    clears_attachment: bool
    is_last: bool
    lacks_picture: bool = False
    alt: str | None = None


async def edit(client: discord.Client, delivery: Delivery, message_id: int, content: MessageContent) -> SendOutcome:
    """Edit the message by its id or, if the bot may not do that in the channel, by the interaction's token."""

    async def by_id() -> SendOutcome:
        message = client.get_partial_messageable(delivery.channel_id).get_partial_message(message_id)
        await message.edit(**_message_fields(content), attachments=_attachments(content))
        return Sent(message_id=message_id)

    async def by_token(text: str) -> SendOutcome:
        webhook = discord.Webhook.partial(client.application_id or 0, text, client=client)
        await webhook.edit_message(message_id, **_message_fields(content), attachments=_attachments(content))
        return Sent(message_id=message_id)

    if delivery.form is not DeliveryForm.MESSAGE:
        return await _by_token_alone(delivery, by_token)
    return await _by_id_or_token(delivery, by_id, by_token)


async def post(
    client: discord.Client, delivery: Delivery, content: MessageContent, *, is_replacement: bool = False
) -> SendOutcome:
    """Post a new message; for a few minutes Discord ignores a second post of the same delivery.

    Where only the interaction's token can, that is the one answer to the interaction, which may have been sent already.

    is_replacement: whether it is posted in place of a message that can no longer be edited.
    """

    async def answer(token: str) -> SendOutcome:
        message = await _original(client, token)
        if message is None:
            return MessageDeleted()
        await message.edit(**_message_fields(content), attachments=_attachments(content))
        return Sent(message_id=message.id)

    async def send() -> SendOutcome:
        extra: dict[str, Any] = {"nonce": nonce(delivery, is_replacement), **_message_fields(content)}
        if content.attachment:
            extra["file"] = _file(content)
        if delivery.reply_to:
            extra["reference"] = discord.MessageReference(
                message_id=delivery.reply_to, channel_id=delivery.channel_id, fail_if_not_exists=False
            )
        message = await client.get_partial_messageable(delivery.channel_id).send(**extra)
        return Sent(message_id=message.id)

    if delivery.form is not DeliveryForm.MESSAGE:
        return await _by_token_alone(delivery, answer)
    return await outcome_of(send)


async def find(
    client: discord.Client,
    delivery: Delivery,
    content: MessageContent,
    find_known: Callable[[Iterable[int]], Awaitable[frozenset[int]]],
    *,
    replaced: int | None = None,
    of_series: bool = False,
) -> Found | SendOutcome | None:
    """Find a message that was posted but whose id was never stored; None if there is none.

    find_known: returns which of the messages belong to other deliveries.
    replaced: the message in whose place it was posted, if that is known.
    of_series: whether it tells about the series of the delivery.
    """
    if delivery.form is not DeliveryForm.MESSAGE:
        return None

    async def look() -> Found | SendOutcome:
        posted = await _candidates(client, delivery)
        ours = [message for message in posted if _shows(message, delivery, content, of_series)]
        taken = await find_known([message.id for message in ours]) if ours else frozenset[int]()
        free = [message for message in ours if message.id not in taken and message.id != replaced]
        if not free:
            return MessageDeleted()
        if delivery.picture_id is not None:
            return Found(message_id=free[0].id, replaces=None)
        # Only a message with the job's buttons is certainly of this delivery, the only one of the job with a grid.
        older = [message.id for message in free[:-1] if custom_ids(message)]
        return Found(message_id=free[-1].id, replaces=older[-1] if older else None)

    outcome = await outcome_of(look)
    # If the bot may not read the history, posting is still tried: Discord ignores a recent second post.
    return None if isinstance(outcome, MessageDeleted | Rejected) else outcome


async def withdraw(client: discord.Client, delivery: Delivery, message_id: int) -> None:
    """Delete a message of the delivery that another one has replaced, if Discord allows it."""

    async def by_id() -> SendOutcome:
        await client.http.delete_message(delivery.channel_id, message_id)
        return MessageDeleted()

    async def by_token(text: str) -> SendOutcome:
        await discord.Webhook.partial(client.application_id or 0, text, client=client).delete_message(message_id)
        return MessageDeleted()

    if delivery.form is DeliveryForm.MESSAGE:
        await _by_id_or_token(delivery, by_id, by_token)
    else:
        await _by_token_alone(delivery, by_token)


async def _by_token_alone(delivery: Delivery, by_token: Callable[[str], Awaitable[SendOutcome]]) -> SendOutcome:
    """Return what comes of the request; where it cannot be made, nothing can be posted in the channel.

    A message that all see is deleted by somebody who means it. One that the member alone sees only vanishes.
    """
    token = valid_token(delivery)
    if token is None:
        return Rejected(cause="the interaction's token has expired", can_post=False)
    outcome = await outcome_of(lambda: by_token(token))
    if isinstance(outcome, MessageDeleted) and (delivery.form is DeliveryForm.EPHEMERAL or not delivery.message_id):
        return Rejected(cause="the interaction has no answer", can_post=False)
    return replace(outcome, can_post=False) if isinstance(outcome, Rejected) else outcome


async def _by_id_or_token(
    delivery: Delivery,
    by_id: Callable[[], Awaitable[SendOutcome]],
    by_token: Callable[[str], Awaitable[SendOutcome]],
) -> SendOutcome:
    """Return what comes of the request, made with the interaction's token if the bot may not make it by itself."""
    outcome = await outcome_of(by_id)
    token = valid_token(delivery)
    if isinstance(outcome, Rejected) and not outcome.can_post and token:
        return await outcome_of(lambda: by_token(token))
    return outcome


async def is_deleted(client: discord.Client, delivery: Delivery) -> bool:
    """Return whether the delivery's message was deleted; False if Discord does not tell."""

    async def look() -> SendOutcome:
        message = await client.get_partial_messageable(delivery.channel_id).fetch_message(delivery.message_id or 0)
        return Sent(message_id=message.id)

    return isinstance(await outcome_of(look), MessageDeleted)


async def open_dm_channel(client: discord.Client, discord_id: int) -> int | SendOutcome:
    """Return the channel of the member's direct messages, or why Discord does not open one."""

    async def start() -> int:
        return int((await client.http.start_private_message(discord_id))["id"])

    return await outcome_of(start)


def message_link(delivery: Delivery, guild_id: int | None) -> str:
    """Return the address of the delivery's message; a moved one is in the direct messages, not in the guild."""
    place = "@me" if guild_id is None or delivery.moved_from else str(guild_id)
    return f"https://discord.com/channels/{place}/{delivery.channel_id}/{delivery.message_id}"


def valid_token(delivery: Delivery) -> str | None:
    """Return the interaction's token, or None if it has expired."""
    token = delivery.token
    return token.text if token and token.expires_at > datetime.now(UTC) else None


async def _candidates(client: discord.Client, delivery: Delivery) -> list[discord.Message]:
    """Return the answer to the interaction and what was posted after it, oldest first."""
    token = valid_token(delivery)
    original = await _original(client, token) if token else None
    answers = [original] if original else []
    # Discord's ids carry their time, so what answers a press has a larger id than the press.
    channel = client.get_partial_messageable(delivery.channel_id)
    after = discord.Object(int(delivery.press_id))
    try:
        posted = [message async for message in channel.history(limit=_SEARCH_DEPTH, after=after)]
    except discord.Forbidden:
        if not answers:
            raise
        return answers
    return answers + [message for message in posted if message not in answers]


async def _original(client: discord.Client, token: str) -> discord.Message | None:
    """Return the message that answered the interaction, or None if none did."""
    webhook = discord.Webhook.partial(client.application_id or 0, token, client=client)
    route = Route(
        "GET", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", webhook_id=webhook.id, webhook_token=token
    )
    try:
        data = await client.http.request(route)
        return await webhook.fetch_message(int(data["id"]))
    except discord.HTTPException as error:
        if error.code in (UNKNOWN_WEBHOOK, UNKNOWN_MESSAGE, EXPIRED_TOKEN):
            return None
        raise


def _shows(message: discord.Message, delivery: Delivery, content: MessageContent, of_series: bool) -> bool:
    texts = custom_ids(message)
    if of_series:
        mine = {face.custom_id for row in content.card.rows for face in row}
        return not mine.isdisjoint(texts) if texts else message.content == content.card.content
    ids = [button for button in map(id_from_text, texts) if button and _is_of_job(button, delivery)]
    if delivery.picture_id is not None:
        mine = {face.custom_id for row in content.card.rows for face in row}
        return any(single_picture_slot(button) is not None and text_from_id(button) in mine for button in ids)
    if ids:
        return all(single_picture_slot(button) is None for button in ids)
    return not texts and message.content == content.card.content


def _is_of_job(button: ButtonId, delivery: Delivery) -> bool:
    return button.job_id == delivery.job_id and button.verb != SERIES_VERB


def _message_fields(content: MessageContent) -> dict[str, Any]:
    return {
        "content": content.card.content,
        "view": view_from_card(content.card) if content.card.rows else None,
        "allowed_mentions": NO_MENTIONS,
    }


def _attachments(content: MessageContent) -> Any:
    if content.attachment:
        return [_file(content)]
    return [] if content.clears_attachment else discord.utils.MISSING


def _file(content: MessageContent) -> discord.File:
    assert content.attachment is not None
    name = f"{content.name}.{content.attachment.extension}"
    data = io.BytesIO(content.attachment.data)
    return discord.File(data, name, spoiler=content.attachment.is_spoiler, description=content.alt)
