"""Word rules match whole words, however they are written, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.safety.words import (
    MAX_RULE_LENGTH,
    RuleFault,
    RuleRefused,
    rule_from_text,
    rules_from_texts,
    with_rules,
    without_rules,
    words_of,
)

WORDS = st.text(st.sampled_from("abcxyzéßжя裸ไक"), min_size=1, max_size=8)


def _found(rule: str, text: str) -> bool:
    return rules_from_texts((rule,)).find(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "gore",
        "GORE!",
        "a (gore:1.3) scene",
        "blood,gore,night",
        "ｇｏｒｅ in fullwidth",
        "góré with accents",
        "go\u200bre with an invisible character",
        "gоrе with two Cyrillic letters",
        "𝐠𝐨𝐫𝐞 in bold",
        "night_gore",
        "go\ufe0fre and g\U000e0100ore with variation selectors",
        "go\u3164re with a filler of Hangul",
        "go\u17b4re with an unwritten vowel of Khmer",
        "go\u2800re with a braille pattern without a dot",
        "go\x07re with a control character",
        "g\u0489ore, go\u064bre, go\u05b0re, go\u093cre, go\u0e47re with marks of other alphabets",
        "ɢᴏʀᴇ in small capitals",
        "gøre and ɡore",
        "🅶🅾🆁🅴 in squares",
        "🅖🅞🅡🅔 in circles",
        "⒢⒪⒭⒠ in parentheses",
        "🇬🇴🇷🇪 in halves of flags",
        "Gօrе with an Armenian and a Cyrillic letter",
        "ᏀORE with a Cherokee letter",
        "gοrΕ with Greek letters, one of them a capital",
    ],
)
def test_a_word_is_found_however_it_is_written(text: str) -> None:
    assert _found("Gore", text)


def test_capitals_that_look_latin_are_latin() -> None:
    """The small letters of these look otherwise."""
    assert _found("kill", "\u041aill") and _found("hang", "\u041d\u0410NG") and _found("hang", "\u0397ang")


def test_what_is_no_rule_any_more_forbids_nothing_and_goes_with_the_next_change() -> None:
    """An older release took a letter for a word that nobody sees."""
    assert rules_from_texts(("\u3164", "gore")).find("gore") is not None
    assert with_rules(("\u3164", "gore"), ["blood"]) == ("gore", "blood")
    assert without_rules(("\u3164", "gore"), ["gore"]) == ()


@pytest.mark.parametrize("text", ["categories of gored", "allegore", "go re", "", "горе", "gor"])
def test_no_part_of_another_word_is_found(text: str) -> None:
    """The last but two is a word of Russian, whose letters are all Cyrillic."""
    assert not _found("gore", text)


def test_several_words_are_found_in_a_row_alone() -> None:
    assert _found("real person", "a photo of a REAL, person")
    assert not _found("real person", "a real nice person")


def test_a_star_lets_the_last_word_go_on() -> None:
    assert _found("mutilat*", "mutilated") and _found("dead bod*", "two dead bodies")
    assert not _found("mutilat*", "unmutilated") and not _found("dead bod*", "dead trees and bodies")


def test_scripts_without_spaces_are_matched_anywhere() -> None:
    assert _found("裸体", "美しい裸体の絵") and not _found("裸体", "裸の体")


def test_marks_that_are_vowels_count() -> None:
    """Devanagari: the two differ in a vowel sign alone."""
    assert _found("खून", "लाल खून") and not _found("खून", "लाल खान")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", RuleFault.NO_WORD),
        ("*", RuleFault.NO_WORD),
        (" -!* ", RuleFault.NO_WORD),
        ("a*", RuleFault.SHORT_START),
        ("no*where", RuleFault.STAR_INSIDE),
        ("x" * (MAX_RULE_LENGTH + 1), RuleFault.TOO_LONG),
    ],
)
def test_what_is_no_rule_is_refused(text: str, fault: RuleFault) -> None:
    with pytest.raises(RuleRefused) as refused:
        rule_from_text(text)
    assert refused.value.fault is fault


def test_rules_are_added_and_removed_once_however_they_are_written() -> None:
    rules = with_rules(("Gore",), ["góre", "dead  bod*", "gore*"])
    assert rules == ("Gore", "dead bod*", "gore*")
    assert without_rules(rules, ["GORE", "nothing"]) == ("dead bod*", "gore*")


@given(WORDS, st.lists(WORDS, max_size=4), st.lists(WORDS, max_size=4))
def test_a_word_is_found_among_others_in_either_case(word: str, before: list[str], after: list[str]) -> None:
    text = " ".join([*before, word, *after])
    assert _found(word, text) and _found(word, text.upper())


@settings(max_examples=2000)
@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words
