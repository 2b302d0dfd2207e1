"""✉️ as a reaction: sends the original files of a result, with their seeds, to the direct messages of who reacted."""

from __future__ import annotations

from datetime import timedelta

import discord
import structlog

from bot import private_replies
from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.context import DeliveryContext
from bot.delivery.nonces import nonce_of
from bot.delivery.originals import original_files, send_privately
from bot.delivery.outcomes import DiscordUnavailable, Sent, outcome_of
from bot.feedback_replies import saved
from bot.policy.pictures import Showing, ShownWhere
from bot.store.moderation.picture_rules import read_showing
from bot.store.original_requests import (
    OriginalsRequest,
    OriginalsState,
    claim_request,
    end_request,
    release_request,
    request_originals,
)
from engine.contract.errors import EaselError, PictureCorrupt
from engine.contract.feedback import Surface
from engine.error_boundary import logged_result_of

ENVELOPES = frozenset({"✉️", "✉"})
"""The emoji, with and without the character that asks for its colours."""

_DIRECTLY = ShownWhere(guild_id=None, surface=Surface.DM, is_age_restricted=False)

_log = structlog.get_logger()


class OriginalSender(ClaimedWork):
    """Sends one result at a time; several processes share them."""

    def __init__(self, context: DeliveryContext) -> None:
        super().__init__()
        self._context = context

    async def take(self, reaction: discord.RawReactionActionEvent) -> None:
        """Keep that the member wants what they have reacted to with an envelope; other reactions mean nothing."""
        client = self._context.client
        own_id = client.user.id if client.user else None
        is_of_other = reaction.message_author_id not in (None, own_id)
        if reaction.emoji.name not in ENVELOPES or reaction.user_id == own_id or is_of_other:
            return
        if await logged_result_of(self._keep(reaction)) is True:
            self.wake()

    async def _keep(self, reaction: discord.RawReactionActionEvent) -> bool:
        async with self._context.transaction() as connection:
            shows_unsafe = self._context.limits.shows_unsafe
            return await request_originals(connection, reaction.user_id, reaction.message_id, shows_unsafe=shows_unsafe)

    async def work_on_next(self) -> timedelta:
        """Send what has waited longest; return after how long to look again."""
        async with self._context.transaction() as connection:
            request = await claim_request(connection)
        if request is None:
            return INTERVAL
        try:
            state = await self._send(request)
        except EaselError:
            state = None
        async with self._context.transaction() as connection:
            if state is None:
                await release_request(connection, request.id)
                return INTERVAL
            await end_request(connection, request.id, state)
        return timedelta()

    async def _send(self, request: OriginalsRequest) -> OriginalsState | None:
        """Return what became of it; None if it is to be tried again.

        Raises: StoreUnavailable.
        """
        job, pictures = request.job, request.pictures
        async with self._context.transaction() as connection:
            showing = await read_showing(connection, _DIRECTLY, job, pictures)
        try:
            is_spoiler = showing is not Showing.SHOW and not self._context.limits.shows_unsafe
            files = await original_files(
                self._context.objects, job, pictures, self._context.credentials, is_spoiler=is_spoiler
            )
        except PictureCorrupt:
            return OriginalsState.LOST
        text = saved(job.spec.prompt, [(picture.slot, picture.seed) for picture in pictures])
        outcome = await send_privately(self._context.client, request.discord_id, text, files)
        if isinstance(outcome, Sent):
            return OriginalsState.SENT
        if isinstance(outcome, DiscordUnavailable):
            return None
        if not request.is_told:
            await self._tell_closed(request)
        return OriginalsState.CLOSED

    async def _tell_closed(self, request: OriginalsRequest) -> None:
        """Say under the result that the member takes no direct messages; where that is forbidden, nothing is said."""
        channel = self._context.client.get_partial_messageable(request.channel_id)
        told = private_replies.direct_messages_closed(request.discord_id)
        reference = discord.MessageReference(
            message_id=request.message_id, channel_id=request.channel_id, fail_if_not_exists=False
        )
        mentions = discord.AllowedMentions(everyone=False, roles=False, users=True, replied_user=False)
        outcome = await outcome_of(
            lambda: channel.send(told, reference=reference, allowed_mentions=mentions, nonce=nonce_of(request.id))
        )
        if not isinstance(outcome, discord.Message):
            _log.info("closed_not_told")
