"""Parses the words after a parameter's name by its kind, into a value or problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import gcd
from types import MappingProxyType
from typing import NamedTuple

from engine.contract.jobs import ParameterValue
from engine.prompt.errors import Problem, quoted, quoted_list
from engine.prompt.grammar.image_urls import is_link, is_picture_address
from engine.prompt.grammar.names import is_name
from engine.prompt.grammar.numbers import DECIMAL, WHOLE, text_from_number
from engine.prompt.grammar.suggest import closest_name
from engine.prompt.limits import Limits
from engine.prompt.parameter_type import Parameter, ParameterKind, number_text, range_text
from engine.prompt.parameters import MAX_ADAPTER_WEIGHT, MAX_RATIO

MAX_RATIO_DIGITS = 5
MAX_LIST_PROBLEMS = 8
MAX_REFERENCE_WEIGHT = 10_000.0


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


ParsedValue = ParameterValue | list[Problem]
ValueParser = Callable[[RawParameter, Limits], ParsedValue]


def parse_value(raw: RawParameter, limits: Limits) -> ParsedValue:
    """Return the value of a parameter, or the problems with it."""
    kind = raw.parameter.kind
    if kind is ParameterKind.FLAG:
        return _extra(raw, 0) or (raw.parameter.gives and raw.parameter.name) or True
    if not raw.tokens and kind not in _VALUE_OPTIONAL:
        return [Problem(raw.start, raw.end, f"{raw.spelling} needs a value.", _example(raw.parameter))]
    if kind in _TAKES_SEVERAL:
        return _PARSERS[kind](raw, limits)
    value, extra = _PARSERS[kind](raw, limits), _extra(raw, 1)
    return [*(value if isinstance(value, list) else []), *extra] if extra else value


def _extra(raw: RawParameter, allowed: int) -> list[Problem]:
    """Return a problem for words after the value."""
    if len(raw.tokens) <= allowed:
        return []
    start, end = raw.tokens[allowed].start, raw.tokens[-1].end
    what = "one value" if allowed else "no value"
    message = f"{raw.spelling} takes {what}, but more words follow."
    return [Problem(start, end, message, "Move the words before the first --.")]


def _integer(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    if not WHOLE.fullmatch(token.text):
        return _invalid(raw, token)
    digits = token.text.lstrip("-0")
    if len(digits) > 18:
        return _out_of_range(raw, token, negative=token.text.startswith("-"))
    return _in_range(raw, token, int(token.text))


def _decimal(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    if not DECIMAL.fullmatch(token.text):
        return _invalid(raw, token)
    return _in_range(raw, token, float(token.text) + 0.0)


def _in_range(raw: RawParameter, token: Token, number: float) -> ParsedValue:
    low, high = raw.parameter.low, raw.parameter.high
    if (low is not None and number < low) or (high is not None and number > high):
        return _out_of_range(raw, token, negative=low is not None and number < low)
    return number


def _out_of_range(raw: RawParameter, token: Token, *, negative: bool) -> list[Problem]:
    low, high = (number_text(bound or 0) for bound in (raw.parameter.low, raw.parameter.high))
    message = f"--{raw.parameter.name} must be between {low} and {high}."
    return [Problem(token.start, token.end, message, f"Try {raw.spelling} {low if negative else high}.")]


def _invalid(raw: RawParameter, token: Token) -> list[Problem]:
    message = f"--{raw.parameter.name} takes {range_text(raw.parameter)}, not {quoted(token.text)}."
    return [Problem(token.start, token.end, message, _example(raw.parameter))]


def _ratio(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    match = _RATIO.fullmatch(token.text)
    if not match:
        return _invalid_ratio(raw, token)
    width, height = int(match[1]), int(match[2])
    if not width or not height:
        return _invalid(raw, token)
    if max(width, height) > MAX_RATIO * min(width, height):
        message = f"--ar must be between 1:{MAX_RATIO} and {MAX_RATIO}:1."
        nearest_ratio = f"{MAX_RATIO}:1" if width > height else f"1:{MAX_RATIO}"
        return [Problem(token.start, token.end, message, f"Try {raw.spelling} {nearest_ratio}.")]
    divisor = gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def _invalid_ratio(raw: RawParameter, token: Token) -> list[Problem]:
    """Return the problem, and suggest the ratio in whole numbers if there is one."""
    parts = re.split(r"[:x/×]", token.text)
    if len(parts) != 2 or not all(DECIMAL.fullmatch(part) and len(part) <= MAX_RATIO_DIGITS for part in parts):
        return _invalid(raw, token)
    places = max(len(part.partition(".")[2]) for part in parts)
    whole = [round(abs(float(part)) * 10**places) for part in parts]
    divisor = gcd(*whole) or 1
    suggestion = f"Write {raw.spelling} {whole[0] // divisor}:{whole[1] // divisor}."
    message = f"--ar takes two whole numbers, width:height, not {quoted(token.text)}."
    return [Problem(token.start, token.end, message, suggestion if all(whole) else _example(raw.parameter))]


def _choice(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    if token.text in raw.parameter.choices:
        return token.text
    return _unknown_choice(raw, token, raw.parameter.choices)


def _unknown_choice(raw: RawParameter, token: Token, names: Sequence[str]) -> list[Problem]:
    near = closest_name(token.text, names)
    there_are = f"Available: {quoted_list(names)}." if names else "None are available on this server. Remove it."
    suggestion = f"Did you mean {near}?" if near else there_are
    return [Problem(token.start, token.end, f"Unknown {raw.spelling} value {quoted(token.text)}.", suggestion)]


def _model(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    return _known_model(raw, token, (token.text,), limits)


def _version(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    return _known_model(raw, token, (f"v{token.text}", token.text), limits)


def _niji(raw: RawParameter, limits: Limits) -> ParsedValue:
    if not raw.tokens:
        return _known_model(raw, Token("niji", raw.start, raw.end), ("niji",), limits)
    token = raw.tokens[0]
    return _known_model(raw, token, (f"niji-{token.text}", f"niji{token.text}"), limits)


def _known_model(raw: RawParameter, token: Token, names: Sequence[str], limits: Limits) -> ParsedValue:
    """Return the first of the names that is registered, or the first name if the models are unknown."""
    if not all(map(is_name, names)):
        return _invalid(raw, token)
    known = [model.name for model in limits.models]
    for name in names:
        if not known or name in known:
            return name
    near = closest_name(token.text, known)
    suggestion = f"Did you mean --model {near}?" if near else f"Available: {quoted_list(known)}."
    return [Problem(token.start, token.end, f"Unknown model {quoted(token.text)}.", suggestion)]


def _words(raw: RawParameter, limits: Limits) -> ParsedValue:
    for token in raw.tokens:
        weight = _WEIGHT.search(_ESCAPED.sub("  ", token.text))
        if weight:
            place = (token.start + weight.start(), token.start + weight.end())
            advice = "Write words::-2 before the first parameter instead."
            return [Problem(*place, "--no does not support weights.", advice)]
        if is_link(token.text):
            return [Problem(token.start, token.end, "--no takes words, not links.", _example(raw.parameter))]
    items = " ".join(token.text for token in raw.tokens).split(",")
    kept = tuple(item.strip() for item in items if item.strip())
    if not kept:
        return [Problem(raw.start, raw.end, f"{raw.spelling} needs words.", _example(raw.parameter))]
    return kept


def _references(raw: RawParameter, limits: Limits) -> ParsedValue:
    return _parse_list(raw, _reference)


def _pictures(raw: RawParameter, limits: Limits) -> ParsedValue:
    return _parse_list(raw, _picture)


def _codes(raw: RawParameter, limits: Limits) -> ParsedValue:
    return _parse_list(raw, _code) if raw.tokens else ("own",)


def _adapters(raw: RawParameter, limits: Limits) -> ParsedValue:
    def read(raw: RawParameter, token: Token) -> str | list[Problem]:
        return _adapter(raw, token, limits)

    return _parse_list(raw, read)


def _parse_list(raw: RawParameter, read: Callable[[RawParameter, Token], str | list[Problem]]) -> ParsedValue:
    values: dict[str, None] = {}
    problems: list[Problem] = []
    for token in raw.tokens:
        if len(problems) == MAX_LIST_PROBLEMS:
            break
        value = read(raw, token)
        if isinstance(value, list):
            problems += value
        else:
            values[value] = None
    return problems or tuple(values)


def _reference(raw: RawParameter, token: Token) -> str | list[Problem]:
    address, _, weight = token.text.partition("::")
    if not (address == "random" or _STYLE_CODE.fullmatch(address) or is_picture_address(address)):
        return _invalid(raw, Token(address, token.start, token.start + len(address)) if address else token)
    if not weight:
        return address
    number = float(weight) if DECIMAL.fullmatch(weight) else 0.0
    if not 0 < number <= MAX_REFERENCE_WEIGHT:
        message = f"The weight of a style must be greater than 0 and at most {MAX_REFERENCE_WEIGHT:g}."
        return [Problem(token.end - len(weight), token.end, message)]
    return address if number == 1 else f"{address}::{text_from_number(number)}"


def _picture(raw: RawParameter, token: Token) -> str | list[Problem]:
    return token.text if is_picture_address(token.text) else _invalid(raw, token)


def _code(raw: RawParameter, token: Token) -> str | list[Problem]:
    return token.text if is_name(token.text) else _invalid(raw, token)


def _adapter(raw: RawParameter, token: Token, limits: Limits) -> str | list[Problem]:
    """Return an adapter with its weight; a problem is at its name or at its weight."""
    name, separator, weight = token.text.partition(":")
    called = Token(name, token.start, token.end - len(separator + weight))
    weighed = Token(weight, max(token.start, token.end - len(weight or separator)), token.end)
    if not is_name(name):
        return _invalid(raw, called if name else token)
    if separator and not DECIMAL.fullmatch(weight):
        message = f"The weight of an adapter is a number, not {quoted(weight)}." if weight else "The weight is missing."
        return [Problem(weighed.start, weighed.end, message, f"For example {quoted(name)}:0.8.")]
    if limits.adapters is not None and name not in limits.adapters:
        return _unknown_choice(raw, called, limits.adapters)
    number = float(weight or 1)
    if abs(number) > MAX_ADAPTER_WEIGHT:
        message = f"The weight of an adapter must be between -{MAX_ADAPTER_WEIGHT:g} and {MAX_ADAPTER_WEIGHT:g}."
        bound = MAX_ADAPTER_WEIGHT if number > 0 else -MAX_ADAPTER_WEIGHT
        return [Problem(weighed.start, weighed.end, message, f"Try {quoted(name)}:{bound:g}.")]
    return f"{name}:{text_from_number(number)}"


def _example(parameter: Parameter) -> str:
    """Return the example's last words as a suggestion."""
    return f"For example {parameter.example[parameter.example.index(f'--{parameter.name}') :]}."


