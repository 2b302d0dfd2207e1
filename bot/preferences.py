"""Changing what a member prefers, and what is wrong with what they ask for."""

from __future__ import annotations

from collections.abc import Callable

from bot.policy.preferences import MemberPreferences
from bot.prompts import errors_text
from bot.replies import code_block
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.preferences import change_preferences
from engine.prompt import check_option, check_suffix


async def change(
    services: Services, context: InteractionContext, make: Callable[[MemberPreferences], MemberPreferences]
) -> MemberPreferences:
    """Change what the member prefers; it holds from the next prompt on.

    Raises: what `make` raises.
    """
    async with services.database.begin(limit=services.answer_margin) as connection:
        preferences = await change_preferences(connection, context, make)
    services.preferences.remember(context.discord_id, preferences)
    return preferences


def suffix_problem(suffix: str, services: Services) -> str | None:
    """Return what is wrong with a suffix, for its member; None if nothing is."""
    errors = check_suffix(suffix, services.limits)
    return code_block(errors_text(errors)) if errors else None


def option_problem(name: str, value: str, services: Services) -> str | None:
    """Return what is wrong with a custom option, for its member; None if nothing is."""
    errors = check_option(name, value, services.limits)
    return code_block(errors_text(errors)) if errors else None
