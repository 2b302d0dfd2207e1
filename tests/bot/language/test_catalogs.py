"""Every sentence has a translation into every language, with the same fields."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from bot.language import LANGUAGES
from bot.language.catalogs import read_catalog
from bot.language.extraction import KEYWORDS, extracted

BOT = Path(__file__).parents[3] / "bot"
TRANSLATED = [language for language in LANGUAGES if language != "en"]
REPLIES = sorted((BOT / "replies").rglob("*.py"))
"""Those whose sentences are in the catalogs: nothing with a space in it is said past them."""
# Not a command, an option, a parameter, a mention or a part of an address.
WORD = re.compile(r"(?<![\w/:`<>.-])[A-Za-z]{2,}(?![\w`>:/.]*[`>:/])")


def texts_of(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return a sentence or the forms of a plural as a tuple."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def fields_of(text: str) -> set[str]:
    """Return the names of the fields in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def sentences(language: str) -> dict[tuple[str, ...], Message]:
    """Return what the catalog translates, by the English forms."""
    return {texts_of(message.id): message for message in read_catalog(language) if message.id}


WANTED = {texts_of(message.id) for message in extracted() if message.id}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    """`python -m bot.language` adds what the source says and drops what it does not; the rest is for a translator."""
    known = sentences(language)
    assert not WANTED - known.keys(), "run: python -m bot.language"
    assert not known.keys() - WANTED, "run: python -m bot.language"
    assert not [
        texts for texts, message in known.items() if not texts_of(message.string) or not all(texts_of(message.string))
    ]
    assert not [texts for texts, message in known.items() if message.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_fields_of_their_sentences(language: str) -> None:
    """A field that is missing would be left out, and one that is not there would be an error."""
    wrong = []
    for texts, message in sentences(language).items():
        *first, last = (fields_of(said) for said in texts_of(message.string))
        # A form for one may write that out.
        if last != fields_of(texts[-1]) or any(one | {"n"} != last for one in first):
            wrong.append(texts)
    assert not wrong


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that name a sentence."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            yield node


def named(call: ast.Call) -> list[ast.expr]:
    """Return the arguments that are sentences."""
    assert isinstance(call.func, ast.Name)
    return call.args[1:3] if call.func.id == "plural" else call.args[:1]


def test_every_call_is_found() -> None:
    """Babel reads tokens, and overlooks what is said inside an f-string."""
    said = {
        tuple(one.value for one in named(call) if isinstance(one, ast.Constant))
        for path in BOT.rglob("*.py")
        if path.parent.name != "language"
        for call in calls(ast.parse(path.read_text()))
    }
    found = [(texts_of(message.id), message.locations) for message in extracted() if message.id]
    elsewhere = {texts for texts, places in found if not any(place.endswith(".py") for place, _ in places)}
    assert said | elsewhere == WANTED


def test_sentences_are_literals() -> None:
    """Nothing finds a sentence that is put together, so it would never have a translation."""
    wrong = [
        f"{path.relative_to(BOT)}:{call.lineno}"
        for path in BOT.rglob("*.py")
        if path.parent.name != "language"
        for call in calls(ast.parse(path.read_text()))
        if not all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in named(call))
    ]
    assert not wrong


def docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of strings that stand by themselves."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def keys(tree: ast.AST) -> set[int]:
    """Return the ids of the keys of tables, which are what was stored and is looked up."""
    return {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}


def test_replies_say_nothing_past_the_catalogs() -> None:
    """What a reply says in words is a sentence for the catalogs, not a string of its own."""
    wrong = []
    assert len(REPLIES) > 20
    for path in REPLIES:
        tree = ast.parse(path.read_text())
        known = docstrings(tree) | keys(tree) | {id(one) for call in calls(tree) for one in named(call)}
        wrong += [
            f"{path.name}:{node.lineno} {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in known
            if " " in node.value and WORD.search(node.value)
        ]
    assert not wrong