_RATIO = re.compile(rf"([0-9]{{1,{MAX_RATIO_DIGITS}}}):([0-9]{{1,{MAX_RATIO_DIGITS}}})")
_STYLE_CODE = re.compile(r"[0-9]{1,20}")
_ESCAPED = re.compile(r"\\.")
_WEIGHT = re.compile(r"::[-+.0-9]*")

_VALUE_OPTIONAL = frozenset({ParameterKind.NIJI, ParameterKind.CODES})
_TAKES_SEVERAL = frozenset(map(ParameterKind, ("words", "references", "pictures", "adapters", "codes")))

_PARSERS: Mapping[ParameterKind, ValueParser] = MappingProxyType(
    {
        ParameterKind.INTEGER: _integer,
        ParameterKind.DECIMAL: _decimal,
        ParameterKind.RATIO: _ratio,
        ParameterKind.CHOICE: _choice,
        ParameterKind.MODEL: _model,
        ParameterKind.VERSION: _version,
        ParameterKind.NIJI: _niji,
        ParameterKind.WORDS: _words,
        ParameterKind.REFERENCES: _references,
        ParameterKind.PICTURES: _pictures,
        ParameterKind.ADAPTERS: _adapters,
        ParameterKind.CONTROL: lambda raw, limits: _code(raw, raw.tokens[0]),
        ParameterKind.CODES: _codes,
    }
)
