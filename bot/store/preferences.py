"""How members want Easel to work for them; the coroutines are presses, to be run by `bot.store.batch`."""

from __future__ import annotations

from bot.store.interaction import InteractionContext
from bot.store.statements import lock_member, turn_remix


async def toggle_remix(context: InteractionContext) -> bool:
    """Turn remix on, or off if it is on; return whether it is on now."""
    member = await lock_member(context.discord_id)
    return await turn_remix(member.id)
