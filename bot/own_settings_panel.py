"""The panel of `/settings`: what a member prefers for their prompts, with a control for each setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.custom_ids import text_from_version
from bot.language import Phrase
from bot.policy.model_versions import models_with_versions, name_without_version
from bot.policy.preferences import NO_PREFERENCES, DirectMessages, MemberPreferences, Setting, prompt_defaults
from bot.replies import own_settings_replies
from bot.store.preferences import OwnSettings
from engine.contract.samplers import SAMPLERS
from engine.prompt import Limits, ModelCapabilities, PromptDefaults

VERBS: Mapping[Setting, str] = {
    Setting.MODEL: "ownmodel",
    Setting.SAMPLER: "ownsampler",
    Setting.SHAPE: "ownshape",
    Setting.SPEED: "ownspeed",
    Setting.STYLIZE: "ownstyle",
    Setting.VISIBILITY: "ownvisibility",
}
REMIX_VERB, SUFFIX_VERB, RESET_VERB = "ownremix", "ownsuffix", "ownreset"
NOTIFICATIONS_VERB, VERSION_VERB = "ownnotifications", "ownversion"
UNSET = "unset"

_VERSION = 1
_MAX_CHOICES = 24
_MAX_LABEL = 100
_MAX_SHOWN = 1500

Item = discord.ui.Item[Any]


def own_settings_panel(own: OwnSettings, limits: Limits) -> discord.ui.LayoutView:
    """Return the panel, with what this service can do."""
    panel = discord.ui.LayoutView(timeout=None)
    panel.add_item(
        discord.ui.Container(
            discord.ui.TextDisplay(str(own_settings_replies.TITLE)),
            discord.ui.TextDisplay(_applied(own.preferences, limits)),
            *_models(own.preferences, limits),
            *_selects(own.preferences, limits),
            discord.ui.Separator(),
            *_switches(own, limits),
            *_notifications(own.preferences.direct_messages),
            discord.ui.TextDisplay(str(own_settings_replies.CUSTOM)),
            discord.ui.ActionRow(_button(RESET_VERB, own_settings_replies.RESET, discord.ButtonStyle.danger)),
        )
    )
    return panel


def choices(setting: Setting, limits: Limits) -> Mapping[str, str]:
    """Return what a member can choose for the setting here, by the value as prompts have it; empty if nothing."""
    told: Mapping[str, object] = {
        Setting.MODEL: {model.name: model.name for model in limits.grid_models},
        Setting.SAMPLER: dict(zip(SAMPLERS, SAMPLERS, strict=True)),
        Setting.SHAPE: own_settings_replies.SHAPES,
        Setting.SPEED: own_settings_replies.SPEEDS if limits.may_support("speed") else {},
        Setting.STYLIZE: own_settings_replies.STYLES if limits.may_support("style") else {},
    }.get(setting, {})
    return {value: str(label) for value, label in told.items()}


def _selects(preferences: MemberPreferences, limits: Limits) -> Sequence[Item]:
    shown: list[Item] = []
    for setting in (Setting.SHAPE, Setting.SPEED, Setting.STYLIZE, Setting.SAMPLER):
        labels = choices(setting, limits)
        if setting is Setting.SAMPLER:
            samplers = _samplers(preferences, limits)
            labels = {name: label for name, label in labels.items() if name in samplers}
        if labels:
            shown += _named(own_settings_replies.NAMES[setting], _select(setting, labels, preferences))
    return shown


def _models(preferences: MemberPreferences, limits: Limits) -> Sequence[Item]:
    """Return the choice of the model, and of its version where several are registered."""
    names = [model.name for model in limits.grid_models]
    if not names:
        return []
    current, groups, labels = _current_model(preferences, limits), models_with_versions(names), {}
    for group in groups:
        held = next((name for name in (current.name, limits.default_model) if name in group), group[0])
        labels[held] = held if len(group) == 1 else name_without_version(held) or ", ".join(group)
    select = _select(Setting.MODEL, labels, preferences)
    shown = _named(own_settings_replies.NAMES[Setting.MODEL], select)
    versions = next(group for group in groups if current.name in group)
    if len(versions) > 1:
        options = [
            discord.SelectOption(label=name[:_MAX_LABEL], value=name, default=name == current.name)
            for name in versions[:_MAX_CHOICES]
        ]
        custom_id = text_from_version(VERSION_VERB, _VERSION)
        shown += _named(own_settings_replies.VERSION_NAME, discord.ui.Select[Any](custom_id=custom_id, options=options))
    return shown


def _current_model(preferences: MemberPreferences, limits: Limits) -> ModelCapabilities:
    """Return the model that the member has chosen, else the default one."""
    wanted = (preferences.settings.get(Setting.MODEL), limits.default_model)
    found = (model for name in wanted for model in limits.models if model.name == name)
    return next(found, limits.models[0])


def _samplers(preferences: MemberPreferences, limits: Limits) -> Sequence[str]:
    """Return the samplers of the member's model, all of them where that is unknown."""
    return (_current_model(preferences, limits).samplers if limits.models else ()) or tuple(SAMPLERS)


