"""Renders specs as text: the canonical prompt, and the JSON records of `easel parse`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from engine.contract.jobs import ImagePrompt, JobSpec, ParameterValue, Part, json_from_spec
from engine.prompt.grammar.foreign_forms import (
    KEYWORD,
    LABEL,
    LORA_TAGS,
    SCHEDULE,
    SETTING_NAMES,
    TAG_START,
    is_shouted,
)
from engine.prompt.grammar.numbers import text_from_number
from engine.prompt.grammar.parts import NO_WEIGHT
from engine.prompt.parameters import CANONICAL

# What the parser would not take for words, among it the syntax of other programs in `foreign_forms`.
_SIGNS = (
    r"(?P<kept>\\[\s\S])"
    r"|(?P<sign>[{}|]|:(?=:{END})|(?<=:):|(?<!\S)[–—―-](?=[–—―-]?[^\W\d_])"
    rf"|:(?={SCHEDULE}\])"
    r"|(?<!\w)_(?=_(?!_)[\w*./~-]{1,64}?__(?!\w))|(?<!\w)\$(?=(?-i:[a-z_]))|/(?=\*)|(?<!\S)/(?=/)|\A/(?=imagine))"
    rf"|(?P<keyword>(?<!\w)(?-i:{KEYWORD})(?!\w))"
    r"|(?P<link>(?<!\S)<?(?:https?|blob|ftp|file|picture(?=:[0-9a-f]{16}))|https?(?=://)"
    rf"|{TAG_START}|(?<!\w)(?:embedding|negative[ _]prompt ?|{'|'.join(LORA_TAGS)}|hypernet)"
    rf"|(?<!\w)(?:{SETTING_NAMES})|\A{LABEL}):"
)
_ESCAPED = re.compile(_SIGNS.replace("{END}", ""), re.IGNORECASE)
# A colon at the end would touch the separator that follows.
_ESCAPED_BEFORE_SEPARATOR = re.compile(_SIGNS.replace("{END}", r"|\Z"), re.IGNORECASE)
_NEEDS_ESCAPE = re.compile(r"[\\{}|_:$/–—―-]|AND|BREAK|COUPLE|ADD")
_LINK = re.compile(r"(?<!\S)<?(?:https?|blob|ftp|file|picture):", re.IGNORECASE)


def render(spec: JobSpec) -> str:
    """Return the canonical prompt: pictures, words, `--no`, then parameters in the table's order.

    Guarantees: without defaults, `parse` returns this spec for it, and no other.
    """
    heads, negatives = _cut(spec.parts)
    pieces = [_image_text(image) for image in spec.images]
    pieces += [_part_text(part, last=index == len(heads) - 1) for index, part in enumerate(heads)]
    pieces += [f"--no {_escape(part.text, _ESCAPED)}" for part in negatives]
    if spec.parameters:
        pieces += [_parameter_text(name, spec.parameters[name]) for name in sorted(spec.parameters, key=_place)]
    return " ".join(pieces)


def json_from_specs(specs: Sequence[JobSpec]) -> list[dict[str, Any]]:
    """Return one JSON-ready object per job: prompt, parts, images, parameters."""
    return [{name: value for name, value in json_from_spec(spec).items() if name != "version"} for spec in specs]


def _cut(parts: Sequence[Part]) -> tuple[Sequence[Part], Sequence[Part]]:
    """Return the parts to write with `::`, and the last ones that can be written with `--no`."""
    place = len(parts)
    while place and parts[place - 1].weight == NO_WEIGHT and _is_list(parts[place - 1].text):
        place -= 1
    return parts[:place], parts[place:]


def _is_list(text: str) -> bool:
    """Return whether the parser would return this same text from a `--no` list."""
    items = text.split(",")
    return ", ".join(dict.fromkeys(item.strip() for item in items if item.strip())) == text and not _LINK.search(text)


def _image_text(image: ImagePrompt) -> str:
    return image.url if image.weight == 1 else f"{image.url}::{text_from_number(image.weight)}"


def _part_text(part: Part, *, last: bool) -> str:
    if part.weight == 1 and last:
        return _escape(part.text, _ESCAPED)
    weight = "" if part.weight == 1 else text_from_number(part.weight)
    return f"{_escape(part.text, _ESCAPED_BEFORE_SEPARATOR)}::{weight}"


def _parameter_text(name: str, value: ParameterValue) -> str:
    if value is True:
        return f"--{name}"
    if isinstance(value, tuple):
        return f"--{name} {' '.join(value)}"
    return f"--{name} {value if isinstance(value, str) else text_from_number(value)}"


def _place(name: str) -> int:
    return _PLACES.get(name, len(_PLACES))


def _escape(text: str, signs: re.Pattern[str]) -> str:
    if not _NEEDS_ESCAPE.search(text):
        return text
    return signs.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    if match["kept"]:
        return match["kept"]
    if match["keyword"]:
        return match[0] if is_shouted(match.string, *match.span()) else "\\" + match[0]
    if match["link"]:
        return match["link"] + "\\:"
    return "\\" + match["sign"]


_PLACES = {row.name: place for place, row in enumerate(CANONICAL)}
