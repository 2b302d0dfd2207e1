"""The words after a parameter's name, read by its kind into a value, or into flaws."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import gcd
from types import MappingProxyType
from typing import NamedTuple

from engine.contract.jobs import ParameterValue
from engine.prompt.errors import Flaw, quoted
from engine.prompt.grammar.image_urls import is_picture_address
from engine.prompt.grammar.numbers import DECIMAL, WHOLE, text_from_number
from engine.prompt.grammar.suggest import nearest
from engine.prompt.limits import Limits
from engine.prompt.parameter_type import Kind, Parameter, number_text, range_text
from engine.prompt.parameters import MAX_ADAPTER_WEIGHT, MAX_RATIO

MAX_RATIO_DIGITS = 5
MAX_LIST_FAULTS = 8
MAX_REFERENCE_WEIGHT = 10_000.0


class Token(NamedTuple):
    """A word without blanks and its span."""

    text: str
    start: int
    end: int


class Written(NamedTuple):
    """A parameter as it stands in the text: its row, the spelling with dashes, its span, and the words after it."""

    parameter: Parameter
    spelling: str
    start: int
    end: int
    tokens: Sequence[Token]


Reading = ParameterValue | list[Flaw]
Reader = Callable[[Written, Limits], Reading]


def read_value(written: Written, limits: Limits) -> Reading:
    """Return the value of a parameter, or the flaws that keep it from having one."""
    kind = written.parameter.kind
    if kind is Kind.FLAG:
        return _extra(written, 0) or (written.parameter.gives and written.parameter.name) or True
    if not written.tokens and kind not in _MAY_BE_BARE:
        return [Flaw(written.start, written.end, f"{written.spelling} needs a value.", _such_as(written.parameter))]
    if kind in _SEVERAL:
        return _READERS[kind](written, limits)
    value, extra = _READERS[kind](written, limits), _extra(written, 1)
    return [*(value if isinstance(value, list) else []), *extra] if extra else value


def _extra(written: Written, allowed: int) -> list[Flaw]:
    """Return a flaw for words after the value."""
    if len(written.tokens) <= allowed:
        return []
    start, end = written.tokens[allowed].start, written.tokens[-1].end
    what = "one value" if allowed else "no value"
    sentence = f"{written.spelling} takes {what}, and these words come after it."
    return [Flaw(start, end, sentence, "Write the words before the first --.")]


def _integer(written: Written, limits: Limits) -> Reading:
    token = written.tokens[0]
    if not WHOLE.fullmatch(token.text):
        return _wrong(written, token)
    digits = token.text.lstrip("-0")
    if len(digits) > 18:
        return _outside(written, token, negative=token.text.startswith("-"))
    return _within(written, token, int(token.text))


def _decimal(written: Written, limits: Limits) -> Reading:
    token = written.tokens[0]
    if not DECIMAL.fullmatch(token.text):
        return _wrong(written, token)
    return _within(written, token, float(token.text) + 0.0)


def _within(written: Written, token: Token, number: float) -> Reading:
    low, high = written.parameter.low, written.parameter.high
    if (low is not None and number < low) or (high is not None and number > high):
        return _outside(written, token, negative=low is not None and number < low)
    return number


def _outside(written: Written, token: Token, *, negative: bool) -> list[Flaw]:
    low, high = (number_text(bound or 0) for bound in (written.parameter.low, written.parameter.high))
    sentence = f"--{written.parameter.name} must be between {low} and {high}."
    return [Flaw(token.start, token.end, sentence, f"Try {written.spelling} {low if negative else high}.")]


def _wrong(written: Written, token: Token) -> list[Flaw]:
    sentence = f"--{written.parameter.name} takes {range_text(written.parameter)}, not {quoted(token.text)}."
    return [Flaw(token.start, token.end, sentence, _such_as(written.parameter))]


def _ratio(written: Written, limits: Limits) -> Reading:
    token = written.tokens[0]
    match = _RATIO.fullmatch(token.text)
    if not match:
        return _wrong_ratio(written, token)
    width, height = int(match[1]), int(match[2])
    if not width or not height:
        return _wrong(written, token)
    if max(width, height) > MAX_RATIO * min(width, height):
        sentence = f"--ar must be between 1:{MAX_RATIO} and {MAX_RATIO}:1."
        nearest_ratio = f"{MAX_RATIO}:1" if width > height else f"1:{MAX_RATIO}"
        return [Flaw(token.start, token.end, sentence, f"Try {written.spelling} {nearest_ratio}.")]
    divisor = gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def _wrong_ratio(written: Written, token: Token) -> list[Flaw]:
    """Return the flaw with the ratio in whole numbers where that can be worked out."""
    parts = re.split(r"[:x/×]", token.text)
    if len(parts) != 2 or not all(DECIMAL.fullmatch(part) and len(part) <= MAX_RATIO_DIGITS for part in parts):
        return _wrong(written, token)
    places = max(len(part.partition(".")[2]) for part in parts)
    whole = [round(abs(float(part)) * 10**places) for part in parts]
    divisor = gcd(*whole) or 1
    suggestion = f"Write {written.spelling} {whole[0] // divisor}:{whole[1] // divisor}."
    sentence = f"--ar takes two whole numbers, width:height, not {quoted(token.text)}."
    return [Flaw(token.start, token.end, sentence, suggestion if all(whole) else _such_as(written.parameter))]


def _choice(written: Written, limits: Limits) -> Reading:
    token = written.tokens[0]
    if token.text in written.parameter.choices:
        return token.text
    return _not_one_of(written, token, written.parameter.choices)


def _not_one_of(written: Written, token: Token, names: Sequence[str]) -> list[Flaw]:
    near = nearest(token.text, names)
    there_are = f"There are: {quoted_list(names)}." if names else "There are none here: leave it out."
    suggestion = f"Did you mean {near}?" if near else there_are
    return [Flaw(token.start, token.end, f"{written.spelling} does not know {quoted(token.text)}.", suggestion)]


def quoted_list(names: Sequence[str]) -> str:
    """Return the first ten names, separated by commas."""
    return ", ".join(map(quoted, names[:10])) + (" ..." if len(names) > 10 else "")


def _model(written: Written, limits: Limits) -> Reading:
    token = written.tokens[0]
    return _known_model(written, token, (token.text,), limits)


def _version(written: Written, limits: Limits) -> Reading:
    token = written.tokens[0]
    return _known_model(written, token, (f"v{token.text}", token.text), limits)


def _niji(written: Written, limits: Limits) -> Reading:
    if not written.tokens:
        return _known_model(written, Token("niji", written.start, written.end), ("niji",), limits)
    token = written.tokens[0]
    return _known_model(written, token, (f"niji-{token.text}", f"niji{token.text}"), limits)


def _known_model(written: Written, token: Token, names: Sequence[str], limits: Limits) -> Reading:
    """Return the first of the names that is registered, or the first that is a name when no registry is known."""
    if not all(map(_NAME.fullmatch, names)):
        return _wrong(written, token)
    known = [model.name for model in limits.models]
    for name in names:
        if not known or name in known:
            return name
    near = nearest(token.text, known)
    suggestion = f"Did you mean --model {near}?" if near else f"Models here: {quoted_list(known)}."
    return [Flaw(token.start, token.end, f"There is no model {quoted(token.text)} here.", suggestion)]


def _words(written: Written, limits: Limits) -> Reading:
    for token in written.tokens:
        if "::" in _ESCAPED.sub("", token.text):
            sentence = "--no takes no weights."
            return [Flaw(token.start, token.end, sentence, "Write a part of its own before the first --, words::-2.")]
        if is_link(token.text):
            return [Flaw(token.start, token.end, "--no takes words, not addresses.", _such_as(written.parameter))]
    items = " ".join(token.text for token in written.tokens).split(",")
    kept = tuple(item.strip() for item in items if item.strip())
    if not kept:
        return [Flaw(written.start, written.end, f"{written.spelling} has no words.", _such_as(written.parameter))]
    return kept


def is_link(word: str) -> bool:
    """Return whether the word begins as an address does."""
    return bool(_LINK.match(word))


def _references(written: Written, limits: Limits) -> Reading:
    return _each(written, _reference)


def _pictures(written: Written, limits: Limits) -> Reading:
    return _each(written, _picture)


def _codes(written: Written, limits: Limits) -> Reading:
    return _each(written, _code) if written.tokens else ("own",)


def _adapters(written: Written, limits: Limits) -> Reading:
    def read(written: Written, token: Token) -> str | list[Flaw]:
        return _adapter(written, token, limits)

    return _each(written, read)


def _each(written: Written, read: Callable[[Written, Token], str | list[Flaw]]) -> Reading:
    values: dict[str, None] = {}
    flaws: list[Flaw] = []
    for token in written.tokens:
        if len(flaws) == MAX_LIST_FAULTS:
            break
        value = read(written, token)
        if isinstance(value, list):
            flaws += value
        else:
            values[value] = None
    return flaws or tuple(values)


def _reference(written: Written, token: Token) -> str | list[Flaw]:
    address, _, weight = token.text.partition("::")
    known = address == "random" or _STYLE_CODE.fullmatch(address) or is_picture_address(address)
    if not known or (weight and not DECIMAL.fullmatch(weight)):
        return _wrong(written, token)
    if not weight:
        return address
    number = float(weight)
    if not 0 < number <= MAX_REFERENCE_WEIGHT:
        sentence = f"The weight of a style must be more than 0 and at most {MAX_REFERENCE_WEIGHT:g}."
        return [Flaw(token.start, token.end, sentence)]
    return address if number == 1 else f"{address}::{text_from_number(number)}"


def _picture(written: Written, token: Token) -> str | list[Flaw]:
    return token.text if is_picture_address(token.text) else _wrong(written, token)


def _code(written: Written, token: Token) -> str | list[Flaw]:
    return token.text if _NAME.fullmatch(token.text) else _wrong(written, token)


def _adapter(written: Written, token: Token, limits: Limits) -> str | list[Flaw]:
    name, separator, weight = token.text.partition(":")
    if not _NAME.fullmatch(name) or (separator and not DECIMAL.fullmatch(weight)):
        return _wrong(written, token)
    if limits.adapters is not None and name not in limits.adapters:
        return _not_one_of(written, token, limits.adapters)
    number = float(weight or 1)
    if abs(number) > MAX_ADAPTER_WEIGHT:
        sentence = f"The weight of an adapter must be between -{MAX_ADAPTER_WEIGHT:g} and {MAX_ADAPTER_WEIGHT:g}."
        bound = MAX_ADAPTER_WEIGHT if number > 0 else -MAX_ADAPTER_WEIGHT
        return [Flaw(token.start, token.end, sentence, f"Try {quoted(name)}:{bound:g}.")]
    return f"{name}:{text_from_number(number)}"


def _such_as(parameter: Parameter) -> str:
    """Return the example's last words as a suggestion."""
    return f"For example {parameter.example[parameter.example.index(f'--{parameter.name}') :]}."


_RATIO = re.compile(rf"([0-9]{{1,{MAX_RATIO_DIGITS}}}):([0-9]{{1,{MAX_RATIO_DIGITS}}})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STYLE_CODE = re.compile(r"[0-9]{1,20}")
_LINK = re.compile(r"<?(?:https?|blob|ftp|file):", re.IGNORECASE)
_ESCAPED = re.compile(r"\\.")

_MAY_BE_BARE = frozenset({Kind.NIJI, Kind.CODES})
_SEVERAL = frozenset({Kind.WORDS, Kind.REFERENCES, Kind.PICTURES, Kind.ADAPTERS, Kind.CODES})

_READERS: Mapping[Kind, Reader] = MappingProxyType(
    {
        Kind.INTEGER: _integer,
        Kind.DECIMAL: _decimal,
        Kind.RATIO: _ratio,
        Kind.CHOICE: _choice,
        Kind.MODEL: _model,
        Kind.VERSION: _version,
        Kind.NIJI: _niji,
        Kind.WORDS: _words,
        Kind.REFERENCES: _references,
        Kind.PICTURES: _pictures,
        Kind.ADAPTERS: _adapters,
        Kind.CODES: _codes,
    }
)
