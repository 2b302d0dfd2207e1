"""Why?: says to its owner why a result is not shown, with a button to appeal."""

from __future__ import annotations

import discord

from bot.answers import send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, CardKind, answer_rows
from bot.custom_ids import ONE_TO_FOUR_OR_ALL
from bot.policy.pictures import Showing
from bot.replies import appeal_replies, withheld_replies
from bot.services import Services
from bot.store.button_actions import ButtonPress, read_own
from bot.store.interaction import InteractionContext
from bot.store.moderation.appeals import AppealState, read_standing
from bot.store.moderation.picture_rules import read_showing, where_of_context
from engine.contract.jobs import Job


class WithheldButton(JobButton, verb="whynot", index=ONE_TO_FOUR_OR_ALL):
    """Says why the picture that its index names, or the whole grid, is not shown."""

    rows = {CardKind.WITHHELD: 0}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(job.id, None if slot is None else slot + 1, label=str(withheld_replies.WHY_LABEL)),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Say why, and what has become of an appeal; nothing is stored."""
        press = await services.commit(context, lambda: read_own(context, self.button.job_id))
        if await self._is_shown(services, context, press):
            await send_ephemeral(interaction, withheld_replies.SHOWN_NOW)
            return
        async with services.database.begin(limit=services.answer_margin) as connection:
            standing = await read_standing(connection, press.job.id)
        said = str(withheld_replies.WITHHELD)
        # An administrator reads it as well, but it is not theirs to appeal.
        if standing.state is not AppealState.NONE or press.member.id != press.job.member_id:
            await send_ephemeral(interaction, appeal_replies.refused_again(said, standing.state))
            return
        subject = AnswerSubject(job_id=press.job.id, origin=None)
        await send_ephemeral(interaction, said, answer_rows(services.buttons, CardKind.REFUSED, subject))

    async def _is_shown(self, services: Services, context: InteractionContext, press: ButtonPress) -> bool:
        slot = self.slot_or_all()
        pictures = [one for one in press.pictures if slot in (None, one.slot)]
        async with services.database.begin(limit=services.answer_margin) as connection:
            showing = await read_showing(connection, where_of_context(context), press.job, pictures)
        return services.limits.shows_unsafe or showing is not Showing.WITHHOLD
