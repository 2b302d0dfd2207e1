"""What Discord shows of the commands, in each language: descriptions, choices and the names in menus of messages."""

from __future__ import annotations

from typing import Any

from discord import Locale
from discord.app_commands import (
    Command,
    ContextMenu,
    Group,
    TranslationContextLocation,
    TranslationContextTypes,
    Translator,
    locale_str,
)

from bot.language.catalogs import ENGLISH, language_from_locale, translations
from bot.language.phrases import Phrase, language, speaking, translated
from bot.language.prompts import said
from engine.prompt import Told

_NAMES = (
    TranslationContextLocation.command_name,
    TranslationContextLocation.group_name,
    TranslationContextLocation.parameter_name,
)
_MAX_LENGTH = 100
"""Discord's limit on a description and on a choice."""


DESCRIPTION = "description"
"""What a command's extras have its description as, if that has fields: discord.py gives only the English of one."""


def described(english: str, phrase: Phrase, **fields: Told) -> locale_str:
    """Return a description with fields, which is this in English."""
    return locale_str(english, phrase=phrase, fields=fields)


def said_description(command: Command[Any, ..., Any] | Group) -> str:
    """Return the description of the command in the language of now."""
    given = command.extras.get(DESCRIPTION)
    if isinstance(given, locale_str) and "phrase" in given.extras and language() != ENGLISH:
        return _said(given)
    return translated(command.description)


def _said(description: locale_str) -> str:
    fields = {name: said(field) for name, field in description.extras["fields"].items()}
    return str(description.extras["phrase"].format(**fields))


class CatalogTranslator(Translator):
    """Translates them as the catalogs do. What members type stays English: names of commands and of options."""

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:
        """Return the translation; None where there is none."""
        spoken = language_from_locale(locale.value)
        if spoken == ENGLISH or (context.location in _NAMES and not isinstance(context.data, ContextMenu)):
            return None
        if "phrase" in string.extras:
            with speaking(spoken):
                return _said(string)[:_MAX_LENGTH]
        text = translations(spoken).gettext(string.message)
        return None if text == string.message else text
