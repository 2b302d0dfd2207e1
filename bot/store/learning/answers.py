"""What an administrator's press about an adapter does to the store; a press, to be run by `bot.store.batch`."""

from __future__ import annotations

from uuid import UUID

from bot.store.interaction import InteractionContext
from bot.store.learning.questions import AdapterAnswer, AdapterQuestion
from bot.store.learning.tables import AdapterDecision
from bot.store.statements import answer_question, lock_any_member


async def answer_about(
    context: InteractionContext, adapter_id: UUID, answer: AdapterDecision
) -> AdapterQuestion | None:
    """AdapterDecision the question if nobody has, and return what stands; None if it is not asked in this channel.

    Whether the member may is not asked here.
    """
    member = await lock_any_member(context.discord_id)
    return await answer_question(
        AdapterAnswer(adapter_id=adapter_id, member_id=member.id, channel_id=context.channel_id, answer=answer)
    )
