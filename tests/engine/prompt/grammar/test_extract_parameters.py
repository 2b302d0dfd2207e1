"""Parameters: names, values and ranges."""

from __future__ import annotations

import pytest

from engine.prompt import PromptErrors, parse
from tests.engine.prompt.outcomes import error, values

PNG = "https://a.org/a.png"


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("--ar 3:2", {"ar": "3:2"}),
        ("--aspect 03:02", {"ar": "3:2"}),
        ("--ar 139:100", {"ar": "139:100"}),
        ("--ar 1:10", {"ar": "1:10"}),
        ("--chaos 0", {"chaos": 0}),
        ("--c 100", {"chaos": 100}),
        ("--q .25", {"quality": 0.25}),
        ("--quality 4", {"quality": 4.0}),
        ("--r 1", {}),
        ("--seed 0", {"seed": 0}),
        ("--seed 4294967295", {"seed": 4294967295}),
        ("--seed 007", {"seed": 7}),
        ("--sameseed 9", {"sameseed": 9}),
        ("--stop 10", {"stop": 10}),
        ("--style raw", {"style": "raw"}),
        ("--raw", {"style": "raw"}),
        ("--raw --style raw", {"style": "raw"}),
        ("--s 1000", {"stylize": 1000}),
        ("--tile", {"tile": True}),
        ("--w 3000", {"weird": 3000}),
        ("--sref random", {"sref": ("random",)}),
        (f"--sref 123 {PNG}::2 random::1", {"sref": ("123", f"{PNG}::2", "random")}),
        ("--sref random --sw 300", {"sref": ("random",), "sw": 300}),
        (f"--cref {PNG} --cw 0", {"cref": (PNG,), "cw": 0}),
        ("--v 6.1", {"model": "v6.1"}),
        ("--version 7", {"model": "v7"}),
        ("--niji", {"model": "niji"}),
        ("--niji 6", {"model": "niji-6"}),
        ("--lora ink:-0", {"lora": ("ink:0",)}),
        ("--model starter", {"model": "starter"}),
        ("--lora ink", {"lora": ("ink:1",)}),
        ("--lora ink:.80 paper:-1", {"lora": ("ink:0.8", "paper:-1")}),
        ("--lora ink:2 --lora paper", {"lora": ("ink:2", "paper:1")}),
        ("--steps 20", {"steps": 20}),
        ("--cfg 4.5", {"cfg": 4.5}),
        ("--cfg 4", {"cfg": 4.0}),
        ("--sampler dpmpp-2m-karras", {"sampler": "dpmpp-2m-karras"}),
        ("--video", {"video": True}),
        ("--draft", {"draft": True}),
        ("--fast", {"fast": True}),
        ("--relax", {"relax": True}),
        ("--turbo", {"turbo": True}),
        ("--stealth", {"stealth": True}),
        ("--public", {"public": True}),
        ("--p", {"profile": True}),
        ("--personalize", {"profile": True}),
        ("--ar 3:2 --ar 6:4", {"ar": "3:2"}),
        ("--seed 5 --ar 3:2", {"ar": "3:2", "seed": 5}),
        ("—seed 5 –tile", {"seed": 5, "tile": True}),
    ],
)
def test_values(raw: str, want: dict[str, object]) -> None:
    """Every spelling sets its canonical name, to a value of its kind."""
    assert values(f"a fox {raw}") == want


