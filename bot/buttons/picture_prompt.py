"""The form in which a member writes a prompt around a picture of a message; the menu of the message opens it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import discord

from bot.answers import open_form
from bot.buttons.base import FormButton
from bot.prompt_form import PROMPT_FIELD, prompt_form
from bot.queueing import queue_prompt
from bot.replies.menu_replies import PICTURE_PROMPT_LABEL, PICTURE_PROMPT_TITLE
from bot.services import SEND_MARGIN, Services
from bot.store.finding.searches import find_shown
from bot.store.interaction import InteractionContext
from engine.contract.jobs import Visibility


class PicturePromptButton(FormButton, verb="pictureprompt"):
    """No card has it: its id is that of the form alone, and names the message in place of a job."""

    is_hidden: ClassVar[bool] = False

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Queue what was written, as `/imagine` does; what starts from a private picture is private."""
        async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
            found = await find_shown(connection, context.discord_id, self.button.job_id.int, None)
        is_private = self.is_hidden or (found is not None and found.job.visibility is Visibility.PRIVATE)
        visibility = Visibility.PRIVATE if is_private else Visibility.PUBLIC
        await queue_prompt(interaction, services, form.get(PROMPT_FIELD, ""), {}, {}, visibility=visibility)


class HiddenPicturePromptButton(PicturePromptButton, verb="hiddenpictureprompt"):
    """The same for a message that the member alone sees: it may show pictures of private jobs without being of one."""

    is_hidden = True


async def ask_for_prompt(
    interaction: discord.Interaction, message: discord.Message, picture: discord.Attachment
) -> None:
    """Ask what to paint from the picture, whose address the form already has."""
    button = HiddenPicturePromptButton if message.flags.ephemeral else PicturePromptButton
    custom_id = button.face(UUID(int=message.id)).custom_id
    form = prompt_form(custom_id, str(PICTURE_PROMPT_TITLE), str(PICTURE_PROMPT_LABEL), f"{picture.url} ")
    await open_form(interaction, form)
