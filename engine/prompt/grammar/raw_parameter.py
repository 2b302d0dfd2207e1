"""A parameter as it stands in the text, and what is wrong with its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.prompt.errors import Problem, quoted, quoted_list
from engine.prompt.grammar.suggest import closest_name
from engine.prompt.parameter_type import Parameter, allowed_values, number_text
from engine.prompt.sentences import Code, Field, Sentence, sentence


class Token(NamedTuple):
    """A word and its span."""

    text: str
    start: int
    end: int


class RawParameter(NamedTuple):
    """A parameter in the text: its row, its spelling with dashes, the span of its name, and the words after it."""

    parameter: Parameter
    spelling: str
    start: int
    end: int
    tokens: Sequence[Token]


_WORDS_AFTER = (Code.WORDS_AFTER_FLAG, Code.WORDS_AFTER_VALUE, Code.WORDS_AFTER_TWO)


def extra_words(raw: RawParameter, allowed: int) -> list[Problem]:
    """Return a problem for words after the value; none, one or two words are `allowed`."""
    if len(raw.tokens) <= allowed:
        return []
    start, end = raw.tokens[allowed].start, raw.tokens[-1].end
    message = sentence(_WORDS_AFTER[allowed], parameter=raw.spelling)
    return [Problem(start, end, message, sentence(Code.MOVE_WORDS))]


def out_of_range(raw: RawParameter, token: Token, *, negative: bool) -> list[Problem]:
    """Return the problem of a number that is too small, which is `negative`, or too large."""
    low, high = (number_text(bound or 0) for bound in (raw.parameter.low, raw.parameter.high))
    nearest = low if negative else high
    message = sentence(Code.OUT_OF_RANGE, parameter=f"--{raw.parameter.name}", low=low, high=high)
    return [Problem(token.start, token.end, message, sentence(Code.TRY, text=f"{raw.spelling} {nearest}"))]


def invalid(raw: RawParameter, token: Token, advice: Sentence | None = None) -> list[Problem]:
    """Return the problem of a value that the parameter does not take; without advice, an example is given."""
    row, text = raw.parameter, quoted(token.text)
    message = sentence(Code.INVALID_VALUE, parameter=f"--{row.name}", values=allowed_values(row), text=text)
    return [Problem(token.start, token.end, message, advice or example(raw.parameter))]


def unknown_choice(raw: RawParameter, token: Token, names: Sequence[str]) -> list[Problem]:
    """Return the problem of a word that is none of the names."""
    near = closest_name(token.text, names)
    message = sentence(Code.UNKNOWN_VALUE, parameter=raw.spelling, value=quoted(token.text))
    advice = known_names(near, near, names) if names else sentence(Code.NONE_AVAILABLE)
    return [Problem(token.start, token.end, message, advice)]


def known_names(near: str, meant: Field, names: Sequence[str]) -> Sentence:
    """Return what to write instead of an unknown name: what may be meant, if there is one near, or those there are."""
    return sentence(Code.DID_YOU_MEAN, name=meant) if near else sentence(Code.AVAILABLE, names=quoted_list(names))


def example(parameter: Parameter) -> Sentence:
    """Return the example's last words as a suggestion."""
    return sentence(Code.FOR_EXAMPLE, text=parameter.example[parameter.example.index(f"--{parameter.name}") :])
