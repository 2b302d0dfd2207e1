"""What is said of prompts, in German."""

from __future__ import annotations

import pytest

from bot.language import said, speaking
from bot.language.catalogs import translations
from bot.prompts import errors_text
from engine.prompt import Code, PromptErrors, parse
from tests.engine.prompt.provoked import FAULTY, LIMITED, REFUSED, provoked

# A frame for other sentences has no words of its own.
FRAMES = {Code.TWO_SENTENCES}


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_every_sentence_is_said_in_german(code: Code) -> None:
    """With its own words and with those of the sentences within it."""
    told = provoked()[code]
    english = str(told)
    with speaking("de"):
        german = said(told)
    assert german and german != english
    assert code in FRAMES or translations("de").gettext(code.value) != code.value


@pytest.mark.parametrize("text", [*FAULTY, *REFUSED])
def test_a_refusal_has_the_same_lines_in_every_language(text: str) -> None:
    """What was typed and the carets below it stay; what is said of it differs, for every fault."""
    errors = parse(text) if text in FAULTY else parse(text, limits=LIMITED)
    assert isinstance(errors, PromptErrors)
    english = errors_text(errors).split("\n")
    with speaking("de"):
        german = errors_text(errors).split("\n")
    if len(errors.errors) == 1:
        assert german[:-1] == english[:-1]
    assert german[-1] != english[-1]


def test_numbers_are_written_as_in_the_language() -> None:
    """Those that count; what is typed keeps its point."""
    errors = parse("a fox " + "x" * 6000)
    assert isinstance(errors, PromptErrors)
    assert errors_text(errors).endswith("The text has 6,006 characters. The limit is 6,000. Shorten it.")
    with speaking("de"):
        assert errors_text(errors).endswith("Der Text hat 6.006 Zeichen. Erlaubt sind 6.000. Kürz ihn.")
