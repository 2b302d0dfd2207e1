"""The message that is left in a channel when its result goes elsewhere: deleted, or told that the result cannot come.

Either may be forbidden there, and then the message stays as it is.
"""

from __future__ import annotations

import discord

from bot import replies
from bot.cards import Card, with_note
from bot.delivery.discord_messages import MessageContent, edit, withdraw
from bot.delivery.tracking import TrackedDelivery, TrackedSeries
from bot.store.deliveries import Delivery


async def delete_left(client: discord.Client, item: TrackedDelivery | TrackedSeries) -> None:
    """Delete the message that was left, now that another one is posted."""
    left, item.left = item.left, None
    if left is not None and left.message_id is not None:
        await withdraw(client, left, left.message_id)


async def tell_undeliverable(client: discord.Client, left: Delivery | None, content: MessageContent) -> None:
    """Let the message that was left say, without buttons and picture, that the result can be sent nowhere."""
    if left is None or left.message_id is None:
        return
    title, *_ = content.card.content.split("\n")
    told = MessageContent(
        card=with_note(Card(content=title), str(replies.UNDELIVERABLE)),
        attachment=None,
        name="",
        clears_attachment=True,
        is_last=True,
    )
    await edit(client, left, left.message_id, told)
