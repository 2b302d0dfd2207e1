"""LoRA tags of other programs, `<lora:name:0.8>`: each is read as the adapter that `--lora` would name."""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.contract.jobs import ParameterValue
from engine.prompt.errors import Problem, quoted
from engine.prompt.grammar.foreign_forms import LORA_TAGS, TAG
from engine.prompt.grammar.numbers import DECIMAL
from engine.prompt.grammar.raw_parameter import RawParameter, Token
from engine.prompt.grammar.values import parse_value
from engine.prompt.limits import Limits
from engine.prompt.parameters import BY_SPELLING
from engine.prompt.sentences import Code, sentence

_PIECE = re.compile(r"[^:]+")


class LoraTag(NamedTuple):
    """A LoRA tag as the parameter that it stands for, and the parameter's value."""

    raw: RawParameter
    value: ParameterValue


def extract_lora_tags(text: str, limits: Limits) -> tuple[str, list[LoraTag], list[Problem]]:
    """Return the text with its LoRA tags blanked out, the adapters that they name, and the problems with them.

    The text keeps its length.
    """
    tags: list[LoraTag] = []
    problems: list[Problem] = []
    if "<" not in text:
        return text, tags, problems
    for match in TAG.finditer(text):
        if not is_lora(match):
            continue
        tag = _lora_tag(match, limits)
        if isinstance(tag, LoraTag):
            tags.append(tag)
        else:
            problems += tag
    return TAG.sub(_blanked, text), tags, problems


def is_lora(match: re.Match[str]) -> bool:
    """Return whether a tag names an adapter."""
    return kind_of(match) in LORA_TAGS


def kind_of(match: re.Match[str]) -> str:
    """Return the name of a tag in lower case."""
    return (match["kind"] or match["bare"]).lower()


def _blanked(match: re.Match[str]) -> str:
    return " " * len(match[0]) if is_lora(match) else match[0]


def _lora_tag(match: re.Match[str], limits: Limits) -> LoraTag | list[Problem]:
    kind = kind_of(match)
    inside = match["inside"] or ""
    name, separator, rest = inside.partition(":")
    if not name.strip():
        advice = sentence(Code.REMOVE)
        if limits.adapters:
            advice = sentence(Code.WRITE, text=f"<{kind}:{limits.adapters[0]}:0.8>")
        return [Problem(*match.span(), sentence(Code.LORA_WITHOUT_NAME), advice)]
    after = match.start("inside") + len(name)
    weights = [
        Token(piece[0].strip(), piece.start(), piece.end())
        for piece in _PIECE.finditer(match.string, after, match.end("inside"))
    ]
    numbers = [re.sub(r"^(?:te|unet)=", "", weight.text) for weight in weights]
    advice = sentence(Code.WRITE, text=f"<{kind}:{quoted(name.strip())}:0.8>")
    if separator and not rest.strip(": "):
        return [Problem(after, match.end("inside"), sentence(Code.LORA_WITHOUT_WEIGHT), advice)]
    for weight, number in zip(weights, numbers, strict=True):
        if not DECIMAL.fullmatch(number) or float(number) != float(numbers[0]):
            return [Problem(weight.start, weight.end, sentence(Code.LORA_WITH_WEIGHTS), advice)]
    known = _registered(name.strip(), limits)
    word = ":".join((known, *numbers[:1]))
    end = weights[0].end if weights else after
    raw = RawParameter(BY_SPELLING["lora"], "--lora", *match.span(), [Token(word, match.start("inside"), end)])
    value = parse_value(raw, limits)
    return value if isinstance(value, list) else LoraTag(raw, value)


def _registered(name: str, limits: Limits) -> str:
    """Return the name of the adapter that a tag means: tags name files, with or without folder and ending."""
    stem = re.sub(r"\.safetensors\Z", "", re.split(r"[/\\]", name)[-1])
    known = limits.adapters or ()
    if stem in known:
        return stem
    by_file = {file.lower(): adapter for file, adapter in limits.adapter_files.items()}
    return by_file.get(stem.lower()) or next((one for one in known if one.lower() == stem.lower()), stem)
