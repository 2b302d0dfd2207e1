"""What Discord shows of the commands, in each language: descriptions, choices and the names in menus of messages."""

from __future__ import annotations

from discord import Locale
from discord.app_commands import (
    ContextMenu,
    TranslationContextLocation,
    TranslationContextTypes,
    Translator,
    locale_str,
)

from bot.language.catalogs import ENGLISH, language_from_locale, translations
from bot.language.phrases import Phrase, speaking

_NAMES = (
    TranslationContextLocation.command_name,
    TranslationContextLocation.group_name,
    TranslationContextLocation.parameter_name,
)
_MAX_LENGTH = 100
"""Discord's limit on a description and on a choice."""


def described(english: str, phrase: Phrase, **fields: object) -> locale_str:
    """Return a description with fields, which is this in English."""
    return locale_str(english, phrase=phrase, fields=fields)


class CatalogTranslator(Translator):
    """Translates them as the catalogs do. What members type stays English: names of commands and of options."""

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:
        """Return the translation; None where there is none."""
        language = language_from_locale(locale.value)
        if language == ENGLISH or (context.location in _NAMES and not isinstance(context.data, ContextMenu)):
            return None
        if phrase := string.extras.get("phrase"):
            with speaking(language):
                return str(phrase.format(**string.extras["fields"]))[:_MAX_LENGTH]
        said = translations(language).gettext(string.message)
        return None if said == string.message else said
