"""How errors are shown: the line, the carets and the message."""

from __future__ import annotations

import pytest

from engine.prompt import PromptDefaults, PromptError, PromptErrors, PromptSource, check_style, format_errors, parse
from engine.prompt.errors import columns


def shown(text: str, **how: object) -> str:
    result = parse(text, **how)  # type: ignore[arg-type]
    assert isinstance(result, PromptErrors)
    return format_errors(result)


def caret_line(text: str) -> str:
    """Return the line and the carets of a prompt with one error."""
    return shown(text).splitlines()[1]


def test_an_error_is_three_lines() -> None:
    """The prompt, the carets, and the message with a suggestion."""
    assert shown("a cat --ar 1.39:1") == (
        "a cat --ar 1.39:1\n"
        "           ^^^^^^\n"
        "--ar takes two whole numbers, width:height, not 1.39:1. Write --ar 139:100."
    )


@pytest.mark.parametrize(
    ("before", "width"),
    [
        ("cat", 3),
        ("😀 cat", 6),
        ("𝕒 cat", 5),
        ("e\u0301 cat", 5),
        ("鳥と花", 6),
        ("ｃａｔ", 6),
        ("a\u200bb", 2),
        ("\u200b\u200bcat", 3),
        ("می‌خواهم", 7),
        ("a\tcat", 5),
        ("“cat”", 5),
        ("a\u202ecat", 4),
        ("né 鳥 😀", 8),
        ("क\u094d\u0937", 2),
    ],
)
def test_carets_stand_below_the_error(before: str, width: int) -> None:
    """Wide characters take two columns, combining and zero-width ones none, and all others one."""
    assert caret_line(f"{before} --sede 7") == " " * (width + 1) + "^" * 6


def test_carets_are_as_wide_as_what_is_wrong() -> None:
    """Wide characters have two carets each."""
    assert caret_line("cat --ar 鳥花") == " " * 9 + "^^^^"


def test_an_empty_prompt_has_no_caret() -> None:
    """There is nothing to point at."""
    assert shown("").startswith("The prompt has no words.")
    assert shown("  ").startswith("The prompt has no words.")


def test_long_lines_are_cut_around_the_error() -> None:
    """An error deep in a long prompt is shown in a line that fits, with its own words above the carets."""
    lines = shown("word " * 1000 + "--sede 7 --tile").splitlines()
    assert all(len(line) <= 80 for line in lines[:2])
    start = lines[1].index("^")
    assert lines[0][start : start + lines[1].count("^")] == "--sede"


@pytest.mark.parametrize("filler", ["word ", "鳥花 ", "e\u0301 ", "\u0301", "😀"])
def test_any_long_line_is_cut(filler: str) -> None:
    """The line and its carets are short and aligned, whatever the characters."""
    lines = shown(filler * 500 + " --sede 7").splitlines()
    assert columns(lines[0]) <= 80 and lines[1].count("^") == 6
    assert columns(lines[0][: lines[0].index("--sede")]) == lines[1].index("^")


@pytest.mark.parametrize("width", [20, 36, 64])
@pytest.mark.parametrize("filler", ["word ", "鳥花 ", "e\u0301 ", "😀 "])
def test_no_line_is_wider_than_where_it_is_shown(filler: str, width: int) -> None:
    """Nor are its carets, wherever in the prompt the error is, and however long: they are under its beginning."""
    for before in range(0, 40, 3):
        for after in (0, 1, 7, 30):
            for fault in ("--sede", "--sede" + "x" * 30):
                result = parse(f"a {filler * before}{fault} {filler * after}".rstrip())
                assert isinstance(result, PromptErrors)
                line, carets = format_errors(result, width=width).splitlines()[:2]
                assert columns(line) <= width and len(carets) <= width, (line, carets)
                start = line.index("--sede")
                assert columns(line[:start]) == carets.index("^")
                under = line[start : start + carets.count("^")]
                assert under == fault or (under.endswith("...") and fault.startswith(under[:-3]))


