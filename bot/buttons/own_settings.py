"""The controls of the panel of `/settings`: whoever presses means themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import discord

from bot import own_settings_panel
from bot.answers import open_form, send_ephemeral, show_panel
from bot.buttons.panel_control import FormControl, PanelControl
from bot.own_settings_panel import UNSET, VERBS
from bot.policy.preferences import MAX_SUFFIX, NO_PREFERENCES, DirectMessages, MemberPreferences, Setting
from bot.preferences import change, suffix_problem
from bot.prompt_form import PROMPT_FIELD
from bot.replies import own_settings_replies
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.preferences import OwnSettings, read_own_settings, toggle_remix


class SettingControl(PanelControl):
    """Chooses the value of one setting."""

    setting: ClassVar[Setting]

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Store the value, or that there is none."""
        known = own_settings_panel.choices(self.setting, services.limits)
        value = next((one for one in chosen if one in known and one != UNSET), None)
        await _change(interaction, services, context, lambda old: old.with_setting(self.setting, value))


class ModelControl(SettingControl, verb=VERBS[Setting.MODEL]):
    """Chooses the model."""

    setting = Setting.MODEL


class VersionControl(SettingControl, verb=own_settings_panel.VERSION_VERB):
    """Chooses the version of the model."""

    setting = Setting.MODEL


class SamplerControl(SettingControl, verb=VERBS[Setting.SAMPLER]):
    """Chooses the sampler."""

    setting = Setting.SAMPLER


class ShapeControl(SettingControl, verb=VERBS[Setting.SHAPE]):
    """Chooses the shape of pictures."""

    setting = Setting.SHAPE


class SpeedControl(SettingControl, verb=VERBS[Setting.SPEED]):
    """Chooses when jobs are painted."""

    setting = Setting.SPEED


class StyleControl(SettingControl, verb=VERBS[Setting.STYLIZE]):
    """Chooses how strong the community's style is."""

    setting = Setting.STYLIZE


class VisibilityControl(PanelControl, verb=VERBS[Setting.VISIBILITY]):
    """Makes what the member starts private, or public again."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Turn the switch."""

        def turned(old: MemberPreferences) -> MemberPreferences:
            is_private = old.settings.get(Setting.VISIBILITY) == "stealth"
            return old.with_setting(Setting.VISIBILITY, None if is_private else "stealth")

        await _change(interaction, services, context, turned)


class NotificationsControl(PanelControl, verb=own_settings_panel.NOTIFICATIONS_VERB):
    """Chooses which results come by direct message as well."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Store which."""
        known = own_settings_replies.DIRECT_MESSAGES
        wanted = next((one for one in known if one.value in chosen), DirectMessages.NONE)
        await _change(interaction, services, context, lambda old: replace(old, direct_messages=wanted))


class RemixControl(PanelControl, verb=own_settings_panel.REMIX_VERB):
    """Turns remix on or off."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Turn the switch."""
        await services.commit(context, lambda: toggle_remix(context))
        await show_own_settings(interaction, services)


class ResetControl(PanelControl, verb=own_settings_panel.RESET_VERB):
    """Takes back every setting but the custom options, which are no settings of the panel."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Store that nothing is set."""
        own = await _read(services, context)
        if own.has_remix:
            await services.commit(context, lambda: toggle_remix(context))
        await _change(interaction, services, context, lambda old: replace(NO_PREFERENCES, options=old.options))


class SuffixControl(FormControl, verb=own_settings_panel.SUFFIX_VERB):
    """Opens a form with the suffix."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Open the form."""
        own = await _read(services, context)
        form = discord.ui.Modal(title=str(own_settings_replies.SUFFIX_TITLE), custom_id=self.custom_id_of())
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=PROMPT_FIELD,
            default=own.preferences.suffix or None,
            max_length=MAX_SUFFIX,
            required=False,
            placeholder="--ar 3:2 --no text",
        )
        form.add_item(discord.ui.Label(text=str(own_settings_replies.SUFFIX_LABEL), component=field))
        await open_form(interaction, form)

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store the suffix, or say what is wrong with it."""
        suffix = form.get(PROMPT_FIELD, "").strip()
        if problem := await suffix_problem(suffix, services, context):
            await send_ephemeral(interaction, problem)
            return
        await _change(interaction, services, context, lambda old: replace(old, suffix=suffix))


OWN_CONTROLS: tuple[type[PanelControl], ...] = (
    ModelControl,
    VersionControl,
    SamplerControl,
    ShapeControl,
    SpeedControl,
    StyleControl,
    VisibilityControl,
    RemixControl,
    NotificationsControl,
    SuffixControl,
    ResetControl,
)


async def show_own_settings(interaction: discord.Interaction, services: Services) -> None:
    """Answer with what the member has set."""
    async with services.database.begin(limit=services.answer_margin) as connection:
        own = await read_own_settings(connection, interaction.user.id)
    await show_panel(interaction, own_settings_panel.own_settings_panel(own, services.limits))


async def _change(
    interaction: discord.Interaction,
    services: Services,
    context: InteractionContext,
    make: Callable[[MemberPreferences], MemberPreferences],
) -> None:
    await change(services, context, make)
    await show_own_settings(interaction, services)


async def _read(services: Services, context: InteractionContext) -> OwnSettings:
    async with services.database.begin(limit=services.answer_margin) as connection:
        return await read_own_settings(connection, context.discord_id)
