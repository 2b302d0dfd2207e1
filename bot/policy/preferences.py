"""What members want to hold for each of their prompts: settings, a suffix, custom options, and how results come."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from engine.contract.errors import RequestError
from engine.prompt import PARAMETERS, Limits, Parameter, PromptDefaults

MAX_OPTIONS = 20
MAX_SUFFIX = 1000

_NAME = re.compile(r"(?:^|\s)--([a-z]+)")
_KEPT = 10_000


class Setting(StrEnum):
    """A setting of a member that is a parameter of each prompt which does not say otherwise."""

    MODEL = "model"
    SAMPLER = "sampler"
    SHAPE = "shape"
    SPEED = "speed"
    STYLIZE = "stylize"
    VISIBILITY = "visibility"


class DirectMessages(StrEnum):
    """Which finished results a member gets by direct message as well.

    none: none. long: those that took longer than a minute. each: all.
    closed: none, because the member takes no direct messages; they were asked for before.
    """

    NONE = "none"
    LONG = "long"
    EACH = "each"
    CLOSED = "closed"


WANTED = frozenset({DirectMessages.LONG, DirectMessages.EACH})
"""Those of them with which results are sent."""

_FLAGS: Mapping[Setting, str] = {
    Setting.MODEL: "--model {}",
    Setting.SAMPLER: "--sampler {}",
    Setting.SHAPE: "--ar {}",
    Setting.SPEED: "--{}",
    Setting.STYLIZE: "--stylize {}",
    Setting.VISIBILITY: "--{}",
}


@dataclass(frozen=True, kw_only=True)
class MemberPreferences:
    """What a member prefers.

    settings: by what they are for, as the prompt language writes the value.
    suffix: parameters for each prompt. options: what `--name` in a prompt stands for, by the name without dashes.
    direct_messages: which results they get by direct message as well.
    """

    settings: Mapping[Setting, str] = field(default_factory=lambda: MappingProxyType({}))
    suffix: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    direct_messages: DirectMessages = DirectMessages.NONE

    def with_setting(self, setting: Setting, value: str | None) -> MemberPreferences:
        """Return the same with another value of the setting, or without one for None."""
        others = {known: held for known, held in self.settings.items() if known is not setting}
        return replace(self, settings=others if value is None else {**others, setting: value})

    def with_option(self, name: str, value: str) -> MemberPreferences:
        """Return the same with another value of the custom option, or without it for an empty one."""
        others = {known: held for known, held in self.options.items() if known != name}
        return replace(self, options={**others, name: value} if value else others)


NO_PREFERENCES = MemberPreferences()


class PreferencesChanged(RequestError):
    """The member's preferences are `preferences` now, not those with which a prompt was read."""

    def __init__(self, *, preferences: MemberPreferences) -> None:
        super().__init__()
        self.preferences = preferences


class TooManyOptions(RequestError):
    """The member has as many custom options as they can have."""


class KnownPreferences:
    """The preferences of members who have used a command lately; whoever uses them checks that they still hold."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, MemberPreferences] = OrderedDict()

    def of(self, discord_id: int) -> MemberPreferences | None:
        """Return what is known of the member; None if nothing is."""
        return self._known.get(discord_id)

    def remember(self, discord_id: int, preferences: MemberPreferences) -> None:
        """Keep the member's preferences, and forget those that were kept first if they are too many."""
        self._known[discord_id] = preferences if preferences != NO_PREFERENCES else NO_PREFERENCES
        self._known.move_to_end(discord_id)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)


def prompt_defaults(preferences: MemberPreferences, defaults: PromptDefaults, limits: Limits) -> PromptDefaults:
    """Return what applies to each prompt of the member, beside what the service has set."""
    if preferences == NO_PREFERENCES:
        return defaults
    suffix = " ".join(filter(None, (settings_text(preferences, limits), preferences.suffix)))
    return replace(defaults, suffix=suffix, options={**defaults.options, **preferences.options})


def settings_text(preferences: MemberPreferences, limits: Limits) -> str:
    """Return the settings as parameters, without those that the suffix gives or that the service no longer has."""
    return " ".join(_flags(preferences, limits).values())


def without_settings_at(preferences: MemberPreferences, places: Iterable[int], limits: Limits) -> MemberPreferences:
    """Return the same without the settings that are at these places of the suffix of `prompt_defaults`."""
    start, left, wrong = 0, dict(preferences.settings), list(places)
    for setting, flag in _flags(preferences, limits).items():
        end = start + len(flag)
        if any(start <= place < end for place in wrong):
            del left[setting]
        start = end + 1
    return replace(preferences, settings=left)


def _flags(preferences: MemberPreferences, limits: Limits) -> dict[Setting, str]:
    """Return the parameter of each setting that applies."""
    taken = {_BY_SPELLING[name].slot for name in _NAME.findall(preferences.suffix) if name in _BY_SPELLING}
    flags = {}
    for setting in Setting:
        value = preferences.settings.get(setting)
        flag = _FLAGS[setting].format(value)
        if value and _slot(flag) not in taken and _is_there(setting, value, limits):
            flags[setting] = flag
    return flags


def json_from_preferences(preferences: MemberPreferences) -> dict[str, Any]:
    """Return the preferences as they are stored: nothing of what is not set."""
    settings = {setting.value: value for setting, value in preferences.settings.items()}
    stored = {"settings": settings, "suffix": preferences.suffix, "options": dict(preferences.options)}
    direct = preferences.direct_messages
    told = {} if direct is DirectMessages.NONE else {"direct_messages": direct.value}
    return {name: value for name, value in stored.items() if value} | told


def preferences_from_json(stored: Mapping[str, Any]) -> MemberPreferences:
    """Return the preferences; settings of a newer release are left out."""
    if not stored:
        return NO_PREFERENCES
    known = {setting.value for setting in Setting}
    settings = {Setting(name): str(value) for name, value in stored.get("settings", {}).items() if name in known}
    direct = stored.get("direct_messages")
    return MemberPreferences(
        settings=settings,
        suffix=stored.get("suffix", ""),
        options=stored.get("options", {}),
        direct_messages=DirectMessages(direct) if direct in set(DirectMessages) else DirectMessages.NONE,
    )


def _is_there(setting: Setting, value: str, limits: Limits) -> bool:
    if setting is Setting.MODEL:
        return not limits.models or value in {model.name for model in limits.models}
    if setting is Setting.SAMPLER:
        return not limits.models or any(not one.samplers or value in one.samplers for one in limits.models)
    return limits.may_support(_ABILITIES.get(setting, ""))


def _slot(flag: str) -> str:
    (name,) = _NAME.findall(flag)
    return _BY_SPELLING[name].slot


_ABILITIES = {Setting.SPEED: "speed", Setting.STYLIZE: "style", Setting.VISIBILITY: "visibility"}
_BY_SPELLING: Mapping[str, Parameter] = {name: row for row in PARAMETERS for name in (row.name, *row.aliases)}