def test_a_line_that_fits_is_not_cut() -> None:
    """To the last column; one more and its end or beginning is dots."""
    line = "cat --sede " + "7" * 25
    source = PromptSource(text=line)
    errors = PromptErrors(errors=(PromptError(source=source, start=4, end=10, message="No."),))
    assert format_errors(errors, width=36).splitlines()[:2] == [line, "    ^^^^^^"]
    assert format_errors(errors, width=35).splitlines()[0] == line[:32] + "..."


def test_a_long_error_is_cut() -> None:
    """An error of thousands of characters has a short line and short carets."""
    lines = shown("cat --tile " + "x" * 3000).splitlines()
    assert all(len(line) < 100 for line in lines)


def test_many_errors_stay_below_the_length_of_a_message() -> None:
    """The first errors are shown and the others counted, in less than 2,000 characters."""
    text = shown(" ".join(f"--wrong{number}" for number in range(400)))
    assert len(text) < 2000 and "more" in text


def test_all_errors_are_in_the_value() -> None:
    """The value contains the errors that are not shown."""
    result = parse("a " + " ".join(f"--wrong{number}" for number in range(60)))
    assert isinstance(result, PromptErrors) and len(result.errors) == 60


def test_nothing_breaks_out_of_a_code_block() -> None:
    """The shown text never has three backticks in a row."""
    assert "```" not in shown("``` cat ``` --sede ````````")


def test_what_cannot_be_shown_has_a_stand_in() -> None:
    """Control characters and line ends do not break the line."""
    lines = shown("a\x00b\nc\x1b[31m --sede").splitlines()
    assert lines[0] == "a�b c�[31m --sede"


def test_an_error_says_where_it_was_written() -> None:
    """Errors in the suffix, custom options and the command's options name their source."""
    text = shown(
        "a fox --mine",
        defaults=PromptDefaults(suffix="--steps 0", options={"mine": "--cfg x"}),
        command_options={"seed": "y"},
    )
    assert [line for line in text.splitlines() if line.startswith("In ")] == [
        "In the option seed:",
        "In your option --mine:",
        "In your suffix:",
    ]


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("shape", "wide", "shape takes two whole numbers, width:height, not wide. For example 3:2."),
        ("repeat", "99", "repeat must be between 1 and 40. Try 40."),
        ("seed", "8", "seed conflicts with --seed 7. Remove one of them."),
        ("private", "--stealth", "private conflicts with --public. Remove one of them."),
    ],
)
def test_an_error_in_an_option_is_said_with_its_name(option: str, text: str, said: str) -> None:
    """Whoever filled it in has typed no parameter."""
    assert shown("a fox --seed 7 --public", command_options={option: text}).endswith(f"\n{said}")


def test_a_style_that_nobody_knows_is_refused_by_its_name() -> None:
    """With the one that was probably meant, or else with all."""
    assert check_style("ink", ["ink"]) is None
    told = [check_style("inc", ["ink", "oil"]), check_style("sand", ["oil", "ink"]), check_style("sand", [])]
    assert [format_errors(errors).splitlines()[-1] for errors in told if errors] == [
        "Unknown style inc. Did you mean ink?",
        "Unknown style sand. Available: ink, oil.",
        "Unknown style sand. Leave it out.",
    ]


def test_a_suffix_of_words_is_refused() -> None:
    """A suffix can only contain parameters."""
    assert "A suffix can only contain parameters" in shown("a fox", defaults=PromptDefaults(suffix="in ink"))
    assert "A suffix can only contain parameters" in shown("a fox", defaults=PromptDefaults(suffix="blur::-.5"))


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("鳥", 2), ("😀", 2), ("\u200d", 0), ("ｱ", 1)]
)
def test_columns(text: str, width: int) -> None:
    """The width of a text is its width in a fixed-width font."""
    assert columns(text) == width


def test_an_error_can_be_made_by_hand() -> None:
    """Other parts of Easel can show an error by making the record themselves."""
    source = PromptSource(text="a fox")
    error = PromptError(source=source, start=2, end=5, message="No foxes here.")
    assert format_errors(PromptErrors(errors=(error,))) == "a fox\n  ^^^\nNo foxes here."
