"""Every error of the prompt language is shown under the smallest thing that is wrong."""

from __future__ import annotations

import pytest

from engine.contract.jobs import Operation
from engine.prompt import (
    Limits,
    ModelCapabilities,
    PromptDefaults,
    PromptErrors,
    SizeLimits,
    StepLimits,
    format_errors,
    parse,
)

PNG = "https://a.org/a.png"
SERVICE = Limits(
    models=(
        ModelCapabilities(
            name="plain",
            abilities=frozenset({"quality"}),
            samplers=("euler", "lcm"),
            step_limits=StepLimits(default=20, sampler="euler", maximum=60, max_steps_by={"lcm": 30}),
            size_limits=SizeLimits(square=128, multiple=16, min_side=64, max_side=256),
        ),
        ModelCapabilities(name="dressed", incompatible_adapters={"ink": "it is made for sd1"}),
        ModelCapabilities(name="later", operations=(Operation.VARY,)),
    ),
    default_model="plain",
    abilities=frozenset(),
    adapters=("ink", "wash"),
)
DRESSED = " --model dressed"

# Each prompt, with what the carets are under.
FAULTS = (
    ("a (red:20) circle" + DRESSED, "20"),
    ("a (red:-1) circle" + DRESSED, "-1"),
    ("a (red: 20 ) circle" + DRESSED, "20"),
    ("((a (red:5):5))" + DRESSED, "5"),
    ("a:: b::-3", "-3"),
    ("a::20000 b", "20000"),
    ("a:: ::2", "2"),
    ("a --no b::2", "::2"),
    ("a --no b http://x.org", "http://x.org"),
    ("a --no b --no c", "b"),
    ("a --no ,", "--no"),
    ("a --chaos 400", "400"),
    ("a --cfg x", "x"),
    ("a --ar 1.5:1", "1.5:1"),
    ("a --ar 0:1", "0:1"),
    ("a --ar 50:1", "50:1"),
    ("a --ar", "--ar"),
    ("a --tile x y", "x y"),
    ("a --seed 7 b", "b"),
    ("a --sede 7", "--sede"),
    ("a --seed 7 --seed 8", "8"),
    ("a --style old", "old"),
    ("a --sref 12::0", "0"),
    ("a --sref 12::x", "x"),
    ("a --sref ink::2", "ink"),
    (f"a --sref {PNG} ink", "ink"),
    ("a --cref ink", "ink"),
    ("a --model plian", "plian"),
    ("a --v 9", "9"),
    ("a --niji", "--niji"),
    ("a --lora ink wsh:0.5" + DRESSED, "wsh"),
    ("a --lora wash:3" + DRESSED, "3"),
    ("a --lora wash:x" + DRESSED, "x"),
    ("a --lora wash:" + DRESSED, ":"),
    ("a --lora a/b:1" + DRESSED, "a/b"),
    ("a --lora wash:1 wash:0.5" + DRESSED, "wash:0.5"),
    ("a --lora wash ink:0.5" + DRESSED, "ink"),
    ("a <lora:ink:0.5>" + DRESSED, "ink"),
    ("a <lora:wsh:0.5>" + DRESSED, "wsh"),
    ("a <lora:wash:9>" + DRESSED, "9"),
    ("a <lora:wash:1:2>" + DRESSED, "2"),
    ("a <lora:wash:>" + DRESSED, ":"),
    ("a --lora wash", "--lora"),
    ("a --tile", "--tile"),
    ("a --chaos 3", "--chaos"),
    ("a --fast", "--fast"),
    ("a --steps 61", "61"),
    ("a --steps 40 --q 2 --sampler lcm", "40"),
    ("a --q 4 --sampler lcm", "4"),
    ("a --sampler ddim", "ddim"),
    ("a --ar 9:1", "9:1"),
    ("a --model later", "later"),
    ("a big (red:1.3) fox:: b", "(red:1.3)"),
    ("a --no b, [red]", "[red]"),
    ("a --iw 1" + DRESSED, "--iw"),
    ("a --sw 10" + DRESSED, "--sw"),
    (f"{PNG} a", PNG),
    (f"{PNG}::0 a" + DRESSED, "0"),
    (f"{PNG}" + DRESSED, PNG),
    ("https://a.org/a.txt a", "https://a.org/a.txt"),
    (f"a,{PNG}", "https://"),
    ("a {b, c", "{"),
    ("a b} c", "}"),
    ("a {} c", "{}"),
    ("a {b|c} d", "{b|c}"),
    ("a \x07 b", "\x07"),
    ("a --repeat 41", "41"),
    ("a {b, c} --repeat 40", "40"),
    ("a b AND c", "AND"),
)


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_the_carets_are_under_the_fault(text: str, fault: str) -> None:
    errors = parse(text, limits=SERVICE)
    assert isinstance(errors, PromptErrors), text
    assert [text[error.start : error.end] for error in errors.errors] == [fault], format_errors(errors)


def test_words_in_a_suffix_are_underlined_without_its_parameters() -> None:
    errors = parse("a fox", PromptDefaults(suffix=" in ink  --cfg 4"))
    assert isinstance(errors, PromptErrors)
    assert [error.source.text[error.start : error.end] for error in errors.errors] == ["in ink"]
