"""The controls of the page of `/server settings` about safety."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import discord

from bot.answers import in_time, show_panel
from bot.buttons.panel_control import PanelControl
from bot.buttons.server_control import ServerControl, ServerFormControl
from bot.interaction_context import context_from_interaction
from bot.moderation.moderators_channel import name_channel
from bot.policy.pictures import PictureRules, Showing
from bot.replies import moderation_replies, safety_replies
from bot.server_panel import safety
from bot.server_panel.frame import SettingsPage
from bot.server_panel.safety import SafetyState
from bot.services import Services
from bot.store.guild_settings import change_words, read_words
from bot.store.interaction import InteractionContext
from bot.store.moderation.cases import count_open
from bot.store.moderation.channels import read_channel, set_channel
from bot.store.moderation.picture_rules import change_picture_rules, read_picture_rules
from engine.safety.words import RuleRefused, texts_from_list, with_rules, without_rules


class SafetyControl(ServerControl):
    """A control of the page."""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page."""
        await _show_safety(interaction, services, note=note)


class SafetyPageControl(SafetyControl, verb=SettingsPage.SAFETY):
    """Leads to the page."""


class PictureRuleControl(SafetyControl):
    """Chooses how unsafe pictures are shown."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store what was chosen."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            await change_picture_rules(connection, context, lambda old: self.changed(old, chosen[0]))
        return ""

    def changed(self, old: PictureRules, value: str) -> PictureRules:
        """Return the rules with what was chosen."""
        raise NotImplementedError


class ElsewhereControl(PictureRuleControl, verb=safety.ELSEWHERE_VERB):
    """In channels that are not restricted by age."""

    def changed(self, old: PictureRules, value: str) -> PictureRules:
        """Return the rules with what was chosen."""
        return replace(old, elsewhere=Showing(value))


class RestrictedControl(PictureRuleControl, verb=safety.RESTRICTED_VERB):
    """In channels that are restricted by age."""

    def changed(self, old: PictureRules, value: str) -> PictureRules:
        """Return the rules with what was chosen."""
        return replace(old, age_restricted=Showing(value))


class StrictnessControl(PictureRuleControl, verb=safety.STRICTNESS_VERB):
    """Chooses what counts as unsafe."""

    def changed(self, old: PictureRules, value: str) -> PictureRules:
        """Return the rules with what was chosen."""
        return replace(old, is_strict=value == "strict")


class ModeratorsControl(SafetyControl, verb=safety.MODERATORS_VERB):
    """Chooses the moderators' channel; with none, reports wait."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the channel if the bot can post there."""
        if not chosen:
            async with services.database.begin(limit=services.answer_margin) as connection:
                await set_channel(connection, context, None)
            return str(moderation_replies.CLEARED)
        channel = interaction.guild.get_channel(int(chosen[0])) if interaction.guild else None
        if not isinstance(channel, discord.TextChannel):
            return moderation_replies.channel_refused(int(chosen[0]))
        return await in_time(interaction, name_channel(services, context, channel), in_place=True)


class WordsControl(ServerFormControl):
    """Opens a form for words."""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page."""
        await _show_safety(interaction, services, note=note)

    async def change(
        self,
        services: Services,
        context: InteractionContext,
        form: Mapping[str, str],
        make: Callable[[tuple[str, ...], Sequence[str]], tuple[str, ...]],
    ) -> str:
        """Change the rules by what was written; return why that is refused, if it is."""
        written = texts_from_list(form.get(safety.WORDS, ""))
        try:
            async with services.database.begin(limit=services.answer_margin) as connection:
                await change_words(connection, context, lambda old: make(old, written))
        except RuleRefused as error:
            return f"⚠️ {safety_replies.rule_refused(error)}"
        return ""


class ForbidControl(WordsControl, verb=safety.FORBID_VERB):
    """Forbids words."""

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal:
        """Return the form."""
        return safety.words_form(self.verb, safety_replies.FORBID_TITLE, safety_replies.WORDS_LABEL)

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Forbid what was written."""
        return await self.change(services, context, form, with_rules)


class AllowControl(WordsControl, verb=safety.ALLOW_VERB):
    """Allows words again."""

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal:
        """Return the form."""
        return safety.words_form(self.verb, safety_replies.ALLOW_TITLE, safety_replies.WORDS_LABEL)

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Allow what was written."""
        return await self.change(services, context, form, without_rules)


SAFETY_CONTROLS: tuple[type[PanelControl], ...] = (
    SafetyPageControl,
    ElsewhereControl,
    RestrictedControl,
    StrictnessControl,
    ModeratorsControl,
    ForbidControl,
    AllowControl,
)


async def _show_safety(interaction: discord.Interaction, services: Services, *, note: str) -> None:
    guild_id = context_from_interaction(interaction).guild_id or 0
    async with services.database.begin(limit=services.answer_margin) as connection:
        state = SafetyState(
            pictures=await read_picture_rules(connection, guild_id),
            words=await read_words(connection, guild_id),
            moderators=await read_channel(connection, guild_id),
            num_open=await count_open(connection, guild_id),
            has_classifier=services.limits.has_classifier,
            shows_unsafe=services.limits.shows_unsafe,
            note=note,
        )
    await show_panel(interaction, safety.safety_page(state))
