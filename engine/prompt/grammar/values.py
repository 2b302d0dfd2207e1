"""Parses the words after a parameter's name by its kind, into a value or problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import gcd
from types import MappingProxyType

from engine.contract.jobs import ParameterValue
from engine.prompt.errors import Problem, quoted
from engine.prompt.grammar.image_urls import is_link, is_picture_address
from engine.prompt.grammar.names import is_name
from engine.prompt.grammar.numbers import DECIMAL, WHOLE, text_from_number
from engine.prompt.grammar.raw_parameter import (
    RawParameter,
    Token,
    example,
    extra_words,
    invalid,
    known_names,
    out_of_range,
    unknown_choice,
)
from engine.prompt.grammar.suggest import closest_name
from engine.prompt.limits import Limits
from engine.prompt.parameter_type import ParameterKind
from engine.prompt.parameters import MAX_ADAPTER_WEIGHT, MAX_RATIO
from engine.prompt.sentences import Code, sentence

MAX_RATIO_DIGITS = 5
MAX_LIST_PROBLEMS = 8
MAX_REFERENCE_WEIGHT = 10_000.0

ParsedValue = ParameterValue | list[Problem]
ValueParser = Callable[[RawParameter, Limits], ParsedValue]


def parse_value(raw: RawParameter, limits: Limits) -> ParsedValue:
    """Return the value of a parameter, or the problems with it."""
    kind = raw.parameter.kind
    if kind is ParameterKind.FLAG:
        return extra_words(raw, 0) or (raw.parameter.gives and raw.parameter.name) or True
    if not raw.tokens and kind not in _VALUE_OPTIONAL:
        return [Problem(raw.start, raw.end, sentence(Code.NEEDS_VALUE, parameter=raw.spelling), example(raw.parameter))]
    if kind in _TAKES_SEVERAL:
        return _PARSERS[kind](raw, limits)
    value, extra = _PARSERS[kind](raw, limits), extra_words(raw, 2 if kind is ParameterKind.RESULTS else 1)
    return [*(value if isinstance(value, list) else []), *extra] if extra else value


def _integer(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    if not WHOLE.fullmatch(token.text):
        return invalid(raw, token)
    digits = token.text.lstrip("-0")
    if len(digits) > 18:
        return out_of_range(raw, token, negative=token.text.startswith("-"))
    return _in_range(raw, token, int(token.text))


def _decimal(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    if not DECIMAL.fullmatch(token.text):
        return invalid(raw, token)
    return _in_range(raw, token, float(token.text) + 0.0)


def _in_range(raw: RawParameter, token: Token, number: float) -> ParsedValue:
    low, high = raw.parameter.low, raw.parameter.high
    if (low is not None and number < low) or (high is not None and number > high):
        return out_of_range(raw, token, negative=low is not None and number < low)
    return number


def _ratio(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    match = _RATIO.fullmatch(token.text)
    if not match:
        return _invalid_ratio(raw, token)
    width, height = int(match[1]), int(match[2])
    if not width or not height:
        return invalid(raw, token)
    if max(width, height) > MAX_RATIO * min(width, height):
        low, high = f"1:{MAX_RATIO}", f"{MAX_RATIO}:1"
        message = sentence(Code.OUT_OF_RANGE, parameter="--ar", low=low, high=high)
        nearest = high if width > height else low
        return [Problem(token.start, token.end, message, sentence(Code.TRY, text=f"{raw.spelling} {nearest}"))]
    divisor = gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def _invalid_ratio(raw: RawParameter, token: Token) -> list[Problem]:
    """Return the problem, and suggest the ratio in whole numbers if there is one."""
    parts = re.split(r"[:x/×]", token.text)
    if len(parts) != 2 or not all(DECIMAL.fullmatch(part) and len(part) <= MAX_RATIO_DIGITS for part in parts):
        return invalid(raw, token)
    places = max(len(part.partition(".")[2]) for part in parts)
    whole = [round(abs(float(part)) * 10**places) for part in parts]
    divisor = gcd(*whole) or 1
    ratio = f"{raw.spelling} {whole[0] // divisor}:{whole[1] // divisor}"
    return invalid(raw, token, sentence(Code.WRITE, text=ratio) if all(whole) else None)


def _choice(raw: RawParameter, limits: Limits) -> ParsedValue:
    token = raw.tokens[0]
    if token.text in raw.parameter.choices:
        return token.text
    return unknown_choice(raw, token, raw.parameter.choices)


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
        return invalid(raw, token)
    known = [model.name for model in limits.models]
    for name in names:
        if not known or name in known:
            return name
    near = closest_name(token.text, known)
    message = sentence(Code.UNKNOWN_MODEL, name=quoted(token.text))
    return [Problem(token.start, token.end, message, known_names(near, f"--model {near}", known))]


def _words(raw: RawParameter, limits: Limits) -> ParsedValue:
    for token in raw.tokens:
        weight = _WEIGHT.search(_ESCAPED.sub("  ", token.text))
        if weight:
            place = (token.start + weight.start(), token.start + weight.end())
            return [Problem(*place, sentence(Code.WEIGHT_IN_NO, parameter="--no"), sentence(Code.WEIGHT_BEFORE))]
        if is_link(token.text):
            return [
                Problem(token.start, token.end, sentence(Code.LINK_IN_NO, parameter="--no"), example(raw.parameter))
            ]
    items = " ".join(token.text for token in raw.tokens).split(",")
    kept = tuple(item.strip() for item in items if item.strip())
    if not kept:
        return [Problem(raw.start, raw.end, sentence(Code.NEEDS_WORDS, parameter=raw.spelling), example(raw.parameter))]
    return kept


def _references(raw: RawParameter, limits: Limits) -> ParsedValue:
    return _parse_list(raw, _reference)


def _pictures(raw: RawParameter, limits: Limits) -> ParsedValue:
    return _parse_list(raw, _picture)


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
        return invalid(raw, Token(address, token.start, token.start + len(address)) if address else token)
    if not weight:
        return address
    number = float(weight) if DECIMAL.fullmatch(weight) else 0.0
    if not 0 < number <= MAX_REFERENCE_WEIGHT:
        told = sentence(Code.STYLE_WEIGHT, limit=f"{MAX_REFERENCE_WEIGHT:g}")
        return [Problem(token.end - len(weight), token.end, told)]
    return address if number == 1 else f"{address}::{text_from_number(number)}"


def _picture(raw: RawParameter, token: Token) -> str | list[Problem]:
    return token.text if is_picture_address(token.text) else invalid(raw, token)


def _results(raw: RawParameter, limits: Limits) -> ParsedValue:
    """Return the ids of two results in lower case."""
    named = raw.tokens[:2]
    if problems := [problem for token in named if not _ID.fullmatch(token.text) for problem in invalid(raw, token)]:
        return problems
    if len(named) < 2:
        message = sentence(Code.NEEDS_TWO, parameter=raw.spelling)
        return [Problem(raw.start, named[0].end, message, example(raw.parameter))]
    return tuple(token.text.lower() for token in named)


def _code(raw: RawParameter, token: Token) -> str | list[Problem]:
    return token.text if is_name(token.text) else invalid(raw, token)


def _adapter(raw: RawParameter, token: Token, limits: Limits) -> str | list[Problem]:
    """Return an adapter with its weight; a problem is at its name or at its weight."""
    name, separator, weight = token.text.partition(":")
    called = Token(name, token.start, token.end - len(separator + weight))
    weighed = Token(weight, max(token.start, token.end - len(weight or separator)), token.end)
    if not is_name(name):
        return invalid(raw, called if name else token)
    if separator and not DECIMAL.fullmatch(weight):
        wrong = sentence(Code.ADAPTER_WEIGHT, text=quoted(weight)) if weight else sentence(Code.WEIGHT_MISSING)
        advice = sentence(Code.FOR_EXAMPLE, text=f"{quoted(name)}:0.8")
        return [Problem(weighed.start, weighed.end, wrong, advice)]
    if limits.adapters is not None and name not in limits.adapters:
        return unknown_choice(raw, called, limits.adapters)
    number = float(weight or 1)
    if abs(number) > MAX_ADAPTER_WEIGHT:
        low, high = f"-{MAX_ADAPTER_WEIGHT:g}", f"{MAX_ADAPTER_WEIGHT:g}"
        message = sentence(Code.ADAPTER_WEIGHT_RANGE, low=low, high=high)
        near = f"{quoted(name)}:{high if number > 0 else low}"
        return [Problem(weighed.start, weighed.end, message, sentence(Code.TRY, text=near))]
    return f"{name}:{text_from_number(number)}"


_RATIO = re.compile(rf"([0-9]{{1,{MAX_RATIO_DIGITS}}}):([0-9]{{1,{MAX_RATIO_DIGITS}}})")
_STYLE_CODE = re.compile(r"[0-9]{1,20}")
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ESCAPED = re.compile(r"\\.")
_WEIGHT = re.compile(r"::[-+.0-9]*")

_VALUE_OPTIONAL = frozenset({ParameterKind.NIJI})
_TAKES_SEVERAL = frozenset(map(ParameterKind, ("words", "references", "pictures", "adapters")))

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
        ParameterKind.RESULTS: _results,
    }
)
