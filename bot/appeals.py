"""What a member reads when something is refused: why, and a button to appeal where moderators can decide otherwise."""

from __future__ import annotations

import discord
import structlog

from bot import replies
from bot.cards import AnswerSubject, Card, CardKind, answer_rows
from bot.interaction_context import context_from_interaction
from bot.policy.guild_rules import ChannelNotAllowed
from bot.policy.restrictions import MemberRestricted
from bot.policy.words import WordForbidden
from bot.replies import appeal_replies
from bot.services import Services
from bot.store.moderation.appeals import AppealState, Standing, note_refusal, read_standing
from engine.contract.errors import EaselError
from engine.error_boundary import result_of

_log = structlog.get_logger()

_SHARE = 4
"""Of the time for an answer, most of which the refused work may have taken."""

_NOTHING = Standing(id=None, state=AppealState.NONE)


async def refusal_card(interaction: discord.Interaction, services: Services, error: EaselError) -> Card:
    """Return the reply for the error; what can be appealed has a button, or says what has become of the appeal."""
    if isinstance(error, ChannelNotAllowed) and interaction.guild and interaction.guild.channels:
        error = error.among([channel.id for channel in interaction.guild.channels])
    said = replies.reply_for(error)
    if interaction.guild_id is None or not isinstance(error, WordForbidden | MemberRestricted):
        return Card(content=said)
    standing = await result_of(_read_standing(interaction, services, error))
    if isinstance(standing, Exception):
        _log.warning("appeal_not_offered", error=type(standing).__name__)
        standing = _NOTHING
    if standing.id is None or standing.state is not AppealState.NONE:
        return Card(content=appeal_replies.refused_again(said, standing.state))
    subject = AnswerSubject(job_id=standing.id, origin=None)
    return Card(content=said, rows=answer_rows(services.buttons, CardKind.REFUSED, subject))


async def _read_standing(
    interaction: discord.Interaction, services: Services, error: WordForbidden | MemberRestricted
) -> Standing:
    async with services.database.begin(limit=services.answer_margin / _SHARE) as connection:
        if isinstance(error, WordForbidden):
            context = context_from_interaction(interaction)
            return await note_refusal(connection, context, error.prompt, error.rule)
        return await read_standing(connection, error.restriction.case_id)
