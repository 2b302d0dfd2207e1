"""Links to messages in a prompt of `--between`, which stand for the results that the messages show."""

from __future__ import annotations

import re

from bot.policy.between import unknown_result
from bot.services import Services
from bot.store.between import read_jobs_of_messages
from bot.store.interaction import InteractionContext

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
