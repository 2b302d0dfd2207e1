"""Second stage: replaces a member's custom options, `--name`, with their values.

Options are expanded once: options within a value are not expanded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.prompt.errors import Origin, Problem, PromptError, PromptSource
from engine.prompt.grammar.normalize import normalize
from engine.prompt.grammar.spans import MappedText, Slice, join, locate, mapped_from_source
from engine.prompt.parameters import BY_SPELLING
from engine.prompt.sentences import Code, sentence

# Marks the end of a custom option's parameters; the words after it belong to the prompt. Normalized text has no such
# character.
END_OF_OPTION = "\x1f"

_OPTION = re.compile(r"(?<![^\s{,])(?:--|[–—―])([^\W\d_][\w-]*)")
STARTS_PARAMETERS = re.compile(r"\s*(?:--|[–—―]|\{)")
PARAMETER_START = re.compile(r"(?<![^\s{,])(?:--|[–—―])(?=[^\W\d_{])")


def expand_options(
    mapped: MappedText, options: Mapping[str, str], max_length: int
) -> tuple[MappedText, list[Problem], list[PromptError]]:
    """Return the text with every custom option replaced by its value, its problems, and the errors in the values.

    Built-in parameters override options of the same name. If the result would be longer than `max_length`, that is the
    problem, and nothing is replaced.
    """
    found = [match for match in _OPTION.finditer(mapped.text) if _is_custom(match[1], options)] if options else []
    if not found:
        return mapped, [], []
    length = len(mapped.text) + sum(len(options[match[1]]) for match in found)
    if length > max_length:
        message = sentence(Code.OPTIONS_TOO_LONG, length=length, limit=max_length)
        return mapped, [Problem(*found[0].span(), message, sentence(Code.SHORTEN_OPTION))], []
    return _expand(mapped, found, options)


def _is_custom(name: str, options: Mapping[str, str]) -> bool:
    return name in options and name not in BY_SPELLING


def _expand(
    mapped: MappedText, found: list[re.Match[str]], options: Mapping[str, str]
) -> tuple[MappedText, list[Problem], list[PromptError]]:
    values, errors = _normalized_values({match[1] for match in found}, options)
    slices, kept = [], 0
    for match in found:
        value = values[match[1]]
        slices += [Slice(mapped, kept, match.start()), Slice(value, 0, len(value.text))]
        kept = match.end()
        if PARAMETER_START.search(value.text):
            slices.append(Slice(_end_marker(value), 0, 1))
    return join([*slices, Slice(mapped, kept, len(mapped.text))]), [], errors


def _normalized_values(names: set[str], options: Mapping[str, str]) -> tuple[dict[str, MappedText], list[PromptError]]:
    values: dict[str, MappedText] = {}
    errors: list[PromptError] = []
    for name in sorted(names):
        where = sentence(Code.IN_OWN_OPTION, name=name)
        source = PromptSource(text=options[name], origin=Origin.OPTION, where=where)
        mapped = mapped_from_source(source)
        values[name], problems = normalize(mapped)
        errors += [locate(problem, mapped) for problem in problems]
    return values, errors


def _end_marker(value: MappedText) -> MappedText:
    last = value.segments[-1]
    return MappedText(text=END_OF_OPTION, segments=(last._replace(start=0, offset=len(last.source.text)),))
