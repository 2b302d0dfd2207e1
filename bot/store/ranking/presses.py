"""What presses on pairs do to the store: the answer is logged and counted, and the next pair chosen, all or nothing.

The coroutines are presses, to be run by `bot.store.batch`; their results hold once the transaction is committed.
"""

from __future__ import annotations

from uuid import UUID

from bot.store.interaction import InteractionContext
from bot.store.members import Member
from bot.store.ranking.grids import Place
from bot.store.ranking.pairs import NOT_AGREED, AskedPair, NextPair, PairWanted
from bot.store.statements import (
    count_pairs,
    leave_out_grid,
    lock_member,
    read_pair,
    record_action,
    settle_pair,
    show_pair,
)
from engine.contract.feedback import Choice, Shown, Verb
from engine.feedback.records import Action


async def next_pair(context: InteractionContext, place: Place, *, lost: UUID | None = None) -> NextPair:
    """Choose a pair for the member.

    lost: a job whose pictures cannot be read; nobody is asked about them any more.
    """
    member = await lock_member(context)
    if not member.consent_in_force.may_train:
        return NOT_AGREED
    if lost:
        await leave_out_grid(lost)
    return await show_pair(PairWanted(context=context, member=member, place=place))


async def answer_pair(context: InteractionContext, impression_id: UUID, choice: Choice, place: Place) -> NextPair:
    """Store the member's answer and choose the next pair.

    Two presses are one: of a pair that was answered before, the next one is that which follows it already. A pair whose
    pictures were erased is passed over.
    """
    member = await lock_member(context)
    if not member.consent_in_force.may_train:
        return NOT_AGREED
    asked = await read_pair((impression_id, member.id))
    is_again = asked is not None and asked.press_id is not None
    if asked and not is_again:
        await record_action(_action(context, member, asked, choice))
        await settle_pair((asked, int(context.id), choice))
    return await show_pair(PairWanted(context=context, member=member, place=place, is_again=is_again))


async def count_compared(context: InteractionContext) -> int:
    """Return how many pairs the member has compared."""
    member = await lock_member(context)
    return await count_pairs(member.id)


def _action(context: InteractionContext, member: Member, asked: AskedPair, choice: Choice) -> Action:
    return Action(
        press_id=int(context.id),
        impression_id=asked.impression_id,
        message_id=context.message_id,
        job_id=None,
        member_id=member.id,
        is_owner=asked.is_owner,
        verb=Verb.CHOOSE,
        slot=None,
        picture_id=None,
        value=None,
        choice=choice,
        variation=None,
        replaces=None,
        shown=(Shown(picture_id=asked.left_id, slot=0), Shown(picture_id=asked.right_id, slot=1)),
        model=None,
        model_hash=None,
        surface=context.surface,
        latency=context.latency,
        consent=member.consent_in_force,
        guild_id=context.guild_id,
        at=context.at,
    )
