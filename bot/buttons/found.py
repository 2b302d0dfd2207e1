"""The buttons of a list of found pictures: one turns its pages, the others bring a job back into the channel."""

from __future__ import annotations

import discord

from bot.answers import send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, CardKind
from bot.custom_ids import PAGE, PAGE_VERB
from bot.finding import show_again, show_page
from bot.ranking import place_of
from bot.replies.finding_replies import NEWER, OLDER, SEARCH_GONE
from bot.services import SEND_MARGIN, Services
from bot.store.finding.searches import turn_page
from bot.store.interaction import InteractionContext


class ShowButton(JobButton, verb="show"):
    """Brings its job back."""

    rows = {CardKind.FOUND: 0}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return one button for each of the member's own jobs, numbered as in the list."""
        return tuple(cls.face(job_id, label=f"{number}") for number, job_id in enumerate(subject.found, 1))

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Post the job once more."""
        await show_again(interaction, services, context, self.button.job_id)


class PageButton(JobButton, verb=PAGE_VERB, index=PAGE):
    """Shows the page that its index names; its id names the search in place of a job."""

    rows = {CardKind.FOUND: 1}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the buttons to the pages that there are."""
        sides = zip(subject.pages, (NEWER, OLDER), ("◀️", "▶️"), strict=True)
        return tuple(
            cls.face(subject.job_id, page, label=str(label), emoji=emoji) for page, label, emoji in sides if page
        )

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show the page in place of the one that is shown."""
        place, number = place_of(interaction, context), self.slot() + 1
        async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
            page = await turn_page(connection, context.discord_id, self.button.job_id, number, place)
        if page is None:
            await send_ephemeral(interaction, SEARCH_GONE)
        else:
            await show_page(interaction, services, page)
