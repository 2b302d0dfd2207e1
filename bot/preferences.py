"""Changing what a member prefers, and what is wrong with what they ask for."""

from __future__ import annotations

from collections.abc import Callable

from bot.policy.preferences import MemberPreferences
from bot.prompts import errors_text, named_adapters
from bot.replies import code_block
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.preferences import change_preferences
from engine.prompt import Limits, check_option, check_suffix
from engine.prompt.checks.own_adapters import with_usable


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


async def suffix_problem(suffix: str, services: Services, context: InteractionContext) -> str | None:
    """Return what is wrong with a suffix, for its member; None if nothing is.

    It may name LoRAs that the member may use where they say so; whether they may elsewhere, each prompt finds out.

    Raises: StoreUnavailable.
    """
    errors = check_suffix(suffix, await _limits_for(suffix, services, context))
    return code_block(errors_text(errors)) if errors else None


async def option_problem(name: str, value: str, services: Services, context: InteractionContext) -> str | None:
    """Return what is wrong with a custom option, for its member, as that of a suffix; None if nothing is.

    Raises: StoreUnavailable.
    """
    errors = check_option(name, value, await _limits_for(value, services, context))
    return code_block(errors_text(errors)) if errors else None


async def _limits_for(text: str, services: Services, context: InteractionContext) -> Limits:
    return with_usable(services.limits, await named_adapters(services, context, text))
