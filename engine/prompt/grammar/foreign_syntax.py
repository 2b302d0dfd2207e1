"""Syntax of other programs in a pasted prompt: LoRA tags become adapters, everything else is refused with Easel's way.

Escaped signs are literal: `<lora\\:x>`, `\\AND`, `\\BREAK`, `\\__x__`, `embedding\\:x`, `[a\\:b\\:0.5]`, `[a\\|b]`.
Source: the documentation of AUTOMATIC1111, ComfyUI, InvokeAI, NovelAI, SwarmUI and Dynamic Prompts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from engine.contract.jobs import ParameterValue
from engine.prompt.errors import Problem, quoted
from engine.prompt.grammar.numbers import DECIMAL
from engine.prompt.grammar.values import RawParameter, Token, parse_value
from engine.prompt.limits import Limits
from engine.prompt.parameters import BY_SPELLING

LORA_TAGS = ("lora", "lyco", "locon", "loha", "lokr")
_REMOVE = "Remove it."
# Tags of other programs, by name: what they stand for.
OTHER_TAGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("hypernet", "hypernetwork"), "Easel has no hypernetworks. Remove it."),
        **dict.fromkeys(("embed", "embedding", "ti"), "Easel has no embeddings. Remove it."),
        **dict.fromkeys(("wildcard", "random", "alternate", "fromto"), "For several variants, write {red, green}."),
        **dict.fromkeys(("segment", "object", "region", "clear"), "Easel has no regions. Remove it."),
        **dict.fromkeys(("model", "sampler", "preset", "param"), "Write parameters such as --model instead."),
        **dict.fromkeys(
            ("base", "refiner", "video", "extend", "repeat", "setvar", "var", "setmacro", "macro"), _REMOVE
        ),
    }
)
# Names that only mean something to a program that has the embedding.
_EMBEDDINGS = ("easynegative", "easynegativev2", "badhandv4", "bad-hands-5", "bad_prompt_version2", "fastnegativev2",
               "ng_deepnegative_v1_75t", "verybadimagenegative_v1.3", "negative_hand", "baddream", "unrealisticdream",
               "negativexl_d", "unaestheticxl")  # fmt: skip
_EMBEDDING_NAMES = "|".join(map(re.escape, _EMBEDDINGS))
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"

_TAG = re.compile(
    rf"<(?P<kind>{'|'.join((*LORA_TAGS, *OTHER_TAGS))})(?:\[[^<>\[\]]*\])?:(?!:)(?P<inside>[^<>]*)>", re.IGNORECASE
)
_ESCAPED = r"\\(?:(?:AND|BREAK)(?!\w)|[\s\S])"
_FORMS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "and": (
            r"(?<!\w)AND(?!\w)",
            "AND is not supported.",
            "Write a cat:: a dog::1.2 for parts with weights, or \\AND for the word.",
        ),
        "break": (
            r"(?<!\w)BREAK(?!\w)",
            "BREAK is not supported.",
            "Remove it: long prompts are split automatically. For separate parts write ::, for the word \\BREAK.",
        ),
        "region": (
            r"(?<!\w)ADD(?:COL|ROW|COMM|BASE)(?!\w)",
            "Regions are not supported.",
            "Describe where things are in words.",
        ),
        "wildcard": (
            r"(?<!\w)__(?!_)[\w*./~-]{1,64}?__(?!\w)",
            "Wildcards are not supported.",
            "List the options, as in {red, green}, for one job each.",
        ),
        "embedding": (
            rf"(?i:(?<!\w)embedding:(?=[^\s:])[^\s,()\[\]:]*|(?<![\w-])(?:{_EMBEDDING_NAMES})(?![\w-]))",
            "Embeddings are not supported.",
            "Remove it, or write what it stands for.",
        ),
        "negative": (
            r"(?<!\w)(?i:negative prompt):(?!:)",
            "A negative prompt is written differently here.",
            "Write --no and the words, separated by commas, after the prompt.",
        ),
        "settings": (
            r"(?<!\w)Steps: *[0-9]+, *[A-Z][^\n]*",
            "Settings are written differently here.",
            "Write parameters, such as --steps 20 --cfg 7 --seed 1 --sampler euler.",
        ),
        "attention": (
            rf"(?<=\))(?:\++|(?=[0-9]*\.){_NUMBER})(?=[\s,]|::|\Z)|(?<=\))\.(?:and|blend|swap)\([^()]*\)",
            "This form of weights is not supported.",
            "Write (word:1.3) for a weight, or a cat:: a dog::1.2 for parts with weights.",
        ),
        "emphasis": (
            r"(?<![\w.:])[0-9]+\.[0-9]+::(?=[^\W\d_])",
            "A weight before its words is not supported.",
            "Write (word:1.3), or word::1.3 for a part of its own.",
        ),
    }
)
_FORM = re.compile("|".join([_ESCAPED, *(f"(?P<{name}>{form[0]})" for name, form in _FORMS.items())]))
_SIGNS_OF_FORMS = ("AND", "BREAK", "ADD", "__", "::", ")+", ")-", ").", "Steps:", *(f"){digit}" for digit in range(10)))
_NAMES_OF_FORMS = ("embedding:", "negative prompt:", *_EMBEDDINGS)
_BRACKET = re.compile(rf"{_ESCAPED}|[\[\]|]")
_SCHEDULED = re.compile(rf"(?<!\\):\s*{_NUMBER}\s*\Z")
_MAX_NUMBER = 24
_BRACE = re.compile(r"\\[\s\S]|[{}|,]")


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
    for match in _TAG.finditer(text):
        if match["kind"].lower() not in LORA_TAGS:
            continue
        tag = _lora_tag(match, limits)
        if isinstance(tag, LoraTag):
            tags.append(tag)
        else:
            problems += tag
    return _TAG.sub(_blanked, text), tags, problems


def _blanked(match: re.Match[str]) -> str:
    return " " * len(match[0]) if match["kind"].lower() in LORA_TAGS else match[0]


def _lora_tag(match: re.Match[str], limits: Limits) -> LoraTag | list[Problem]:
    name, *weights = [word.strip() for word in match["inside"].split(":")]
    numbers = {re.sub(r"^(?:te|unet)=", "", weight) for weight in weights}
    if not all(map(DECIMAL.fullmatch, numbers)) or len({float(number) for number in numbers}) > 1:
        message = "A LoRA has one weight here."
        return [Problem(*match.span(), message, f"Write <{match['kind']}:{quoted(name)}:0.8>.")]
    known = _registered(name, limits)
    word = ":".join((known, *list(numbers)[:1]))
    raw = RawParameter(BY_SPELLING["lora"], "--lora", *match.span(), [Token(word, *match.span("inside"))])
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


def foreign_problems(text: str, start: int = 0) -> list[Problem]:
    """Return a problem for everything in the words that another program would understand and Easel does not.

    start: position of the text in the prompt.
    """
    found = [*_tag_problems(text), *_form_problems(text), *_bracket_problems(text)]
    return [problem._replace(start=problem.start + start, end=problem.end + start) for problem in sorted(found)]


def _tag_problems(text: str) -> Iterator[Problem]:
    for match in _TAG.finditer(text) if "<" in text else ():
        kind = match["kind"].lower()
        if kind in LORA_TAGS:
            yield Problem(*match.span(), "A LoRA has no effect here.", "Write it before the first parameter.")
        else:
            yield Problem(*match.span(), f"<{kind}:...> is not supported.", OTHER_TAGS[kind])


def _form_problems(text: str) -> Iterator[Problem]:
    # Nearly no prompt has any of them, and the pattern of all is slow.
    lowered = text.lower()
    if not any(sign in text for sign in _SIGNS_OF_FORMS) and not any(name in lowered for name in _NAMES_OF_FORMS):
        return
    for match in _FORM.finditer(text):
        if match.lastgroup is not None:
            yield Problem(*match.span(), *_FORMS[match.lastgroup][1:])


def _bracket_problems(text: str) -> Iterator[Problem]:
    """Yield the brackets that would change the text during the steps."""
    if "[" not in text:
        return
    opened: list[tuple[int, bool]] = []
    for match in _BRACKET.finditer(text):
        if match[0] == "[":
            opened.append((match.start(), False))
        elif match[0] == "|" and opened:
            opened[-1] = (opened[-1][0], True)
        elif match[0] == "]" and opened:
            start, is_alternating = opened.pop()
            scheduled = _SCHEDULED.search(text, max(start, match.start() - _MAX_NUMBER), match.start())
            if is_alternating:
                advice = "Write {a, b} for one job each, or a:: b to mix them."
                yield Problem(start, match.end(), "[a|b] is not supported: words cannot alternate.", advice)
            elif scheduled:
                message = "[a:b:0.5] is not supported: words cannot change during the steps."
                advice = "Choose one of them, or write (a:0.5) for a weight."
                yield Problem(start, match.end(), message, advice)


def set_problems(text: str) -> list[Problem]:
    """Return a problem for each set whose options are separated by bars, as in `{a|b}`."""
    problems: list[Problem] = []
    if "|" not in text:
        return problems
    opened: list[tuple[int, set[str]]] = []
    for match in _BRACE.finditer(text):
        sign = match[0]
        if sign == "{":
            opened.append((match.start(), set()))
        elif sign in "|," and opened:
            opened[-1][1].add(sign)
        elif sign == "}" and opened:
            start, signs = opened.pop()
            if "|" in signs:
                message = "Options in braces are separated by commas."
                problems.append(Problem(start, match.end(), message, "Write {a, b}, or \\| for a literal bar."))
    return sorted(problems)
