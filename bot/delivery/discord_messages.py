"""Showing a delivery in Discord: editing its message, finding it again, or posting it; the store is not touched here.

Discord's errors become one of four outcomes, so that what to do about each is decided in one place.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp
import discord
from discord.http import Route

from bot.cards import Card, view_from_card
from bot.custom_ids import id_from_text, single_picture_slot, text_from_id
from bot.delivery.attachments import Attachment
from bot.interaction_context import custom_ids
from bot.store.deliveries import Delivery
from bot.store.tables import Kind

NO_MENTIONS = discord.AllowedMentions.none()

_UNKNOWN_CHANNEL, _UNKNOWN_MESSAGE = 10003, 10008
_TOO_LARGE = 40005
_UNKNOWN_WEBHOOK, _EXPIRED_TOKEN = 10015, 50027
_SEARCH_DEPTH = 200
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What a message is to show now.

    attachment: None leaves the picture that is there, unless `bare`.
    bare: whether a picture that is there is taken away.
    is_last: whether nothing will follow.
    """

    card: Card
    attachment: Attachment | None
    name: str
    bare: bool
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Discord has it, in this message."""

    message_id: int


@dataclass(frozen=True, kw_only=True)
class Gone:
    """The message or its channel was deleted."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Discord will not have it from us; `may_write` is False when the reason is the channel, not the message."""

    cause: str
    may_write: bool


@dataclass(frozen=True, kw_only=True)
class TooLarge:
    """The attachment is over the limit in force there."""


@dataclass(frozen=True, kw_only=True)
class Later:
    """Discord is away or unwell; nobody knows whether it has it."""

    cause: str


Outcome = Shown | Gone | Refused | TooLarge | Later


async def edit(client: discord.Client, delivery: Delivery, message_id: int, showing: Showing) -> Outcome:
    """Edit the message, by its id or, where only that is allowed, by the interaction's token."""

    async def by_id() -> Outcome:
        message = client.get_partial_messageable(delivery.channel_id).get_partial_message(message_id)
        await message.edit(**_content(showing), attachments=_attachments(showing))
        return Shown(message_id=message_id)

    async def by_token(text: str) -> Outcome:
        webhook = discord.Webhook.partial(client.application_id or 0, text, client=client)
        await webhook.edit_message(message_id, **_content(showing), attachments=_attachments(showing))
        return Shown(message_id=message_id)

    outcome = await _outcome(by_id)
    token = live_token(delivery)
    if isinstance(outcome, Refused) and not outcome.may_write and token:
        return await _outcome(lambda: by_token(token))
    return outcome


async def post(client: discord.Client, delivery: Delivery, showing: Showing) -> Outcome:
    """Post a new message; Discord itself drops a second post of the same delivery within a few minutes."""

    async def send() -> Outcome:
        extra: dict[str, Any] = {"nonce": nonce(delivery.id), **_content(showing)}
        if showing.attachment:
            extra["file"] = _file(showing)
        if delivery.reply_to:
            extra["reference"] = discord.MessageReference(
                message_id=delivery.reply_to, channel_id=delivery.channel_id, fail_if_not_exists=False
            )
        message = await client.get_partial_messageable(delivery.channel_id).send(**extra)
        return Shown(message_id=message.id)

    return await _outcome(send)


async def find(
    client: discord.Client,
    delivery: Delivery,
    showing: Showing,
    is_known: Callable[[Iterable[int]], Awaitable[frozenset[int]]],
) -> Outcome | None:
    """Look for a message that was posted but whose id was never kept; None when there is none.

    is_known: which of these messages already show some other delivery.
    """

    async def look() -> Outcome:
        ours = [message for message in await _candidates(client, delivery) if _shows(message, delivery, showing)]
        taken = await is_known([message.id for message in ours]) if ours else frozenset[int]()
        free = [message.id for message in ours if message.id not in taken]
        return Shown(message_id=free[0]) if free else Gone()

    outcome = await _outcome(look)
    # Where the history may not be read, posting is still tried: Discord itself drops a recent second post.
    return None if isinstance(outcome, Gone | Refused) else outcome


