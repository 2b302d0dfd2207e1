"""Counts votes, posts what reaches the threshold of its guild, and takes down what is deleted; what is left is found
again after a crash: the post as an open delivery, everything else as votes that are to be counted."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import discord
import structlog

from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.context import DeliveryContext
from bot.delivery.courier import Courier
from bot.delivery.outcomes import DiscordUnavailable, MessageDeleted, Rejected, SendOutcome, outcome_of
from bot.gallery.places import can_post, may_show
from bot.interaction_context import guild_language
from bot.store.deliveries import Delivery, add_deliveries
from bot.store.gallery.posts import LikedJob, Post, find_candidates, find_deleted, record_taken_down
from bot.store.gallery.votes import count_votes, look_again
from bot.store.tables import DeliveryKind
from engine.contract.feedback import Surface
from engine.contract.ids import new_id

_AT_ONCE = 100
_TAKING_DOWN = timedelta(minutes=1)
"""After this, another process takes a post down that one has died over."""
_BEING_POSTED = timedelta(seconds=5)

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class _Settled:
    posts: tuple[Delivery, ...]
    deleted: tuple[Post, ...]


class GalleryKeeper(ClaimedWork):
    """Counts some jobs at a time; several processes share them.

    A grid that many like at once is counted once a second: all its votes are counted each time, and who votes
    meanwhile waits for the count.
    """

    rest = timedelta(seconds=1)

    def __init__(self, context: DeliveryContext, courier: Courier) -> None:
        super().__init__()
        self._context, self._courier = context, courier

    async def work_on_next(self) -> timedelta:
        """Count what is noted first; return after how long to look again."""
        settled = await self._count()
        if settled is None:
            return INTERVAL
        for delivery in settled.posts:
            self._courier.deliver(delivery, is_fresh=True)
        for post in settled.deleted:
            await self._take_down(post)
        return timedelta()

    async def _count(self) -> _Settled | None:
        async with self._context.transaction() as connection:
            job_ids = await count_votes(connection, limit=_AT_ONCE)
            if not job_ids:
                return None
            placed = [(one, self._place(one)) for one in await find_candidates(connection, job_ids)]
            posts = tuple(self._delivery(one, channel) for one, channel in placed if channel)
            if posts:
                await add_deliveries(connection, posts, self._context.instance)
            deleted = tuple(await find_deleted(connection, job_ids))
            if deleted:
                await look_again(connection, [post.job_id for post in deleted], after=_TAKING_DOWN)
        return _Settled(posts=posts, deleted=deleted)

    def _delivery(self, candidate: LikedJob, channel: discord.TextChannel) -> Delivery:
        return _delivery(candidate, channel, guild_language(self._context.client, candidate.guild_id))

    def _place(self, candidate: LikedJob) -> discord.TextChannel | None:
        """Return the gallery channel; None where the picture may not be shown there, or the bot cannot post."""
        guild = self._context.client.get_guild(candidate.guild_id)
        channel = guild.get_channel(candidate.channel_id) if guild else None
        if guild is None or not isinstance(channel, discord.TextChannel):
            return None
        is_fit = may_show(guild, candidate.source_id, channel, is_nsfw=candidate.is_nsfw)
        return channel if can_post(channel) and is_fit else None

    async def _take_down(self, post: Post) -> None:
        """Delete the message, if Discord lets the bot; while it is not there yet, look again soon."""
        if post.message_id is None:
            async with self._context.transaction() as connection:
                await look_again(connection, [post.job_id], after=_BEING_POSTED)
            return
        message_id = post.message_id

        async def remove() -> SendOutcome:
            await self._context.client.http.delete_message(post.channel_id, message_id)
            return MessageDeleted()

        outcome = await outcome_of(remove)
        if isinstance(outcome, DiscordUnavailable):
            return
        if isinstance(outcome, Rejected):
            _log.warning("gallery_post_not_removed", cause=outcome.cause)
        async with self._context.transaction() as connection:
            await record_taken_down(connection, post)


def _delivery(candidate: LikedJob, channel: discord.TextChannel, language: str) -> Delivery:
    now = datetime.now(UTC)
    # Of the kind of Discord's ids, so that what was posted since is found by it.
    press_id = discord.utils.time_snowflake(now) | random.getrandbits(22)
    return Delivery(
        id=new_id(),
        kind=DeliveryKind.GALLERY,
        job_id=candidate.job_id,
        picture_id=candidate.picture_id,
        member_id=candidate.member_id,
        discord_id=candidate.discord_id,
        press_id=str(press_id),
        ordinal=0,
        channel_id=candidate.channel_id,
        moved_from=None,
        reply_to=None,
        message_id=None,
        token=None,
        created_at=now,
        surface=Surface.GUILD,
        is_nsfw_channel=channel.is_nsfw(),
        guild_id=candidate.guild_id,
        language=language,
    )
