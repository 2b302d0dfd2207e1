"""The catalogs: for each language but English a file in the form of gettext, read as it is."""

from __future__ import annotations

import io
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de")
"""Those that Easel speaks, by the part of Discord's locales before the hyphen."""

FOLDER = Path(__file__).parent


def language_from_locale(locale: str | None) -> str:
    """Return the language for one of Discord's locales, such as `en-GB`; English where there is none."""
    language = (locale or ENGLISH).partition("-")[0]
    return language if language in LANGUAGES else ENGLISH


@cache
def translations(language: str) -> NullTranslations:
    """Return what translates into the language; into English, and where a catalog lacks a sentence, it stays."""
    if language == ENGLISH:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_catalog(language))
    compiled.seek(0)
    return Translations(compiled)


def read_catalog(language: str) -> Catalog:
    """Return the catalog of the language as its file has it."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def path_of(language: str) -> Path:
    """Return where the catalog of the language is."""
    return FOLDER / f"{language}.po"


def load_catalogs() -> None:
    """Read every catalog and how each language writes numbers and lists, so that no reply has to wait for that."""
    for language in LANGUAGES:
        translations(language)
        format_decimal(0, locale=language)
        format_list(("", ""), locale=language)