@pytest.mark.parametrize(
    ("raw", "place", "says"),
    [
        ("--ar", "--ar", "--ar needs a value. For example --ar 3:2."),
        ("--ar wide", "wide", "For example --ar 3:2."),
        ("--ar 3x2", "3x2", "Write --ar 3:2."),
        ("--ar 1.5:1", "1.5:1", "Write --ar 3:2."),
        ("--ar 16/9", "16/9", "Write --ar 16:9."),
        ("--ar 0:1", "0:1", "two whole numbers"),
        ("--ar 1:0", "1:0", "two whole numbers"),
        ("--ar -3:2", "-3:2", "Write --ar 3:2."),
        ("--ar 11:1", "11:1", "between 1:10 and 10:1. Try --ar 10:1."),
        ("--ar 1:11", "1:11", "Try --ar 1:10."),
        ("--ar 3:2:1", "3:2:1", "two whole numbers"),
        ("--ar 999999:1", "999999:1", "two whole numbers"),
        ("--arr 3:2", "--arr", "Did you mean --ar?"),
        ("--c -1", "-1", "Try --c 0."),
        ("--c 1.5", "1.5", "a whole number from 0 to 100"),
        ("--c ten", "ten", "a whole number from 0 to 100"),
        ("--c 99999999999999999999", "99999999999999999999", "between 0 and 100"),
        ("--q 0", "0", "between 0.25 and 4. Try --q 0.25."),
        ("--q 1e1", "1e1", "a number from 0.25 to 4"),
        ("--q inf", "inf", "a number"),
        ("--r 0", "0", "between 1 and 40"),
        ("--seed -1", "-1", "between 0 and 4294967295"),
        ("--seed seven", "seven", "a whole number"),
        ("--stop 9", "9", "between 10 and 100"),
        ("--stop 101", "101", "between 10 and 100"),
        ("--style rough", "rough", "Unknown --style value rough."),
        ("--raw yes", "yes", "takes no value"),
        ("--tile and a dog", "and a dog", "Move the words before the first --."),
        ("--seed 5 dog", "dog", "takes one value"),
        ("--sref cat", "cat", "picture links, style codes or random"),
        ("--sref random::0", "0", "greater than 0"),
        ("--sref random::x", "x", "greater than 0"),
        ("--sw 10", "--sw", "has no effect without --sref"),
        ("--cw 10", "--cw", "has no effect without --cref"),
        ("--iw 1", "--iw", "has no effect without a picture"),
        ("--interpolate", "--interpolate", "two parts (a cat:: a dog). Add exactly two pictures or two parts (a cat"),
        ("--cref random", "random", "picture links"),
        ("--v", "--v", "needs a value"),
        ("--v ../x", "../x", "a model's version"),
        ("--model a/b", "a/b", "the name of a model"),
        ("--lora ink:3", "3", "The weight of an adapter must be between -2 and 2. Try ink:2."),
        ("--lora ink:-9", "-9", "Try ink:-2."),
        ("--lora ink:x", "x", "is a number, not x. For example ink:0.8."),
        ("--lora ink:1 --lora ink:2", "ink:2", "conflicts with ink:1"),
        ("--lora ink:1 ink:2", "ink:2", "conflicts with"),
        ("--steps 151", "151", "between 1 and 150"),
        ("--cfg 31", "31", "between 0 and 30"),
        ("--sampler eular", "eular", "Did you mean euler?"),
        ("--no", "--no", "--no needs a value"),
        ("--no ,,", "--no", "needs words"),
        ("--no red::2", "::2", "does not support weights"),
        (f"--no {PNG}", PNG, "words, not links"),
        ("--ar 3:2 --ar 1:1", "1:1", "--ar conflicts with --ar 3:2."),
        ("--fast --relax", "--relax", "--relax conflicts with --fast."),
        ("--seed 1 --sameseed 1", "1", "conflicts with --seed 1"),
        ("--v 6 --niji 6", "6", "conflicts with --v 6"),
        ("--stealth --public", "--public", "conflicts with --stealth"),
        ("--Seed 1", "--Seed", "Use lower case: --seed."),
        ("--seeed 1", "--seeed", "Did you mean --seed?"),
        ("--ar=3:2", "--ar=3:2", "Write --ar 3:2."),
        ("--tile, --raw", "--tile,", "Write --tile."),
        ("--s50", "--s50", "Write --s 50."),
        ("--oref 1", "--oref", "Write --cref"),
        ("--zoom 2", "--zoom", "use the zoom buttons under a picture"),
        ("--hd", "--hd", "Upscale"),
        ("--鳥", "--鳥", "Unknown parameter --鳥"),
        ("--xqzw", "--xqzw", "For a literal dash, write \\--."),
    ],
)
def test_errors(raw: str, place: str, says: str) -> None:
    """Invalid values are underlined, with the range, the nearest value or the nearest name."""
    where, told = error(f"a fox {raw}")
    assert (where, says in told) == (place, True), told


def test_a_list_tells_its_first_errors_only() -> None:
    """A list of hundreds of invalid items neither creates hundreds of errors nor searches for suggestions for each."""
    result = parse("a fox --lora " + "x:y " * 900)
    assert isinstance(result, PromptErrors) and len(result.errors) == 8


def test_a_wrong_value_and_words_behind_it_are_two_errors() -> None:
    """Neither error hides the other."""
    result = parse("a fox --c 400 and a dog")
    assert isinstance(result, PromptErrors)
    assert [error.source.text[error.start : error.end] for error in result.errors] == ["400", "and a dog"]


@pytest.mark.parametrize("text", ["well--known", "a -- b", "a --", "--- a", "a --5", "a -b", "x--ar 3:2", "a — b"])
def test_dashes_that_begin_no_parameter(text: str) -> None:
    """Two dashes inside a word, alone or before a digit are words."""
    assert values(text) == {}
