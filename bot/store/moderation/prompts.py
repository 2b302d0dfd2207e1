"""Whether prompts are allowed where they were asked for: by the words that a guild forbids, and by appeals.

The coroutines are parts of presses, to be run by `bot.store.batch`.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.policy.words import WordForbidden, broken_rule
from bot.store.interaction import InteractionContext
from bot.store.moderation.appeals import AskedPrompt
from bot.store.statements import is_prompt_accepted
from engine.contract.jobs import JobSpec
from engine.safety.words import WordRules


async def check_prompts(
    context: InteractionContext, member_id: UUID, specs: Sequence[JobSpec], rules: WordRules
) -> None:
    """Check that no prompt asks for what the guild forbids, unless its moderators let the member use it.

    Raises: WordForbidden.
    """
    for spec in specs:
        rule = broken_rule(rules, spec)
        if rule is None:
            continue
        asked = AskedPrompt(guild_id=context.guild_id, member_id=member_id, prompt=spec.prompt)
        if not await is_prompt_accepted(asked):
            raise WordForbidden(rule=rule, prompt=spec.prompt)
