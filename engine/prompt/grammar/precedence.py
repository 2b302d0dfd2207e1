"""Decides between repeated parameters, and makes the parts of `--no`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.contract.jobs import ParameterValue, Part
from engine.prompt.errors import Origin, Problem, quoted
from engine.prompt.grammar.attention import attention_problems, weighted_bracket
from engine.prompt.grammar.extract_parameters import ParameterSetting
from engine.prompt.grammar.parts import NO_WEIGHT, LocatedPart, words_from_text
from engine.prompt.grammar.raw_parameter import Token
from engine.prompt.parameter_type import ParameterKind
from engine.prompt.parameters import CANONICAL
from engine.prompt.sentences import Code, sentence


class ResolvedSettings(NamedTuple):
    """The settings of one job in the table's order, the parts of `--no`, and the words that name adapters."""

    settings: tuple[ParameterSetting, ...]
    negatives: tuple[LocatedPart, ...]
    adapters: tuple[Token, ...]


def resolve_settings(settings: Sequence[ParameterSetting], text: str) -> tuple[ResolvedSettings, list[Problem]]:
    """Return the settings that apply, and a problem for each conflict.

    The prompt and the command's options override custom options, and these override the suffix; lists are merged.
    Repeating a value in the same source is fine, and different values are a conflict.
    """
    if not settings:
        return ResolvedSettings((), (), ()), []
    problems: list[Problem] = []
    chosen: dict[str, ParameterSetting] = {}
    lists: dict[ParameterKind, list[ParameterSetting]] = {ParameterKind.WORDS: [], ParameterKind.ADAPTERS: []}
    for setting in sorted(settings, key=_origin):
        kind = setting.raw.parameter.kind
        if kind in lists:
            lists[kind].append(setting)
        else:
            problems += _choose(chosen, setting)
    adapters, contradictions = _join_adapters(lists[ParameterKind.ADAPTERS])
    problems += contradictions
    negatives = lists[ParameterKind.WORDS]
    problems += [
        problem for setting in negatives for problem in attention_problems(_slice(text, setting), setting.span[0])
    ]
    held = sorted([*chosen.values(), *adapters], key=_place)
    named = [token for setting in lists[ParameterKind.ADAPTERS] for token in setting.raw.tokens]
    return ResolvedSettings(tuple(held), _negative_parts(negatives, text), tuple(named)), problems


def _origin(setting: ParameterSetting) -> Origin:
    return setting.origin


def _place(setting: ParameterSetting) -> int:
    return _ORDER[setting.raw.parameter.target]


def _choose(chosen: dict[str, ParameterSetting], setting: ParameterSetting) -> list[Problem]:
    held = chosen.setdefault(setting.raw.parameter.slot, setting)
    same = (held.target, held.value) == (setting.target, setting.value)
    if same or held.precedence < setting.precedence:
        return []
    return [_contradiction(setting, f"{held.raw.spelling} {_words(held)}".rstrip())]


def _contradiction(setting: ParameterSetting, other: str) -> Problem:
    message = sentence(Code.CONFLICT, parameter=setting.raw.spelling, text=quoted(other))
    return Problem(*setting.span, message, sentence(Code.REMOVE_ONE))


def _words(setting: ParameterSetting) -> str:
    return " ".join(token.text for token in setting.raw.tokens)


def _slice(text: str, setting: ParameterSetting) -> str:
    return text[slice(*setting.span)]


def _join_adapters(settings: Sequence[ParameterSetting]) -> tuple[list[ParameterSetting], list[Problem]]:
    """Return one setting with all adapters, in the order written, and the conflicts.

    settings: in the order of precedence; the first weight of an adapter applies.
    """
    problems: list[Problem] = []
    held: dict[str, tuple[str, int]] = {}
    for setting in settings:
        for name, weight in _adapters(setting.value):
            first = held.setdefault(name, (weight, setting.precedence))
            if first[0] != weight and first[1] == setting.precedence:
                token = next(token for token in reversed(setting.raw.tokens) if token.text.partition(":")[0] == name)
                other = setting._replace(raw=setting.raw._replace(tokens=[token]))
                problems.append(_contradiction(other, f"{name}:{first[0]}"))
    joined = tuple(f"{name}:{weight}" for name, (weight, _) in held.items())
    return [setting._replace(value=joined) for setting in settings[:1]], problems


def _adapters(value: ParameterValue) -> list[tuple[str, str]]:
    adapters = value if isinstance(value, tuple) else ()
    return [(name, weight) for name, _, weight in (adapter.partition(":") for adapter in adapters)]


def _negative_parts(settings: Sequence[ParameterSetting], text: str) -> tuple[LocatedPart, ...]:
    """Return one part per `--no` of the prompt; lists from other sources are added to the first."""
    own = [setting for setting in settings if setting.origin is Origin.PROMPT]
    others = [setting for setting in settings if setting.origin is not Origin.PROMPT]
    lists = [own[:1] + others, *([setting] for setting in own[1:])]
    return tuple(_negative(joined, text) for joined in lists if joined)


def _negative(settings: Sequence[ParameterSetting], text: str) -> LocatedPart:
    """Return one part with all lists, at the span of the first."""
    items = [item for setting in settings if isinstance(setting.value, tuple) for item in setting.value]
    words = ", ".join(words_from_text(item) for item in dict.fromkeys(items))
    brackets = (weighted_bracket(_slice(text, setting), setting.span[0]) for setting in settings)
    return LocatedPart(Part(text=words, weight=NO_WEIGHT), *settings[0].span, next(filter(None, brackets), None))


_ORDER = {parameter.name: place for place, parameter in enumerate(CANONICAL)}
