"""What is said of a prompt, as codes with fields."""

from __future__ import annotations

import string

import pytest

from engine.prompt import Code, sentence, written
from tests.engine.prompt.provoked import provoked


def test_every_sentence_is_said_of_some_prompt() -> None:
    """One that nothing provokes is not needed."""
    assert set(Code) - provoked().keys() == set()


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_a_sentence_is_given_the_fields_that_it_has(code: Code) -> None:
    """A field that is missing would be an error when it is said, and one that is not there would be left out."""
    named = {name for _, name, _, _ in string.Formatter().parse(code.value) if name is not None}
    assert named == dict(provoked()[code].fields).keys()


def test_a_sentence_is_written_in_another_language() -> None:
    """With the words within it, and numbers as that language writes them; what is typed stays as it is."""
    told = sentence(Code.INVALID_VALUE, parameter="--ar", values=sentence(Code.RATIO), text="x")
    german = {Code.INVALID_VALUE.value: "{parameter} nimmt {values}, nicht {text}.", Code.RATIO.value: "zwei Zahlen"}
    assert written(told, german.__getitem__) == "--ar nimmt zwei Zahlen, nicht x."
    assert str(told) == "--ar takes two whole numbers, width:height, not x."
    counted = sentence(Code.MORE_ERRORS, count=1200)
    assert str(counted) == "... and 1,200 more."
    assert written(counted, number="{:_}".format) == "... and 1_200 more."


def test_a_brace_is_written_as_it_is_typed() -> None:
    """In sentences with fields and without."""
    assert str(sentence(Code.CLOSE_BRACE)) == "Add }, or write \\{ for a literal brace."
