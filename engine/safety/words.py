"""Words that a community does not want in prompts, matched whole and after Unicode folding.

A rule is a word or several in a row; with `*` at its end, its last word may go on. Text is folded by compatibility
decomposition and case folding (Unicode Standard, chapters 3.11 and 3.13), without accents and invisible characters,
and letters of another alphabet that look Latin count as Latin where a word mixes both.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

MAX_RULES = 200
MAX_RULE_LENGTH = 60
MIN_START = 3
"""The fewest letters before a `*`: one or two begin a good part of all words."""

_ACCENTS = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
# Scripts that write no spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han. Each character counts as a word.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_LOOKALIKES = str.maketrans("аеіјорсухѕһԁԛԝոսαεικνορτυχ", "aeijopcyxshdqwnuaeikvoptux")


class RuleFault(StrEnum):
    """Why a text is no rule."""

    NO_WORD = "no_word"
    TOO_LONG = "too_long"
    SHORT_START = "short_start"
    STAR_INSIDE = "star_inside"
    TOO_MANY = "too_many"


class RuleRefused(ValueError):
    """The text is no rule; `fault` says why."""

    def __init__(self, text: str, fault: RuleFault) -> None:
        super().__init__(f"{fault}: {text!r}")
        self.text, self.fault = text, fault


@dataclass(frozen=True, kw_only=True)
class WordRule:
    """A rule as it was written, and what it matches: `words` in a row, of which the last may go on."""

    text: str
    words: tuple[str, ...]
    is_start: bool

    @property
    def key(self) -> tuple[tuple[str, ...], bool]:
        """What tells it from other rules, however they are written."""
        return self.words, self.is_start


@dataclass(frozen=True, kw_only=True)
class WordRules:
    """The rules of a community, by their first words; `starts` are those of one word that may go on."""

    by_word: Mapping[str, tuple[WordRule, ...]]
    starts: tuple[WordRule, ...]

    def find(self, text: str) -> WordRule | None:
        """Return the first rule that the text breaks, or None."""
        words = words_of(text)
        for at, word in enumerate(words):
            for rule in (*self.by_word.get(word, ()), *self.starts):
                if _is_at(rule, words, at):
                    return rule
        return None


NO_RULES = WordRules(by_word=MappingProxyType({}), starts=())


def rule_from_text(text: str) -> WordRule:
    """Return the rule that the text says.

    Raises: RuleRefused.
    """
    text = " ".join(text.split())
    bare = text.removesuffix("*")
    words = words_of(bare)
    is_start = bare != text
    if not words:
        raise RuleRefused(text, RuleFault.NO_WORD)
    if len(text) > MAX_RULE_LENGTH:
        raise RuleRefused(text, RuleFault.TOO_LONG)
    if "*" in bare:
        raise RuleRefused(text, RuleFault.STAR_INSIDE)
    if is_start and len("".join(words)) < MIN_START and not _is_unspaced(words[-1]):
        raise RuleRefused(text, RuleFault.SHORT_START)
    return WordRule(text=text, words=words, is_start=is_start)


@lru_cache(maxsize=1024)
def rules_from_texts(texts: tuple[str, ...]) -> WordRules:
    """Return the rules that the texts say.

    Raises: RuleRefused.
    """
    rules = [rule_from_text(text) for text in texts]
    starts = tuple(rule for rule in rules if rule.is_start and len(rule.words) == 1)
    by_word: dict[str, tuple[WordRule, ...]] = {}
    for rule in rules:
        if rule not in starts:
            by_word[rule.words[0]] = (*by_word.get(rule.words[0], ()), rule)
    return WordRules(by_word=MappingProxyType(by_word), starts=starts)


def texts_from_list(text: str) -> list[str]:
    """Return the rules of a list as they are written in it, separated by commas or lines."""
    return [part for part in text.replace("\n", ",").split(",") if part.strip()]


def with_rules(texts: Sequence[str], new: Iterable[str]) -> tuple[str, ...]:
    """Return the rules with the new ones, none of them twice however it is written.

    Raises: RuleRefused for the first new one that is no rule, or one too many.
    """
    kept = {rule_from_text(text).key: text for text in texts}
    for rule in map(rule_from_text, new):
        kept.setdefault(rule.key, rule.text)
        if len(kept) > MAX_RULES:
            raise RuleRefused(rule.text, RuleFault.TOO_MANY)
    return tuple(kept.values())


def without_rules(texts: Sequence[str], gone: Iterable[str]) -> tuple[str, ...]:
    """Return the rules without those that say the same as one of `gone`.

    Raises: RuleRefused for the first of `gone` that is no rule.
    """
    keys = {rule_from_text(text).key for text in gone}
    return tuple(text for text in texts if rule_from_text(text).key not in keys)


def words_of(text: str) -> tuple[str, ...]:
    """Return the folded words of the text, in order; in scripts without spaces, its characters."""
    words = [""]
    for char in _folded(text):
        if _is_unspaced(char):
            words += [char, ""]
        elif char.isalnum() or unicodedata.category(char).startswith("M"):
            words[-1] += char
        else:
            words.append("")
    return tuple(_latin(word) for word in words if word)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", "".join(filter(_counts, decomposed)))


def _counts(char: str) -> bool:
    """Return whether the character is neither an accent nor invisible."""
    return not _is_in(char, _ACCENTS) and unicodedata.category(char) != "Cf"


def _latin(word: str) -> str:
    """Return the word with letters that look Latin as Latin ones, if it has Latin letters as well."""
    return word.translate(_LOOKALIKES) if any("a" <= char <= "z" for char in word) else word


def _is_at(rule: WordRule, words: Sequence[str], at: int) -> bool:
    found = words[at : at + len(rule.words)]
    *before, last = rule.words
    if len(found) < len(rule.words) or list(found[:-1]) != before:
        return False
    return found[-1].startswith(last) if rule.is_start else found[-1] == last


def _is_unspaced(char: str) -> bool:
    return len(char) == 1 and _is_in(char, _UNSPACED)


def _is_in(char: str, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)
