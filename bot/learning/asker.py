"""Posts what administrators are asked about adapters, once, and keeps the message up to date."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import discord
import structlog

from bot.cards import AnswerSubject, Card, CardKind, answer_rows, view_from_card, with_note
from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.attachments import ImageFile, fit
from bot.delivery.context import DeliveryContext
from bot.delivery.discord_messages import NO_MENTIONS
from bot.delivery.outcomes import AttachmentTooLarge, DiscordUnavailable, SendOutcome, Sent, outcome_of
from bot.interaction_context import guild_language
from bot.language import speaking
from bot.moderation.case_message import find
from bot.replies import learning_replies
from bot.store.learning.questions import AdapterQuestion, claim_question, record_posted, release_question
from bot.store.moderation.cases import DiscordPlace
from bot.store.moderation.channels import read_channel
from engine.contract.errors import PictureCorrupt

_TRY_AGAIN = timedelta(minutes=10)

_log = structlog.get_logger()


class AdapterAsker(ClaimedWork):
    """Posts or edits one question at a time; several processes share them.

    channel_id: the channel that the operator has configured; None for the moderators' channel of the bot's only guild.
    """

    def __init__(self, context: DeliveryContext, channel_id: int | None = None) -> None:
        super().__init__()
        self._context, self._channel_id = context, channel_id

    async def work_on_next(self) -> timedelta:
        """Bring the message of the next question up to date; return after how long to look again."""
        async with self._context.transaction() as connection:
            question = await claim_question(connection)
        if question is None:
            return INTERVAL
        after = _TRY_AGAIN
        try:
            after = await self._show(question)
        finally:
            async with self._context.transaction() as connection:
                await release_question(connection, question.adapter.id, after=after)
        return timedelta()

    async def _show(self, question: AdapterQuestion) -> timedelta:
        """Return after how long the question is to be tried again, if its message is not up to date."""
        channel_id = question.message.channel_id if question.message else await self._channel()
        if channel_id is None:
            if question.answer is None:
                _log.warning("adapter_not_asked_about", adapter=question.adapter.name, cause="no channel")
            return _TRY_AGAIN
        guild = getattr(self._context.client.get_channel(channel_id), "guild", None)
        with speaking(guild_language(self._context.client, guild and guild.id)):
            outcome = await self._send(question, channel_id)
        if isinstance(outcome, Sent):
            place = DiscordPlace(channel_id=channel_id, message_id=outcome.message_id)
            async with self._context.transaction() as connection:
                await record_posted(connection, question, place)
            return timedelta()
        if isinstance(outcome, DiscordUnavailable):
            return INTERVAL
        _log.warning("adapter_not_asked_about", adapter=question.adapter.name, cause=type(outcome).__name__)
        if question.answer or question.message:
            # Decided, or posted where nobody sees it any more.
            async with self._context.transaction() as connection:
                await record_posted(connection, question, None)
        return _TRY_AGAIN

    async def _channel(self) -> int | None:
        """Return where to ask; of several guilds, nobody but the operator knows which one is theirs."""
        if self._channel_id is not None:
            return self._channel_id
        guilds = self._context.client.guilds
        if len(guilds) != 1:
            return None
        async with self._context.transaction() as connection:
            found = await read_channel(connection, guilds[0].id)
        return found.channel_id if found else None

    async def _send(self, question: AdapterQuestion, channel_id: int) -> SendOutcome:
        card = self._card(question)
        if question.message:
            return await self._edit(question.message, card)
        if question.attempts > 1 and (posted := await find(self._context.client, channel_id, question.adapter.id)):
            return await self._edit(DiscordPlace(channel_id=channel_id, message_id=posted), card)
        sheet = await self._sheet(question)
        if sheet is None:
            card = with_note(card, str(learning_replies.SHEET_LOST))
        outcome = await self._post(question, channel_id, card, sheet)
        if sheet is not None and isinstance(outcome, AttachmentTooLarge):
            outcome = await self._post(question, channel_id, card, None)
        return outcome

    def _card(self, question: AdapterQuestion) -> Card:
        subject = AnswerSubject(job_id=question.adapter.id, origin=None)
        rows = () if question.answer else answer_rows(self._context.buttons, CardKind.ADAPTER, subject)
        return Card(content=learning_replies.question_text(question), rows=rows)

    async def _sheet(self, question: AdapterQuestion) -> ImageFile | None:
        if question.adapter.sheet_key is None:
            return None
        try:
            data = await self._context.objects.get(question.adapter.sheet_key)
        except PictureCorrupt:
            return None
        return await fit(ImageFile(data=data, media_type="image/jpeg"), credentials=self._context.credentials)

    async def _post(
        self, question: AdapterQuestion, channel_id: int, card: Card, sheet: ImageFile | None
    ) -> SendOutcome:
        async def send() -> SendOutcome:
            extra = _fields(card) | ({"file": _file(sheet)} if sheet else {})
            channel = self._context.client.get_partial_messageable(channel_id)
            nonce = question.adapter.id.hex[-25:]
            message = await channel.send(**extra, nonce=nonce)
            return Sent(message_id=message.id)

        return await outcome_of(send)

    async def _edit(self, place: DiscordPlace, card: Card) -> SendOutcome:
        async def change() -> SendOutcome:
            channel = self._context.client.get_partial_messageable(place.channel_id)
            await channel.get_partial_message(place.message_id).edit(**_fields(card))
            return Sent(message_id=place.message_id)

        return await outcome_of(change)


def _fields(card: Card) -> dict[str, Any]:
    return {
        "content": card.content,
        "view": view_from_card(card) if card.rows else None,
        "allowed_mentions": NO_MENTIONS,
    }


def _file(sheet: ImageFile) -> discord.File:
    name = f"before-after.{sheet.extension}"
    return discord.File(io.BytesIO(sheet.data), name, description=str(learning_replies.SHEET_ALT))
