"""Saying sentences in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import coroutine
from typing import Any, TypeVar

from babel.numbers import format_decimal

from bot.language.catalogs import ENGLISH, translations

Y = TypeVar("Y")
R = TypeVar("R")

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def language() -> str:
    """Return the language of what is said now."""
    return _language.get()


def speak(language: str) -> None:
    """Say everything from here on, in this task and those it starts, in the language."""
    _language.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything within the block in the language."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


@coroutine
def spoken_in(language: str, work: Coroutine[Y, Any, R]) -> Generator[Y, Any, R]:
    """Do the work, saying everything in the language, in whichever task each step of it runs."""
    sent: Any = None
    try:
        while True:
            with speaking(language):
                try:
                    wanted = work.send(sent)
                except StopIteration as over:
                    done: R = over.value
                    return done
            sent = yield wanted
    finally:
        work.close()


def _(text: str, /, **fields: object) -> str:
    """Return the sentence in the language of now, with its fields filled in; braces are doubled where it has any."""
    said = translations(_language.get()).gettext(text)
    return said.format(**fields) if fields else said


def translated(text: str) -> str:
    """Return a text of the prompt language in the language of now, as far as the catalogs have it."""
    return translations(_language.get()).gettext(text)


def plural(count: int, one: str, many: str, /, **fields: object) -> str:
    """Return the sentence in the form that fits the count, which is its field `n`, written as in the language."""
    said = translations(_language.get()).ngettext(one, many, count)
    return said.format(n=format_decimal(count, locale=_language.get()), **fields)


@dataclass(frozen=True)
class Phrase:
    """A sentence of a module, said in the language of whoever reads it then.

    text: in English, as Discord gets the description of a command, beside its translations.
    """

    text: str

    def __str__(self) -> str:
        return _(self.text)

    def format(self, **fields: object) -> str:
        """Return it with its fields filled in."""
        return _(self.text, **fields)