def _named(name: Phrase, select: discord.ui.Select[Any]) -> list[Item]:
    return [discord.ui.TextDisplay(f"**{name}**"), discord.ui.ActionRow(select)]


def _select(setting: Setting, labels: Mapping[str, str], preferences: MemberPreferences) -> discord.ui.Select[Any]:
    chosen = preferences.settings.get(setting)
    labels = dict(list(labels.items())[:_MAX_CHOICES])
    named = {UNSET: str(own_settings_replies.NO_CHOICE[setting]), **labels}
    options = [
        discord.SelectOption(label=label[:_MAX_LABEL], value=value, default=value == chosen)
        for value, label in named.items()
    ]
    custom_id = text_from_version(VERBS[setting], _VERSION)
    return discord.ui.Select(
        custom_id=custom_id, options=options, placeholder=str(own_settings_replies.NO_CHOICE[setting])
    )


def _switches(own: OwnSettings, limits: Limits) -> Sequence[Item]:
    remix = (own_settings_replies.REMIX_OFF, own_settings_replies.TURN_ON)
    if own.has_remix:
        remix = (own_settings_replies.REMIX_ON, own_settings_replies.TURN_OFF)
    shown = [_section(str(remix[0]), REMIX_VERB, remix[1])]
    if limits.may_support("visibility"):
        is_private = own.preferences.settings.get(Setting.VISIBILITY) == "stealth"
        public = (own_settings_replies.PUBLIC, own_settings_replies.MAKE_PRIVATE)
        private = (own_settings_replies.PRIVATE, own_settings_replies.MAKE_PUBLIC)
        said, label = private if is_private else public
        shown.append(_section(str(said), VERBS[Setting.VISIBILITY], label))
    return [*shown, _section(_suffix(own.preferences), SUFFIX_VERB, own_settings_replies.CHANGE_SUFFIX)]


def _notifications(chosen: DirectMessages) -> Sequence[Item]:
    is_stopped = chosen is DirectMessages.CLOSED
    said = own_settings_replies.NOTIFICATIONS_STOPPED if is_stopped else own_settings_replies.NOTIFICATIONS
    shown = DirectMessages.NONE if is_stopped else chosen
    options = [
        discord.SelectOption(label=str(label), value=value.value, default=value is shown)
        for value, label in own_settings_replies.DIRECT_MESSAGES.items()
    ]
    custom_id = text_from_version(NOTIFICATIONS_VERB, _VERSION)
    return [
        discord.ui.TextDisplay(str(said)),
        discord.ui.ActionRow(discord.ui.Select[Any](custom_id=custom_id, options=options)),
    ]


def _suffix(preferences: MemberPreferences) -> str:
    if not preferences.suffix:
        return str(own_settings_replies.NO_SUFFIX)
    return own_settings_replies.suffix(preferences.suffix[:_MAX_SHOWN])


def _applied(preferences: MemberPreferences, limits: Limits) -> str:
    if preferences == NO_PREFERENCES:
        return str(own_settings_replies.NOTHING)
    suffix = prompt_defaults(preferences, PromptDefaults(), limits).suffix
    return own_settings_replies.applied(suffix[:_MAX_SHOWN]) if suffix else str(own_settings_replies.NOTHING)


def _section(text: str, verb: str, label: Phrase) -> Item:
    return discord.ui.Section(text, accessory=_button(verb, label))


def _button(
    verb: str, label: Phrase, style: discord.ButtonStyle = discord.ButtonStyle.secondary
) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=str(label), style=style, custom_id=text_from_version(verb, _VERSION))