async def open_direct_channel(client: discord.Client, discord_id: int) -> int | None:
    """Return the channel of the member's direct messages, or None when Discord will not open it."""
    try:
        data = await client.http.start_private_message(discord_id)
    except discord.HTTPException:
        return None
    return int(data["id"])


def nonce(delivery_id: UUID) -> str:
    """Return the delivery's id in base 36, which fits Discord's 25 characters."""
    number, digits = delivery_id.int, ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits


def live_token(delivery: Delivery) -> str | None:
    """Return the interaction's token while Discord still honours it."""
    token = delivery.token
    return token.text if token and token.expires_at > datetime.now(UTC) else None


async def _candidates(client: discord.Client, delivery: Delivery) -> list[discord.Message]:
    token = live_token(delivery)
    if token:
        original = await _original(client, token)
        if original:
            return [original]
    # Discord's ids carry their time, so what answers a press has a larger id than the press.
    channel = client.get_partial_messageable(delivery.channel_id)
    after = discord.Object(int(delivery.press_id))
    return [message async for message in channel.history(limit=_SEARCH_DEPTH, after=after)]


async def _original(client: discord.Client, token: str) -> discord.Message | None:
    """Return what the interaction was answered with, or None when it never was."""
    webhook = discord.Webhook.partial(client.application_id or 0, token, client=client)
    route = Route(
        "GET", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", webhook_id=webhook.id, webhook_token=token
    )
    try:
        data = await client.http.request(route)
        return await webhook.fetch_message(int(data["id"]))
    except discord.HTTPException as error:
        if error.code in (_UNKNOWN_WEBHOOK, _UNKNOWN_MESSAGE, _EXPIRED_TOKEN):
            return None
        raise


def _shows(message: discord.Message, delivery: Delivery, showing: Showing) -> bool:
    texts = custom_ids(message)
    ids = [button for button in map(id_from_text, texts) if button and button.job_id == delivery.job_id]
    if delivery.kind is Kind.PICTURE:
        mine = {face.custom_id for row in showing.card.rows for face in row}
        return any(single_picture_slot(button) is not None and text_from_id(button) in mine for button in ids)
    if ids:
        return all(single_picture_slot(button) is None for button in ids)
    return not texts and message.content == showing.card.content


def _content(showing: Showing) -> dict[str, Any]:
    return {
        "content": showing.card.content,
        "view": view_from_card(showing.card) if showing.card.rows else None,
        "allowed_mentions": NO_MENTIONS,
    }


def _attachments(showing: Showing) -> Any:
    if showing.attachment:
        return [_file(showing)]
    return [] if showing.bare else discord.utils.MISSING


def _file(showing: Showing) -> discord.File:
    assert showing.attachment is not None
    return discord.File(io.BytesIO(showing.attachment.data), f"{showing.name}.{showing.attachment.ending}")


async def _outcome(work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    try:
        return await work()
    except discord.NotFound as error:
        is_gone = error.code in (_UNKNOWN_CHANNEL, _UNKNOWN_MESSAGE)
        return Gone() if is_gone else Refused(cause=_cause(error), may_write=True)
    except discord.Forbidden as error:
        return Refused(cause=_cause(error), may_write=False)
    except discord.DiscordServerError as error:
        return Later(cause=_cause(error))
    except discord.HTTPException as error:
        if error.status == 413 or error.code == _TOO_LARGE:
            return TooLarge()
        if error.code == _EXPIRED_TOKEN:
            return Refused(cause=_cause(error), may_write=False)
        if error.status in (401, 429):
            return Later(cause=_cause(error))
        return Refused(cause=_cause(error), may_write=True)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return Later(cause=type(error).__name__)


def _cause(error: discord.HTTPException) -> str:
    return f"HTTP {error.status}, Discord code {error.code}"
