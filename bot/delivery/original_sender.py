"""Sends the original files of results, with their seeds, to the direct messages of who reacted with ✉️ or wants each."""

from __future__ import annotations

from datetime import timedelta

import discord
import structlog

from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.context import DeliveryContext
from bot.delivery.nonces import nonce_of
from bot.delivery.originals import original_files, send_privately
from bot.delivery.outcomes import OUTCOME_LABELS, DirectRefusal, DiscordUnavailable, Sent, outcome_of, refusal_of
from bot.language import speaking
from bot.policy.pictures import Showing, ShownWhere
from bot.replies import private_replies
from bot.replies.feedback_replies import saved
from bot.store.envelopes import request_originals
from bot.store.moderation.picture_rules import read_showing
from bot.store.original_requests import (
    OriginalsRequest,
    claim_request,
    drop_request,
    end_request,
    record_notice,
    release_request,
    turn_off,
)
from bot.store.original_tables import OriginalsState, RequestPurpose
from engine.contract.errors import EaselError, PictureCorrupt
from engine.contract.feedback import Surface
from engine.contract.jobs import Visibility
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
        self._is_requested = context.has_requests

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
        if request.purpose is RequestPurpose.PREFERENCE and not request.is_preferred:
            async with self._context.transaction() as connection:
                await drop_request(connection, request.id)
            return timedelta()
        try:
            with speaking(request.language):
                state = await self._settle(request)
        except EaselError:
            state = None
        async with self._context.transaction() as connection:
            if state is None:
                await release_request(connection, request.id)
                return INTERVAL
            await end_request(connection, request.id, state)
        return timedelta()

    async def _settle(self, request: OriginalsRequest) -> OriginalsState | None:
        """Send the result, and see to it that the member knows if Discord refuses; None if it is to be tried again."""
        purpose = request.purpose
        sent = DirectRefusal.CLOSED if purpose is RequestPurpose.TURNED_OFF else await self._send(request)
        if not isinstance(sent, DirectRefusal):
            return sent
        if sent is DirectRefusal.NO_SERVER:
            # They have left the server, and would not read there why.
            return OriginalsState.CLOSED
        if purpose is RequestPurpose.PREFERENCE:
            # Stored before it is said, so that a process that takes over says it.
            async with self._context.transaction() as connection:
                if not await turn_off(connection, request):
                    return OriginalsState.CLOSED
        if purpose is not RequestPurpose.REACTION:
            is_told = await self._tell(request, private_replies.auto_dm_stopped(request.discord_id))
            return OriginalsState.CLOSED if is_told else None
        if not request.is_told:
            await self._tell(request, private_replies.not_sent(request.discord_id, sent))
        return OriginalsState.CLOSED

    async def _send(self, request: OriginalsRequest) -> OriginalsState | DirectRefusal | None:
        """Return what became of it, or why Discord refuses it to the member; None if it is to be tried again.

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
        if request.purpose is RequestPurpose.PREFERENCE and job.visibility is Visibility.PUBLIC:
            place = request.guild_id or "@me"
            text = f"{text}\nhttps://discord.com/channels/{place}/{request.channel_id}/{request.message_id}"
        outcome = await send_privately(self._context.client, request.discord_id, text, files)
        if isinstance(outcome, Sent):
            return OriginalsState.SENT
        if isinstance(outcome, DiscordUnavailable):
            return None
        refusal = refusal_of(outcome)
        if request.purpose is RequestPurpose.REACTION or refusal is not DirectRefusal.OTHER:
            return refusal
        _log.warning("result_not_sent", outcome=OUTCOME_LABELS[type(outcome)])
        return OriginalsState.LOST

    async def _tell(self, request: OriginalsRequest, told: str) -> bool:
        """Say under the result that the member takes no direct messages; where that is forbidden, nothing is said.

        False if it is to be tried again.
        """
        channel = self._context.client.get_partial_messageable(request.channel_id)
        reference = discord.MessageReference(
            message_id=request.message_id, channel_id=request.channel_id, fail_if_not_exists=False
        )
        mentions = discord.AllowedMentions(everyone=False, roles=False, users=True, replied_user=False)
        outcome = await outcome_of(
            lambda: channel.send(told, reference=reference, allowed_mentions=mentions, nonce=nonce_of(request.id))
        )
        if isinstance(outcome, discord.Message):
            await self._keep_notice(request, outcome)
        else:
            _log.info("closed_not_told")
        return not isinstance(outcome, DiscordUnavailable)

    async def _keep_notice(self, request: OriginalsRequest, notice: discord.Message) -> None:
        async with self._context.transaction() as connection:
            is_kept = await record_notice(connection, request.id, notice.id)
        if not is_kept:
            # Its member, or what it is about, was erased while it was being posted.
            await outcome_of(notice.delete)
