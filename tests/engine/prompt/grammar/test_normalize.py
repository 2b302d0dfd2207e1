"""Characters that phones insert instead of plain ones."""

from __future__ import annotations

import pytest

from engine.prompt import PromptErrors, PromptSource, parse
from engine.prompt.grammar.normalize import normalize
from engine.prompt.grammar.spans import locate, mapped_from_source


def normalized(text: str) -> str:
    return normalize(mapped_from_source(PromptSource(text=text)))[0].text


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a red fox", "a red fox"),
        ("“Aliens!” ‘x’ „y‟ ‚z‛", "\"Aliens!\" 'x' \"y\" 'z'"),
        ("ａ－ｒ ３：２", "a-r 3:2"),
        ("｛ａ，ｂ｝", "{a,b}"),
        ("鳥、花", "鳥、花"),
        ("a\u00a0b\u3000c\u2009d\u202fe", "a b c d e"),
        ("a\nb\tc\r\nd\u2028e\x85f", "a b c  d e f"),
        ("a\u200bb\ufeffc\u00add\u2060e\u200ef", "abcdef"),
        ("x\u202ered\u202c", "xred"),
        ("::−.5", "::-.5"),
        ("twenty‑one ‐", "twenty-one -"),
        ("a — b – c", "a — b – c"),
        ("👩‍🎨", "👩‍🎨"),
        ("می‌خواهم", "می‌خواهم"),
        ("a\u200db\u200c c\u200d", "ab c"),
        ("\u200d\u200c鳥\u200d", "鳥"),
        ("é\u200d{", "é{"),
        ("e\u0301", "e\u0301"),
        ("ＡＢＣ ～", "ABC ~"),
        ("ﾊﾝｶｸ", "ﾊﾝｶｸ"),
    ],
)
def test_plain_text(text: str, want: str) -> None:
    """Quotes, spaces, hyphens and full-width characters become ASCII; zero-width characters without effect go."""
    assert normalized(text) == want


@pytest.mark.parametrize("text", ["a fox --no red", "é 鳥 👩‍🎨 — “x” \u200b\u200d\u200b. \u3000"])
def test_plain_text_stays_plain(text: str) -> None:
    """Normalizing twice has no further effect."""
    assert normalized(normalized(text)) == normalized(text)


@pytest.mark.parametrize(
    ("text", "start", "end", "name"),
    [
        ("a\x00b", 1, 2, "U+0000"),
        ("a\x07\x08b", 1, 3, "U+0007"),
        ("\ud800", 0, 1, "U+D800"),
        ("鳥\u200b\x1fb", 2, 3, "U+001F"),
        ("a\uffff", 1, 2, "U+FFFF"),
    ],
)
def test_characters_that_no_text_has_are_errors(text: str, start: int, end: int, name: str) -> None:
    """Control characters and lone surrogates are underlined and named."""
    result = parse(f"{text} cat")
    assert isinstance(result, PromptErrors)
    (error,) = result.errors
    assert (error.start, error.end) == (start, end) and name in str(error.message)


def test_removed_characters_do_not_move_positions() -> None:
    """A position after removed characters maps to where it was typed."""
    source = PromptSource(text="\u200ba\u200b\u200bb\ufeffc")
    mapped, _ = normalize(mapped_from_source(source))
    assert mapped.text == "abc"
    from engine.prompt.errors import Problem

    places = [locate(Problem(index, index + 1, ""), mapped) for index in range(3)]
    assert [source.text[place.start : place.end] for place in places] == ["a", "b", "c"]


@pytest.mark.parametrize("dash", ["--", "—", "–", "―", "－－", "−−"])
def test_every_dash_of_a_phone_begins_a_parameter(dash: str) -> None:
    """The dashes that keyboards insert for two hyphens start a parameter."""
    assert parse(f"a fox {dash}ar 3:2") == parse("a fox --ar 3:2")
