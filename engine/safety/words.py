"""Words that a community does not want in prompts, matched whole and after Unicode folding.

A rule is a word or several in a row; with `*` at its end, its last word may go on. Text is folded by compatibility
decomposition and case folding (Unicode Standard, chapters 3.11 and 3.13), without accents and invisible characters
(those that Unicode's DerivedCoreProperties.txt calls Default_Ignorable_Code_Point). Letters in frames, small capitals
and letters with a stroke count as plain ones; letters of another alphabet that look Latin count as Latin where a word
mixes both, and marks of whatever alphabet count for nothing there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
# Invisible, though no format characters: fillers of Hangul, unwritten vowels of Khmer, variation selectors, and the
# braille pattern without a dot.
_INVISIBLE = (
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
# Where letters stand in a row that Unicode does not decompose to plain ones: in parentheses, in black circles, in black
# squares, and as halves of flags.
_FRAMED = (0x249C, 0x1F150, 0x1F170, 0x1F1E6)
_FANCY = str.maketrans(
    {
        **{chr(first + at): letter for first in _FRAMED for at, letter in enumerate(_ALPHABET)},
        **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
        **dict(zip("ɑɡıȷØøĐđÐðŁłĦħŦŧƗɨɄʉɃƀƓɠƁɓƊɗƘƙ", "agijOoDdDdLlHhTtIiUuBbGgBbDdKk", strict=True)),
    }
)
# Capitals as such, because small letters look otherwise.
_CYRILLIC = ("аеіјорсухѕһԁԛԝАВЕКМНОРСТУХЅІЈԚԜҮ", "aeijopcyxshdqwabekmhopctyxsijqwy")
_GREEK = ("αεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeikvoptuxabezhikmnoptyx")
_ARMENIAN = ("հոսօցզ", "hnuogq")
_CHEROKEE = ("ᎪᏴᏟᎬᎻᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃᏀᎥ", "abcehjklmprstvwzgi")
_LOOKALIKES = {
    ord(letter): latin
    for letters, latins in (_CYRILLIC, _GREEK, _ARMENIAN, _CHEROKEE)
    for letter, latin in zip(letters, latins, strict=True)
}


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
        if not (self.by_word or self.starts):
            return None
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
    """Return the rules that the texts say; what an older release took for a rule and this one does not says none."""
    rules = [rule for rule, _text in _known(texts)]
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
    kept = {rule.key: text for rule, text in _known(texts)}
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
    return tuple(text for rule, text in _known(texts) if rule.key not in keys)


def words_of(text: str) -> tuple[str, ...]:
    """Return the folded words of the text, in order; in scripts without spaces, its characters."""
    words = [""]
    for char in _plain(text):
        is_mark = _is_mark(char)
        # A vowel sign of Thai in a word of other letters is no word of its own.
        if _is_unspaced(char) and not (is_mark and words[-1]):
            words += [char, ""]
        elif char.isalnum() or is_mark:
            words[-1] += char
        else:
            words.append("")
    return tuple(folded for word in words if word and (folded := _folded(word)))


def _plain(text: str) -> str:
    """Return the text decomposed, without accents and what is invisible, in plain letters."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_FANCY))
    return "".join(filter(_counts, decomposed)).translate(_FANCY)


def _folded(word: str) -> str:
    """Return the word in small letters; one with Latin letters has what looks Latin as Latin too, and no marks."""
    if word.isascii():
        return word.lower()
    folded = _plain(word.casefold())
    if any("a" <= char <= "z" for char in folded):
        # Capitals are told apart before they become small ones.
        small = _plain(word.translate(_LOOKALIKES).casefold()).translate(_LOOKALIKES)
        folded = "".join(char for char in small if not _is_mark(char))
    return unicodedata.normalize("NFC", folded)


@lru_cache(maxsize=4096)
def _counts(char: str) -> bool:
    """Return whether the character is neither an accent nor invisible."""
    is_hidden = _is_in(char, _ACCENTS) or _is_in(char, _INVISIBLE)
    return char.isspace() or not (is_hidden or unicodedata.category(char) in ("Cf", "Cc"))


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


def _known(texts: Iterable[str]) -> Iterator[tuple[WordRule, str]]:
    """Yield the rules that stored texts say, each with its text."""
    for text in texts:
        try:
            yield rule_from_text(text), text
        except RuleRefused:
            continue


def _is_at(rule: WordRule, words: Sequence[str], at: int) -> bool:
    found = words[at : at + len(rule.words)]
    *before, last = rule.words
    if len(found) < len(rule.words) or list(found[:-1]) != before:
        return False
    return found[-1].startswith(last) if rule.is_start else found[-1] == last


@lru_cache(maxsize=4096)
def _is_unspaced(char: str) -> bool:
    return len(char) == 1 and _is_in(char, _UNSPACED)


def _is_in(char: str, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)
