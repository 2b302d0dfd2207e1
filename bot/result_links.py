"""The results that a prompt of `--between` names, by links to their messages or by ids: those that the member sees."""

from __future__ import annotations

import re
from collections.abc import Sequence

import discord

from bot.policy.between import unknown_result
from bot.ranking import place_of
from bot.services import Services
from bot.store.between import find_seen, read_jobs_of_messages
from bot.store.interaction import InteractionContext
from engine.contract.jobs import JobSpec

_LINK = re.compile(r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/channels/(?:@me|\d+)/\d+/(\d{1,19})")


async def with_job_ids(services: Services, context: InteractionContext, text: str) -> str:
    """Return the text with the ids of jobs in place of links to the messages that show them.

    Raises: EndsRefused for a message that shows nothing of Easel's, or nothing that the member may see.
    """
    if "between" not in text.lower() or not _LINK.search(text):
        return text
    links = {match[0]: int(match[1]) for match in _LINK.finditer(text)}
    async with services.database.begin(limit=services.answer_margin) as connection:
        found = await read_jobs_of_messages(connection, context.discord_id, list(links.values()))
    if unknown := [link for link, message_id in links.items() if message_id not in found]:
        raise unknown_result(unknown[0])
    return _LINK.sub(lambda match: str(found[int(match[1])]), text)


async def check_seen(
    interaction: discord.Interaction, services: Services, context: InteractionContext, specs: Sequence[JobSpec]
) -> None:
    """Check that the results that the specs name are the member's, or posted in a channel of this server that they see.

    An id is no secret: it is part of the names of files, which members hand on.

    Raises: EndsRefused.
    """
    named = dict.fromkeys(str(name) for spec in specs for name in _named(spec))
    if not named:
        return
    place = place_of(interaction, context)
    async with services.database.begin(limit=services.answer_margin) as connection:
        seen = await find_seen(connection, context.discord_id, place, list(named))
    if unseen := [name for name in named if name.lower() not in seen]:
        raise unknown_result(unseen[0])


def _named(spec: JobSpec) -> Sequence[object]:
    named = spec.parameters.get("between")
    return named if isinstance(named, tuple) else ()
