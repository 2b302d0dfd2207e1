"""Every sentence about what members prefer for their own prompts."""

from __future__ import annotations

from collections.abc import Mapping

from bot.language import Phrase, _
from bot.policy.preferences import MAX_OPTIONS, DirectMessages, MemberPreferences, Setting

SETTINGS_HELP = Phrase("What holds for your prompts when they do not say otherwise")
SUFFIX_HELP = Phrase("Parameters for each of your prompts, such as --ar 3:2; nothing removes them")
NEW_SUFFIX_HELP = Phrase("Parameters, such as --ar 3:2 --no text")
OPTION_HELP = Phrase("Parameters of your own, such as --mine, that stand for words and others")
OPTION_SET_HELP = Phrase("Set what --name stands for in your prompts; without a value, it is removed")
OPTION_LIST_HELP = Phrase("What your own parameters stand for")
OPTION_REMOVE_HELP = Phrase("Remove a parameter of your own")
AUTO_DM_HELP = Phrase("Turn on or off that each of your results comes by direct message as well, with its originals")
STYLE_HELP = Phrase("A style, or a parameter of your own from /prefer option")
NAME_HELP = Phrase("Its name, with or without dashes")
VALUE_HELP = Phrase("Words, parameters, or both, such as: in watercolour --ar 3:2")

TITLE = Phrase("## Your settings")
NOTHING = Phrase("Your prompts are taken as they are.")
REMIX_ON = Phrase("**Remix** is on: vary, re-roll, zoom and pan ask for the prompt first.")
REMIX_OFF = Phrase("**Remix** is off: vary, re-roll, zoom and pan use the prompt as it is.")
PRIVATE = Phrase("**Private**: only you see what you start, unless a prompt says `--public`.")
PUBLIC = Phrase("**Public**: everybody in the channel sees what you start, unless a prompt says `--stealth`.")
NO_SUFFIX = Phrase("**Suffix**: none.")
TURN_ON, TURN_OFF = Phrase("Turn on"), Phrase("Turn off")
MAKE_PRIVATE, MAKE_PUBLIC = Phrase("Make private"), Phrase("Make public")
CHANGE_SUFFIX = Phrase("Change…")
NOTIFICATIONS = Phrase(
    "**Notifications**: which results come by direct message as well, with original files, prompt and seeds."
)
NOTIFICATIONS_STOPPED = Phrase(
    "**Notifications** are off, because Discord let me send you no direct message. Allow them, and choose again."
)
AUTO_DM_ON = Phrase(
    "auto_dm is on: each of your results now comes by direct message as well, with its original files, prompt and "
    "seeds. `/prefer auto_dm` turns it off."
)
AUTO_DM_OFF = Phrase("auto_dm is off: your results come where you ask for them. `/prefer auto_dm` turns it on.")
RESET = Phrase("Reset all of these")
SUFFIX_TITLE = Phrase("Suffix of your prompts")
SUFFIX_LABEL = Phrase("Parameters for each prompt")
CUSTOM = Phrase("-# `/prefer option` gives you parameters of your own, and `/prefer suffix` sets the suffix as well.")

SUFFIX_REMOVED = Phrase("Nothing is added to your prompts any more.")
NO_OPTIONS = Phrase("You have no parameters of your own. `/prefer option set` makes one.")
NO_SUCH_OPTION = Phrase("You have no parameter of that name. `/prefer option list` shows yours.")
CHANGED_MEANWHILE = Phrase("Your settings were changed meanwhile, so nothing was started. Please try again.")

NAMES: Mapping[Setting, Phrase] = {
    Setting.MODEL: Phrase("Model"),
    Setting.SAMPLER: Phrase("Sampler"),
    Setting.SHAPE: Phrase("Shape"),
    Setting.SPEED: Phrase("Speed"),
    Setting.STYLIZE: Phrase("Style"),
}
VERSION_NAME = Phrase("Version")
NO_CHOICE: Mapping[Setting, Phrase] = {
    Setting.MODEL: Phrase("The default model"),
    Setting.SAMPLER: Phrase("As the model has it"),
    Setting.SHAPE: Phrase("As the model has it"),
    Setting.SPEED: Phrase("As usual"),
    Setting.STYLIZE: Phrase("As it was trained"),
}
DIRECT_MESSAGES: Mapping[DirectMessages, Phrase] = {
    DirectMessages.NONE: Phrase("No direct messages"),
    DirectMessages.LONG: Phrase("Results that took longer than a minute"),
    DirectMessages.EACH: Phrase("Every result (auto_dm)"),
}
SHAPES: Mapping[str, Phrase] = {
    "1:1": Phrase("Square (1:1)"),
    "3:2": Phrase("Wide (3:2)"),
    "16:9": Phrase("Very wide (16:9)"),
    "2:3": Phrase("Tall (2:3)"),
    "9:16": Phrase("Very tall, for phones (9:16)"),
}
SPEEDS: Mapping[str, Phrase] = {
    "relax": Phrase("Relax: when nobody else waits"),
    "fast": Phrase("Fast: in turn"),
    "turbo": Phrase("Turbo: before the others"),
}
STYLES: Mapping[str, Phrase] = {
    "0": Phrase("None of the community's style"),
    "50": Phrase("A little of it"),
    "250": Phrase("Much of it"),
    "750": Phrase("Very much of it"),
}

_MAX_LISTED = 1900


def too_many_options() -> str:
    """Return that the member has as many custom options as they can have."""
    return _("You have {number} parameters of your own, which is the most. Remove one first.", number=MAX_OPTIONS)


def applied(text: str) -> str:
    """Return what is added to each prompt."""
    return _("Your prompts have `{text}`, unless they say otherwise.", text=text)


def suffix(text: str) -> str:
    """Return the suffix that is set."""
    return _("**Suffix**: `{text}`", text=text)


def suffix_set(text: str) -> str:
    """Return that the suffix is set."""
    return _("Each of your prompts now ends with `{text}`; what a prompt says itself goes before.", text=text)


def option_set(name: str, value: str) -> str:
    """Return what a custom option stands for from now on."""
    return _("`--{name}` in your prompts stands for `{value}`.", name=name, value=value)


def option_removed(name: str) -> str:
    """Return that a custom option is gone."""
    return _("`--{name}` is removed.", name=name)


def options(preferences: MemberPreferences) -> str:
    """Return the custom options, each cut so that all fit into a message."""
    share = _MAX_LISTED // max(1, len(preferences.options))
    lines = [f"`--{name}` {value}" for name, value in sorted(preferences.options.items())]
    return "\n".join(line if _length(line) <= share else f"{line[: share // 2]}…" for line in lines) or str(NO_OPTIONS)


def _length(text: str) -> int:
    # As Discord counts.
    return len(text.encode("utf-16-le")) // 2
