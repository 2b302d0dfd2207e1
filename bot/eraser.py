"""Carries out erasures: the rows, then messages in Discord, then files; what is left is found again after a crash."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.context import DeliveryContext
from bot.delivery.outcomes import DiscordUnavailable, Rejected, SendOutcome, Sent, outcome_of
from bot.interaction_context import guild_language
from bot.language import speaking
from bot.replies import privacy_replies
from bot.store.erased_files import delete_files
from bot.store.erasures import (
    DiscordMessage,
    Erasure,
    claim_erasure,
    erase_member,
    finish_erasure,
    forget_message_of,
    read_messages,
    release_erasure,
    renew_erasure,
)
from bot.store.learning.adapters import adapters_of_member

_IN_HAND = timedelta(seconds=1)
_AT_ONCE = 50

_log = structlog.get_logger()


class Eraser(ClaimedWork):
    """Works on one erasure at a time; several processes share them."""

    def __init__(self, context: DeliveryContext) -> None:
        super().__init__()
        self._context = context

    async def work_on_next(self) -> timedelta:
        """Go on with the oldest erasure; return after how long to look again."""
        async with self._context.transaction() as connection:
            erasure = await claim_erasure(connection)
        if erasure is None:
            return INTERVAL
        pause = INTERVAL
        try:
            pause = await self._erase(erasure)
        finally:
            async with self._context.transaction() as connection:
                await release_erasure(connection, erasure.id)
        return pause

    async def _erase(self, erasure: Erasure) -> timedelta:
        if not erasure.is_deleted:
            async with self._context.transaction() as connection:
                learnt = await adapters_of_member(connection, erasure.member_id)
                is_erased = await erase_member(connection, erasure)
            if not is_erased:
                return _IN_HAND
            if learnt:
                _log.warning("adapters_to_train_anew", cause="erased", adapters=learnt)
        if not await self._delete_messages(erasure):
            return INTERVAL
        await delete_files(self._context.database, self._context.objects, erasure)
        async with self._context.transaction() as connection:
            await finish_erasure(connection, erasure.id)
        _log.info("member_erased")
        return timedelta()

    async def _delete_messages(self, erasure: Erasure) -> bool:
        """Delete the messages; False if Discord cannot be reached."""
        while True:
            async with self._context.transaction() as connection:
                await renew_erasure(connection, erasure.id)
                messages = await read_messages(connection, erasure.id, limit=_AT_ONCE)
            if not messages:
                return True
            for message in messages:
                outcome = await self._delete(message)
                if isinstance(outcome, DiscordUnavailable):
                    return False
                if isinstance(outcome, Rejected):
                    _log.warning("message_not_erased", cause=outcome.cause)
                async with self._context.transaction() as connection:
                    await forget_message_of(connection, erasure.id, message)

    async def _delete(self, message: DiscordMessage) -> SendOutcome | None:
        """Delete the message, or empty it if it cannot be deleted."""
        client = self._context.client
        outcome = await outcome_of(lambda: client.http.delete_message(message.channel_id, message.message_id))
        if not isinstance(outcome, Rejected):
            return outcome

        async def empty() -> SendOutcome:
            place = client.get_partial_messageable(message.channel_id)
            guild = getattr(client.get_channel(message.channel_id), "guild", None)
            with speaking(guild_language(client, guild and guild.id)):
                said = str(privacy_replies.ERASED)
            await place.get_partial_message(message.message_id).edit(content=said, embeds=[], attachments=[], view=None)
            return Sent(message_id=message.message_id)

        return await outcome_of(empty)
