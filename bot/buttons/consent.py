"""The form of consent: two switches, which change nothing but the form, and the button that saves."""

from __future__ import annotations

from dataclasses import replace

import discord

from bot.answers import edit_pressed
from bot.buttons.about_member import MemberButton
from bot.consent_form import PUBLISHING_VERB, SAVE_VERB, TRAINING_VERB, Switches, consent_view, switches_of
from bot.consent_text import CONSENT_TEXT, CONSENT_VERSION
from bot.replies import privacy_replies
from bot.services import Services
from bot.store.choices import choose
from bot.store.interaction import InteractionContext


class TrainingButton(MemberButton, verb=TRAINING_VERB):
    """Switches training on or off in the form."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show the form with the switch turned."""
        switches = _switches(interaction)
        await _show(interaction, self.version, replace(switches, may_train=not switches.may_train))


class PublishingButton(MemberButton, verb=PUBLISHING_VERB):
    """Switches publishing on or off in the form."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show the form with the switch turned."""
        switches = _switches(interaction)
        await _show(interaction, self.version, replace(switches, may_publish=not switches.may_publish))


class SaveConsentButton(MemberButton, verb=SAVE_VERB):
    """Stores what is switched on as the choice of whoever presses."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the choice, and confirm it; under an old text, ask with the new one instead."""
        switches = _switches(interaction)
        if self.version != CONSENT_VERSION:
            await _show(interaction, self.version, switches)
            return
        await services.commit(
            context,
            lambda: choose(
                context,
                version=CONSENT_VERSION,
                may_train=switches.may_train,
                may_publish=switches.may_publish,
            ),
        )
        services.asked.add(context.discord_id)
        saved = privacy_replies.consent_saved(may_train=switches.may_train, may_publish=switches.may_publish)
        await edit_pressed(interaction, content=saved, view=None)


async def _show(interaction: discord.Interaction, version: int, switches: Switches) -> None:
    """Show the form; one with an old text gets the new one, and its switches are off: the member has not read it."""
    if version == CONSENT_VERSION:
        await edit_pressed(interaction, view=consent_view(version, switches))
        return
    off = Switches(may_train=False, may_publish=False)
    content = f"{privacy_replies.CONSENT_TEXT_CHANGED}\n\n{CONSENT_TEXT}"
    await edit_pressed(interaction, content=content, view=consent_view(CONSENT_VERSION, off))


def _switches(interaction: discord.Interaction) -> Switches:
    assert interaction.message is not None
    return switches_of(interaction.message)
