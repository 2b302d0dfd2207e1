"""The message of a case: its text, the picture behind a spoiler and the buttons, and sending it to Discord."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import discord

from bot import replies
from bot.cards import AnswerSubject, Card, CardKind, answer_rows, view_from_card, with_note
from bot.custom_ids import id_from_text
from bot.delivery.attachments import ImageFile, fit
from bot.delivery.context import DeliveryContext
from bot.delivery.discord_messages import NO_MENTIONS, open_dm_channel
from bot.delivery.outcomes import MessageDeleted, SendOutcome, Sent, outcome_of
from bot.interaction_context import custom_ids
from bot.language import ENGLISH, speaking
from bot.replies import appeal_replies, moderation_replies
from bot.store.moderation.cases import Case, DiscordPlace
from bot.store.moderation.tables import Decision
from engine.contract.errors import PictureCorrupt
from engine.contract.jobs import Job, Picture

_SEARCH_DEPTH = 100
_NONCE_LENGTH = 25


@dataclass(frozen=True, kw_only=True)
class CaseMessage:
    """What the message shows; without a picture, an edit keeps the one that is there unless `clears_picture`."""

    card: Card
    picture: ImageFile | None = None
    alt: str | None = None
    clears_picture: bool = False

    def without_picture(self) -> CaseMessage:
        """Return the same for a channel that does not take the picture."""
        return replace(self, card=with_note(self.card, str(replies.PICTURE_TOO_LARGE)), picture=None)


async def compose(context: DeliveryContext, case: Case, job: Job | None, picture: Picture | None) -> CaseMessage:
    """Return what the message of the case shows; the picture is read for its first post alone.

    Raises: StoreUnavailable.
    """
    subject, kind = AnswerSubject(job_id=case.id, origin=None), CardKind.APPEAL if case.appeal else CardKind.CASE
    rows = () if case.ruling else answer_rows(context.buttons, kind, subject)
    text = appeal_replies.appeal_text(case) if case.appeal else moderation_replies.case_text(case, job)
    card = Card(content=text, rows=rows)
    if case.message or job is None:
        is_gone = case.ruling is not None and (case.ruling.is_removed or case.ruling.decision is Decision.GONE)
        return CaseMessage(card=card, clears_picture=is_gone)
    try:
        file = await _read_picture(context, job, picture)
    except PictureCorrupt:
        return CaseMessage(card=with_note(card, str(replies.PICTURE_LOST)))
    return CaseMessage(card=card, picture=file, alt=moderation_replies.case_alt(job, picture))


async def post(client: discord.Client, channel_id: int, case: Case, content: CaseMessage) -> SendOutcome:
    """Post the message; for a few minutes Discord ignores a second post of the same case in the channel."""

    async def send() -> SendOutcome:
        extra = _fields(content) | ({"file": _file(content.picture, content.alt)} if content.picture else {})
        channel = client.get_partial_messageable(channel_id)
        # Another one for each version: Discord answers a known one with the message that had it, deleted or not.
        nonce = f"{case.id.int + case.version:x}"[-_NONCE_LENGTH:]
        message = await channel.send(**extra, nonce=nonce)
        return Sent(message_id=message.id)

    return await outcome_of(send)


async def edit(client: discord.Client, place: DiscordPlace, content: CaseMessage) -> SendOutcome:
    """Edit the message."""

    async def change() -> SendOutcome:
        extra: dict[str, Any] = {"attachments": []} if content.clears_picture else {}
        await _partial(client, place).edit(**_fields(content), **extra)
        return Sent(message_id=place.message_id)

    return await outcome_of(change)


async def delete(client: discord.Client, place: DiscordPlace) -> SendOutcome:
    """Delete a message."""

    async def remove() -> SendOutcome:
        await client.http.delete_message(place.channel_id, place.message_id)
        return MessageDeleted()

    return await outcome_of(remove)


async def tell_appellant(client: discord.Client, case: Case) -> SendOutcome | None:
    """Tell the member how their appeal was decided; None if they are not known any more."""
    if case.discord_id is None:
        return None
    channel_id = await open_dm_channel(client, case.discord_id)
    if not isinstance(channel_id, int):
        return channel_id
    guild = client.get_guild(case.guild_id)
    with speaking(case.appeal.language if case.appeal else ENGLISH):
        text = appeal_replies.told(case, guild.name if guild else str(appeal_replies.SOME_SERVER))

    async def send() -> SendOutcome:
        channel = client.get_partial_messageable(channel_id)
        message = await channel.send(text, nonce=case.id.hex[-_NONCE_LENGTH:], allowed_mentions=NO_MENTIONS)
        return Sent(message_id=message.id)

    return await outcome_of(send)


async def find(client: discord.Client, channel_id: int, case_id: UUID) -> int | None:
    """Return the message of an open case that was posted but whose id was never stored; None if there is none."""

    async def look() -> int | None:
        async for message in client.get_partial_messageable(channel_id).history(limit=_SEARCH_DEPTH):
            buttons = [button for button in map(id_from_text, custom_ids(message)) if button]
            if any(button.job_id == case_id for button in buttons):
                return message.id
        return None

    found = await outcome_of(look)
    return found if isinstance(found, int) else None


async def _read_picture(context: DeliveryContext, job: Job, picture: Picture | None) -> ImageFile | None:
    if picture:
        file = ImageFile(data=await context.objects.get(picture.object_key), media_type="image/png")
        return await fit(file, credentials=context.credentials)
    if job.grid_key and job.grid_type:
        file = ImageFile(data=await context.objects.get(job.grid_key), media_type=job.grid_type)
        return await fit(file, credentials=context.credentials)
    return None


def _partial(client: discord.Client, place: DiscordPlace) -> discord.PartialMessage:
    return client.get_partial_messageable(place.channel_id).get_partial_message(place.message_id)


def _fields(content: CaseMessage) -> dict[str, Any]:
    view = view_from_card(content.card) if content.card.rows else None
    return {"content": content.card.content, "view": view, "allowed_mentions": NO_MENTIONS}


def _file(picture: ImageFile, alt: str | None) -> discord.File:
    return discord.File(io.BytesIO(picture.data), f"reported.{picture.extension}", spoiler=True, description=alt)
