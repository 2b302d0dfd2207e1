"""Which of several sayings of a parameter holds, and the parts that `--no` makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.contract.jobs import ParameterValue, Part
from engine.prompt.errors import Flaw, Origin, quoted
from engine.prompt.grammar.attention import attention_flaws
from engine.prompt.grammar.extract_parameters import Setting
from engine.prompt.grammar.parts import NO_WEIGHT, Placed, words_from_text
from engine.prompt.grammar.values import Token
from engine.prompt.parameter_type import Kind
from engine.prompt.parameters import CANONICAL


class Settled(NamedTuple):
    """What holds for one job: settings in the table's order, parts that `--no` makes, the words that name adapters."""

    settings: tuple[Setting, ...]
    negatives: tuple[Placed, ...]
    adapters: tuple[Token, ...]


def settle(settings: Sequence[Setting], text: str) -> tuple[Settled, list[Flaw]]:
    """Return what holds, and a flaw for each contradiction.

    The prompt and the command's options win over own options, those over the suffix; lists are joined. Among equals,
    saying the same twice is fine and saying two things is a contradiction.
    """
    if not settings:
        return Settled((), (), ()), []
    flaws: list[Flaw] = []
    chosen: dict[str, Setting] = {}
    lists: dict[Kind, list[Setting]] = {Kind.WORDS: [], Kind.ADAPTERS: []}
    for setting in sorted(settings, key=_origin):
        kind = setting.written.parameter.kind
        if kind in lists:
            lists[kind].append(setting)
        else:
            flaws += _choose(chosen, setting)
    adapters, contradictions = _join_adapters(lists[Kind.ADAPTERS])
    flaws += contradictions
    negatives = lists[Kind.WORDS]
    flaws += [flaw for setting in negatives for flaw in attention_flaws(_slice(text, setting), setting.span[0])]
    held = sorted([*chosen.values(), *adapters], key=_place)
    named = [token for setting in lists[Kind.ADAPTERS] for token in setting.written.tokens]
    return Settled(tuple(held), _negative_parts(negatives), tuple(named)), flaws


def _origin(setting: Setting) -> Origin:
    return setting.origin


def _place(setting: Setting) -> int:
    return _ORDER[setting.written.parameter.target]


def _choose(chosen: dict[str, Setting], setting: Setting) -> list[Flaw]:
    held = chosen.setdefault(setting.written.parameter.slot, setting)
    same = (held.target, held.value) == (setting.target, setting.value)
    if same or held.nearness < setting.nearness:
        return []
    return [_contradiction(setting, f"{held.written.spelling} {_words(held)}".rstrip())]


def _contradiction(setting: Setting, other: str) -> Flaw:
    return Flaw(*setting.span, f"{setting.written.spelling} contradicts {quoted(other)}.", "Leave one of them out.")


def _words(setting: Setting) -> str:
    return " ".join(token.text for token in setting.written.tokens)


def _slice(text: str, setting: Setting) -> str:
    return text[slice(*setting.span)]


def _join_adapters(settings: Sequence[Setting]) -> tuple[list[Setting], list[Flaw]]:
    """Return one setting with the adapters of all, in the order written, and contradictions.

    settings: nearest first; the nearest weight of an adapter holds.
    """
    flaws: list[Flaw] = []
    held: dict[str, tuple[str, int]] = {}
    for setting in settings:
        for name, weight in _adapters(setting.value):
            first = held.setdefault(name, (weight, setting.nearness))
            if first[0] != weight and first[1] == setting.nearness:
                flaws.append(_contradiction(setting, f"{name}:{first[0]}"))
    joined = tuple(f"{name}:{weight}" for name, (weight, _) in held.items())
    return [setting._replace(value=joined) for setting in settings[:1]], flaws


def _adapters(value: ParameterValue) -> list[tuple[str, str]]:
    adapters = value if isinstance(value, tuple) else ()
    return [(name, weight) for name, _, weight in (adapter.partition(":") for adapter in adapters)]


def _negative_parts(settings: Sequence[Setting]) -> tuple[Placed, ...]:
    """Return one part for each `--no` of the prompt; those from elsewhere join the first."""
    own = [setting for setting in settings if setting.origin is Origin.PROMPT]
    others = [setting for setting in settings if setting.origin is not Origin.PROMPT]
    lists = [own[:1] + others, *([setting] for setting in own[1:])]
    return tuple(_negative(joined) for joined in lists if joined)


def _negative(settings: Sequence[Setting]) -> Placed:
    """Return one part of all the lists, standing where the first does."""
    items = [item for setting in settings if isinstance(setting.value, tuple) for item in setting.value]
    words = ", ".join(words_from_text(item) for item in dict.fromkeys(items))
    return Placed(Part(text=words, weight=NO_WEIGHT), *settings[0].span)


_ORDER = {parameter.name: place for place, parameter in enumerate(CANONICAL)}
