"""Second stage: a member's own options, `--name`, replaced by what they stand for.

An option is replaced once: a value that names another option is not looked into again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.prompt.errors import Flaw, Origin, PromptFault, Source
from engine.prompt.grammar.normalize import make_plain
from engine.prompt.grammar.spans import Piece, Traced, join, locate, traced_from_source
from engine.prompt.parameters import BY_SPELLING

# Ends the parameters of an own option: what follows is again the prompt's. No text that was read contains it.
END_OF_OPTION = "\x1f"

_OPTION = re.compile(r"(?<![^\s{,])(?:--|[–—―])([^\W\d_][\w-]*)")
STARTS_PARAMETERS = re.compile(r"\s*(?:--|[–—―]|\{)")
_PARAMETER_START = re.compile(r"(?<![^\s{,])(?:--|[–—―])(?=[^\W\d_{])")


def put_in_options(
    traced: Traced, options: Mapping[str, str], max_length: int
) -> tuple[Traced, list[Flaw], list[PromptFault]]:
    """Return the text with every own option replaced by its value, flaws of it, and faults of the values.

    The table's own names win over an option of the same name. When the whole would be longer than `max_length`
    nothing is replaced and that is the flaw.
    """
    found = [match for match in _OPTION.finditer(traced.text) if _is_own(match[1], options)] if options else []
    if not found:
        return traced, [], []
    length = len(traced.text) + sum(len(options[match[1]]) for match in found)
    if length > max_length:
        sentence = f"With your own options put in, the prompt has {length:,} characters; {max_length:,} are allowed."
        return traced, [Flaw(found[0].start(), found[0].end(), sentence, "Shorten the option.")], []
    return _replaced(traced, found, options)


def _is_own(name: str, options: Mapping[str, str]) -> bool:
    return name in options and name not in BY_SPELLING


def _replaced(
    traced: Traced, found: list[re.Match[str]], options: Mapping[str, str]
) -> tuple[Traced, list[Flaw], list[PromptFault]]:
    values, faults = _values({match[1] for match in found}, options)
    pieces, kept = [], 0
    for match in found:
        value = values[match[1]]
        pieces += [Piece(traced, kept, match.start()), Piece(value, 0, len(value.text))]
        kept = match.end()
        if _PARAMETER_START.search(value.text):
            pieces.append(Piece(_end_of(value), 0, 1))
    return join([*pieces, Piece(traced, kept, len(traced.text))]), [], faults


def _values(names: set[str], options: Mapping[str, str]) -> tuple[dict[str, Traced], list[PromptFault]]:
    values: dict[str, Traced] = {}
    faults: list[PromptFault] = []
    for name in sorted(names):
        source = Source(name=f"your option --{name}", text=options[name], origin=Origin.OPTION)
        traced = traced_from_source(source)
        values[name], flaws = make_plain(traced)
        faults += [locate(flaw, traced) for flaw in flaws]
    return values, faults


def _end_of(value: Traced) -> Traced:
    last = value.runs[-1]
    return Traced(text=END_OF_OPTION, runs=(last._replace(start=0, offset=len(last.source.text)),))
