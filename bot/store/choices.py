"""What members choose about their own data; the coroutines are presses, to be run by `bot.store.batch`."""

from __future__ import annotations

from bot.store.consents import ConsentChoice
from bot.store.erasures import ErasureRequest
from bot.store.interaction import InteractionContext
from bot.store.statements import lock_any_member, start_erasure, store_choice


async def choose(context: InteractionContext, *, version: int, may_train: bool, may_publish: bool) -> None:
    """Store what the member agrees to, having been shown this version of the text; it is in force at once."""
    member = await lock_any_member(context.discord_id)
    choice = ConsentChoice(
        press_id=int(context.id),
        member_id=member.id,
        version=version,
        may_train=may_train,
        may_publish=may_publish,
        at=context.at,
    )
    await store_choice(choice)


async def erase_myself(context: InteractionContext) -> None:
    """Begin the erasure of the member: from now on, their Discord user is somebody new."""
    member = await lock_any_member(context.discord_id)
    await start_erasure(ErasureRequest(press_id=int(context.id), member_id=member.id))
