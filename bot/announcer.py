"""Posts the operator's announcements in the channels that guilds have chosen, once in each; deletes withdrawn ones."""

from __future__ import annotations

from datetime import timedelta

import discord
import structlog

from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.context import DeliveryContext
from bot.delivery.discord_messages import NO_MENTIONS
from bot.delivery.outcomes import (
    ChannelDeleted,
    DiscordUnavailable,
    MessageDeleted,
    Rejected,
    SendOutcome,
    Sent,
    outcome_of,
)
from bot.interaction_context import guild_language
from bot.language import speaking
from bot.replies import announcement_replies
from bot.store.announcements.posting import (
    AnnouncementPost,
    WithdrawnPost,
    claim_post,
    claim_withdrawn,
    end_post,
    put_off,
)
from bot.store.announcements.tables import PostState

_SEARCH_DEPTH = 100
_CLOCK_SKEW = timedelta(minutes=1)
"""How far the clocks of Discord and Postgres may differ."""
_NONCE_LENGTH = 25

_log = structlog.get_logger()


class Announcer(ClaimedWork):
    """Posts one announcement in one guild at a time; several processes share them."""

    def __init__(self, context: DeliveryContext) -> None:
        super().__init__()
        self._context = context

    async def work_on_next(self) -> timedelta:
        """Delete what was withdrawn, or post what has waited longest; return after how long to look again."""
        async with self._context.transaction() as connection:
            withdrawn = await claim_withdrawn(connection)
            post = None if withdrawn else await claim_post(connection)
        if withdrawn is not None:
            await self._take_back(withdrawn)
        elif post is not None:
            await self._post(post)
        is_idle = withdrawn is None and post is None
        return INTERVAL if is_idle else timedelta()

    async def _post(self, post: AnnouncementPost) -> None:
        outcome = await self._send(post, post.channel_id) if post.is_wanted and post.channel_id else None
        await self._settle(post, outcome)

    async def _take_back(self, post: WithdrawnPost) -> None:
        outcome = await self._delete(post, post.channel_id) if post.channel_id else MessageDeleted()
        async with self._context.transaction() as connection:
            match outcome:
                case MessageDeleted() | ChannelDeleted():
                    await end_post(connection, post, PostState.WITHDRAWN)
                case DiscordUnavailable():
                    await put_off(connection, post, INTERVAL)
                case _:
                    _log.warning("announcement_left", **_place(post), cause=_cause(outcome))
                    await end_post(connection, post, PostState.LEFT, post.message_id)

    async def _delete(self, post: WithdrawnPost, channel_id: int) -> SendOutcome:
        """Delete the message of the post, if there is one."""
        found = Sent(message_id=post.message_id) if post.message_id else await self._find(post, channel_id)
        if not isinstance(found, Sent):
            return found
        message = self._context.client.get_partial_messageable(channel_id).get_partial_message(found.message_id)

        async def delete() -> SendOutcome:
            await message.delete()
            return MessageDeleted()

        return await outcome_of(delete)

    async def _send(self, post: AnnouncementPost, channel_id: int) -> SendOutcome:
        if post.attempts > 1:
            found = await self._find(post, channel_id)
            # Where the bot may not read the history, Discord ignores a second post for a few minutes.
            if isinstance(found, Sent | DiscordUnavailable):
                return found
        channel = self._context.client.get_partial_messageable(channel_id)
        with speaking(guild_language(self._context.client, post.guild_id)):
            text = announcement_replies.announced(post.text)

        async def send() -> SendOutcome:
            nonce = f"{post.announcement_id.int ^ post.guild_id:x}"[-_NONCE_LENGTH:]
            return Sent(message_id=(await channel.send(text, nonce=nonce, allowed_mentions=NO_MENTIONS)).id)

        return await outcome_of(send)

    async def _find(self, post: AnnouncementPost | WithdrawnPost, channel_id: int) -> SendOutcome:
        """Return the message, if an earlier attempt has posted one whose id was never stored."""
        client = self._context.client
        channel = client.get_partial_messageable(channel_id)

        async def look() -> SendOutcome:
            async for message in channel.history(limit=_SEARCH_DEPTH, after=post.created_at - _CLOCK_SKEW):
                if _is_own(client, message) and post.text in message.content:
                    return Sent(message_id=message.id)
            return MessageDeleted()

        return await outcome_of(look)

    async def _settle(self, post: AnnouncementPost, outcome: SendOutcome | None) -> None:
        async with self._context.transaction() as connection:
            match outcome:
                case None:
                    await end_post(connection, post, PostState.UNWANTED)
                case Sent(message_id=message_id):
                    await end_post(connection, post, PostState.POSTED, message_id)
                case DiscordUnavailable():
                    await put_off(connection, post, INTERVAL)
                case _:
                    _log.warning("announcement_refused", **_place(post), cause=_cause(outcome))
                    await end_post(connection, post, PostState.REFUSED)


def _place(post: AnnouncementPost | WithdrawnPost) -> dict[str, int | None]:
    return {"guild": post.guild_id, "channel": post.channel_id}


def _cause(outcome: SendOutcome) -> str:
    return outcome.cause if isinstance(outcome, Rejected) else type(outcome).__name__


def _is_own(client: discord.Client, message: discord.Message) -> bool:
    return client.user is not None and message.author.id == client.user.id
