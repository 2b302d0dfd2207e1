"""Refuses the syntax of other programs in a pasted prompt, with Easel's way to write it; `lora_tags` reads LoRA tags.

Escaped signs are literal: `<lora\\:x>`, `\\AND`, `\\BREAK`, `\\__x__`, `embedding\\:x`, `[a\\:b\\:0.5]`, `[a\\|b]`,
`\\$x`, `\\// x`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from engine.prompt.errors import Problem, in_order
from engine.prompt.grammar.foreign_forms import (
    FORMS,
    KEYWORD,
    NAMES_OF_FORMS,
    OTHER_TAGS,
    SCHEDULE,
    SIGNS_OF_FORMS,
    TAG,
    is_shouted,
    keyword_advice,
)
from engine.prompt.grammar.lora_tags import is_lora, kind_of
from engine.prompt.sentences import Code, sentence

_ESCAPED = rf"\\(?:{KEYWORD}(?!\w)|[\s\S])"
_FORM = re.compile("|".join([_ESCAPED, *(f"(?P<{name}>{form[0]})" for name, form in FORMS.items())]))
_BRACKET = re.compile(rf"{_ESCAPED}|[\[\]|]")
_SCHEDULED = re.compile(rf"(?<!\\):{SCHEDULE}[:\s]*\Z")
_MAX_NUMBER = 48
_BRACE = re.compile(r"\\[\s\S]|\$\{|[{}|,]|[0-9]*-?[0-9]+\$\$")
_NESTED_BRACES = re.compile(r"(?<![\\{])\{\{+[^{},|\\]*\}\}+")
_COMMENT = re.compile(r"\\[\s\S]|(?P<block>/\*[\s\S]*?\*/)|(?<!\S)(?P<line>//(?!/)[^\r\n]*)")
_JSON = re.compile(r"""\s*\[?\s*\{\s*(?:\{\s*)?(?:"[^"\n]*"|'[^'\n]*'|“[^”\n]*”)\s*:(?!:)""")
_HASH_LINE = re.compile(r"^[^\S\n]*(#(?!\w)[^\r\n]*)", re.MULTILINE)


def foreign_problems(text: str, start: int = 0) -> list[Problem]:
    """Return a problem for everything in the words that another program would understand and Easel does not.

    start: position of the text in the prompt.
    """
    tags = list(_tag_problems(text))
    inside = [(tag.start, tag.end) for tag in tags]
    forms = [form for form in _form_problems(text) if not any(low <= form.start < high for low, high in inside)]
    found = [*tags, *forms, *_bracket_problems(text)]
    return [problem._replace(start=problem.start + start, end=problem.end + start) for problem in in_order(found)]


def _tag_problems(text: str) -> Iterator[Problem]:
    for match in TAG.finditer(text) if "<" in text else ():
        kind = kind_of(match)
        if is_lora(match):
            yield Problem(*match.span(), sentence(Code.LORA_AFTER_WORDS), sentence(Code.LORA_BEFORE_PARAMETERS))
        else:
            tag = f"<{kind}:...>" if match["kind"] else f"<{kind}>"
            yield Problem(*match.span(), sentence(Code.UNSUPPORTED, what=tag), sentence(OTHER_TAGS[kind]))


def _form_problems(text: str) -> Iterator[Problem]:
    lowered = text.lower()
    if not any(sign in text for sign in SIGNS_OF_FORMS) and not any(name in lowered for name in NAMES_OF_FORMS):
        return
    for match in _FORM.finditer(text):
        if match.lastgroup == "keyword":
            if not is_shouted(text, *match.span()):
                yield Problem(*match.span(), *keyword_advice(match[0]))
        elif match.lastgroup is not None:
            message, advice = FORMS[match.lastgroup][1:]
            yield Problem(*match.span(), sentence(message), sentence(advice))


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
                yield Problem(start, match.end(), sentence(Code.ALTERNATING), sentence(Code.MIX))
            elif scheduled:
                yield Problem(start, match.end(), sentence(Code.SCHEDULED), sentence(Code.CHOOSE_ONE))


def comment_problems(text: str) -> list[Problem]:
    """Return a problem for each comment of a text as it was typed, with its ends of lines."""
    problems = []
    if "//" in text or "/*" in text:
        found = ((match, match.lastgroup) for match in _COMMENT.finditer(text))
        advice = sentence(Code.LITERAL_SLASH)
        problems = [Problem(*match.span(kind), _NO_COMMENTS, advice) for match, kind in found if kind]
    if "#" in text and "\n" in text.strip():
        advice = sentence(Code.REMOVE_LINE)
        problems += [Problem(*match.span(1), _NO_COMMENTS, advice) for match in _HASH_LINE.finditer(text)]
    return in_order(problems)


_NO_COMMENTS = sentence(Code.COMMENT)


def is_json(text: str) -> bool:
    """Return whether the text begins as JSON, such as a workflow of ComfyUI: its braces are no sets."""
    return _JSON.match(text) is not None


def set_problems(text: str) -> list[Problem]:
    """Return a problem for each pair of braces that means something else in other programs.

    These are `{a|b}`, `{2$$a, b}`, the variable `${a}`, and `{{a}}` for a weight. JSON has one problem alone.
    """
    if is_json(text):
        return [Problem(len(text) - len(text.lstrip()), len(text.rstrip()), *_NO_JSON)]
    problems: list[Problem] = []
    if not any(sign in text for sign in ("|", "${", "$$", "{{")):
        return problems
    problems += [Problem(*match.span(), *_NESTED) for match in _NESTED_BRACES.finditer(text)]
    opened: list[tuple[int, set[str]]] = []
    for match in _BRACE.finditer(text):
        sign = match[0]
        if sign.endswith("{"):
            opened.append((match.start(), {sign}))
        elif sign == "}" and opened:
            start, signs = opened.pop()
            told = next((told for foreign, told in _SETS.items() if foreign in signs), None)
            problems += [Problem(start, match.end(), *map(sentence, told))] if told else []
        elif opened and sign[0] != "\\":
            opened[-1][1].add(sign.lstrip("-0123456789"))
    return in_order(problems)


_NO_JSON = sentence(Code.JSON), sentence(Code.WORDS_ALONE)
_NESTED = sentence(Code.BRACES_AROUND_BRACES), sentence(Code.SET_OR_WEIGHT)
_SETS: Mapping[str, tuple[Code, Code]] = MappingProxyType(
    {
        "${": (Code.VARIABLE, Code.LITERAL_DOLLAR),
        "$$": (Code.COUNTED_OPTIONS, Code.SET),
        "|": (Code.BAR, Code.LITERAL_BAR),
    }
)
