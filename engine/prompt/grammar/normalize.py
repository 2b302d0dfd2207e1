"""First stage: converts the characters that phones and keyboards insert to plain ones.

Dashes stay as they are: they only matter at the start of a parameter, and a later stage handles them.
"""

from __future__ import annotations

import re
import unicodedata

from engine.prompt.errors import Problem
from engine.prompt.grammar.spans import MappedText, Slice, join
from engine.prompt.sentences import Code, sentence

_SPACES = "\t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f"
_HYPHENS = "\u2010\u2011\u2212"
_FULL_WIDTH = range(0xFF01, 0xFF5F)

_PLAIN = {
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _SINGLE_QUOTES), "'"),
    **dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"'),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
    **{code: chr(code - 0xFEE0) for code in _FULL_WIDTH},
}

_INVISIBLE = "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
_JOINERS = "[\u200c\u200d]"
_REMOVED = re.compile(_INVISIBLE)
# Joiners shape emoji and the letters of many scripts; next to ASCII or at either end they have no effect.
_IDLE_JOINERS = re.compile(f"(?:(?<=[\\x00-\\x7f])|(?<![\\s\\S])){_JOINERS}+|{_JOINERS}+(?=[\\x00-\\x7f]|\\Z)")
_UNREADABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]+")


def normalize(mapped: MappedText) -> tuple[MappedText, list[Problem]]:
    """Return the text in plain characters, and a problem for each sequence of unreadable characters.

    Full-width characters, smart quotes, hyphens and special spaces become ASCII. Zero-width characters are removed,
    except joiners between characters that they can join. Plain text is returned unchanged.
    """
    text = mapped.text
    if text.isascii() and text.isprintable():
        return mapped, []
    problems = [
        Problem(*match.span(), sentence(Code.UNREADABLE, name=_name(match[0])), sentence(Code.REMOVE))
        for match in _UNREADABLE.finditer(text)
    ]
    normalized = MappedText(text=text.translate(_PLAIN), segments=mapped.segments)
    return _remove(_remove(normalized, _REMOVED), _IDLE_JOINERS), problems


def _remove(mapped: MappedText, pattern: re.Pattern[str]) -> MappedText:
    slices, kept = [], 0
    for match in pattern.finditer(mapped.text):
        slices.append(Slice(mapped, kept, match.start()))
        kept = match.end()
    if not slices:
        return mapped
    return join([*slices, Slice(mapped, kept, len(mapped.text))])


def _name(characters: str) -> str:
    return unicodedata.name(characters[0], f"U+{ord(characters[0]):04X}")
