"""Parameters: names, values, ranges, and which of several holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract.jobs import Operation
from engine.prompt import Defaults, Faults, Limits, ModelFacts, Sides, parse, show_faults

PNG = "https://a.org/a.png"


def values(text: str, **how: object) -> dict[str, object]:
    result = parse(text, **how)  # type: ignore[arg-type]
    assert not isinstance(result, Faults), show_faults(result)
    return dict(result[0].parameters)


def fault(text: str, **how: object) -> tuple[str, str]:
    """Return what the only fault points at, and what it says."""
    result = parse(text, **how)  # type: ignore[arg-type]
    assert isinstance(result, Faults), result
    (only,) = result.faults
    return only.source.text[only.start : only.end], f"{only.sentence} {only.suggestion}".strip()


@pytest.mark.parametrize(
    ("written", "want"),
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
        ("--p", {"profile": ("own",)}),
        ("--personalize abc def", {"profile": ("abc", "def")}),
        ("--ar 3:2 --ar 6:4", {"ar": "3:2"}),
        ("--seed 5 --ar 3:2", {"ar": "3:2", "seed": 5}),
        ("—seed 5 –tile", {"seed": 5, "tile": True}),
    ],
)
def test_values(written: str, want: dict[str, object]) -> None:
    """Every spelling gives its canonical name and a value of its kind."""
    assert values(f"a fox {written}") == want


@pytest.mark.parametrize(
    ("written", "place", "says"),
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
        ("--style rough", "rough", "--style does not know rough."),
        ("--raw yes", "yes", "takes no value"),
        ("--tile and a dog", "and a dog", "Write the words before the first --."),
        ("--seed 5 dog", "dog", "takes one value"),
        ("--sref cat", "cat", "picture addresses, style codes or random"),
        ("--sref random::0", "random::0", "more than 0"),
        ("--sref random::x", "random::x", "picture addresses"),
        ("--sw 10", "--sw 10", "means nothing without --sref"),
        ("--cw 10", "--cw 10", "means nothing without --cref"),
        ("--iw 1", "--iw 1", "means nothing without a picture"),
        ("--cref random", "random", "picture addresses"),
        ("--v", "--v", "needs a value"),
        ("--v ../x", "../x", "a model's version"),
        ("--model a/b", "a/b", "the name of a model"),
        ("--lora ink:3", "ink:3", "The weight of an adapter must be between -2 and 2. Try ink:2."),
        ("--lora ink:-9", "ink:-9", "Try ink:-2."),
        ("--lora ink:x", "ink:x", "name or name:weight"),
        ("--lora ink:1 --lora ink:2", "ink:2", "contradicts ink:1"),
        ("--lora ink:1 ink:2", "ink:1 ink:2", "contradicts"),
        ("--steps 151", "151", "between 1 and 150"),
        ("--cfg 31", "31", "between 0 and 30"),
        ("--sampler eular", "eular", "Did you mean euler?"),
        ("--no", "--no", "--no needs a value"),
        ("--no ,,", "--no", "has no words"),
        ("--no red::2", "red::2", "takes no weights"),
        (f"--no {PNG}", PNG, "words, not addresses"),
        ("--profile a/b", "a/b", "profile codes"),
        ("--ar 3:2 --ar 1:1", "1:1", "--ar contradicts --ar 3:2."),
        ("--fast --relax", "--relax", "--relax contradicts --fast."),
        ("--seed 1 --sameseed 1", "1", "contradicts --seed 1"),
        ("--v 6 --niji 6", "6", "contradicts --v 6"),
        ("--stealth --public", "--public", "contradicts --stealth"),
        ("--Seed 1", "--Seed", "Names are written small: --seed."),
        ("--seeed 1", "--seeed", "Did you mean --seed?"),
        ("--ar=3:2", "--ar=3:2", "Write --ar 3:2."),
        ("--tile, --raw", "--tile,", "Write --tile."),
        ("--s50", "--s50", "Write --s 50."),
        ("--oref 1", "--oref", "Try --cref"),
        ("--hd", "--hd", "Upscale"),
        ("--鳥", "--鳥", "no parameter --鳥"),
        ("--xqzw", "--xqzw", "For a plain dash write \\--."),
    ],
)
def test_faults(written: str, place: str, says: str) -> None:
    """What cannot be read is pointed at, with the range, the nearest value or the nearest name."""
    where, told = fault(f"a fox {written}")
    assert (where, says in told) == (place, True), told


def test_a_list_tells_its_first_faults_only() -> None:
    """A list of hundreds of wrong items does not make hundreds of faults, nor the time to look for their like."""
    result = parse("a fox --lora " + "x:y " * 900)
    assert isinstance(result, Faults) and len(result.faults) == 8


def test_a_wrong_value_and_words_behind_it_are_two_faults() -> None:
    """Neither hides the other."""
    result = parse("a fox --c 400 and a dog")
    assert isinstance(result, Faults)
    assert [fault.source.text[fault.start : fault.end] for fault in result.faults] == ["400", "and a dog"]


@pytest.mark.parametrize("text", ["well--known", "a -- b", "a --", "--- a", "a --5", "a -b", "x--ar 3:2", "a — b"])
def test_dashes_that_begin_no_parameter(text: str) -> None:
    """Two dashes inside a word, alone or before a digit are words."""
    assert values(text) == {}


def test_prompt_over_option_over_suffix_over_service() -> None:
    """The nearest saying holds, and nothing is said of the others."""
    defaults = Defaults(
        suffix="--steps 8 --cfg 3 --tile",
        options={"mine": "--ar 3:2 --steps 9"},
        parameters={"ar": "1:2", "cfg": 2.0, "sampler": "euler"},
    )
    assert values("a fox --mine --ar 1:1", defaults=defaults) == {
        "ar": "1:1",
        "tile": True,
        "steps": 9,
        "cfg": 3.0,
        "sampler": "euler",
    }


def test_a_group_is_one_choice_for_precedence_too() -> None:
    """--relax in the prompt takes the place of --fast in the suffix and of the service's --turbo."""
    defaults = Defaults(suffix="--fast", parameters={"turbo": True})
    assert values("a fox --relax", defaults=defaults) == {"relax": True}
    assert values("a fox", defaults=defaults) == {"fast": True}


def test_settings_of_a_suffix_wait_for_what_they_need() -> None:
    """--iw in a suffix acts where there is a picture and is left out elsewhere."""
    defaults = Defaults(suffix="--iw 2 --sw 50", parameters={"cw": 10})
    assert values("a fox", defaults=defaults) == {}
    assert values(f"{PNG} a fox", defaults=defaults) == {"iw": 2.0}


def test_adapters_of_suffix_and_prompt_join() -> None:
    """The prompt's weight of an adapter holds; the suffix adds the others."""
    assert values("a fox --lora ink:.5", defaults=Defaults(suffix="--lora ink:1 paper"))["lora"] == (
        "ink:0.5",
        "paper:1",
    )


def test_names_of_models_come_from_the_registry() -> None:
    """A version is the registered model of that name; an unknown one is told with those there are."""
    limits = Limits(models=(ModelFacts(name="6.1"), ModelFacts(name="niji6"), ModelFacts(name="starter")))
    assert values("a --v 6.1", limits=limits) == {"model": "6.1"}
    assert values("a --niji 6", limits=limits) == {"model": "niji6"}
    assert fault("a --v 5", limits=limits) == ("5", "There is no model 5 here. Models here: 6.1, niji6, starter.")
    assert fault("a --model startr", limits=limits)[1].endswith("Did you mean --model starter?")


def test_what_a_model_takes_is_told_with_its_name() -> None:
    """Steps and samplers have the limits of the model that the job names, or of the default one."""
    slow = ModelFacts(name="slow", abilities=frozenset({"tile", "lora"}), samplers=("euler", "heun"), max_steps=50)
    limits = Limits(models=(slow,), default_model="slow", abilities=frozenset({"speed"}), adapters=("ink",))
    assert fault("a --steps 60", limits=limits) == (
        "--steps 60",
        "--steps must be between 1 and 50 with slow. Try --steps 50.",
    )
    assert "It takes euler, heun." in fault("a --sampler lcm", limits=limits)[1]
    assert fault(f"{PNG} a", limits=limits) == (PNG, "slow takes no pictures in a prompt. " + _LEAVE)
    assert fault("a --chaos 3", limits=limits) == ("--chaos 3", "--chaos is not possible with slow. " + _LEAVE)
    assert "Did you mean ink?" in fault("a --lora inc", limits=limits)[1]
    bare = replace(limits, adapters=())
    assert fault("a --lora ink", limits=bare)[1] == "--lora does not know ink. There are none here: leave it out."
    assert values("a --tile --fast --steps 50 --lora ink", limits=limits)


@pytest.mark.parametrize(
    ("written", "where", "told"),
    [
        ("a --lora big", "big", "big does not fit small: unet.up. Leave it out, or take one that fits: ink, wash."),
        ("a --lora ink:0.5 big:.7 --model small", "big", "big does not fit small: unet.up."),
        ("a --model large --lora big ink", "ink", "ink does not fit large: it is made for sd1."),
        ("a --v large --lora ink --lora big", "ink", "Leave it out, or take one that fits: big, wash."),
    ],
)
def test_an_adapter_that_does_not_fit_the_model_is_told_under_its_name(written: str, where: str, told: str) -> None:
    """The model that the prompt names, or else the default one; adapters of which nobody says anything pass."""
    found, sentence = fault(written, limits=DRESSERS)
    assert (found, told in sentence) == (where, True), sentence
    assert values("a --lora ink wash") == values("a --lora ink wash", limits=DRESSERS)


def test_every_adapter_that_does_not_fit_is_told_where_it_was_written() -> None:
    """Those of the suffix in the suffix; a model that takes no adapters is told once, whatever they are."""
    faults = parse("a --lora big", Defaults(suffix="--lora big wash"), DRESSERS)
    assert isinstance(faults, Faults)
    places = [(one.source.name, one.source.text[one.start : one.end]) for one in faults.faults]
    assert places == [("prompt", "big"), ("your suffix", "big")]
    assert "--lora is not possible with bare." in fault("a --lora big ink --model bare", limits=DRESSERS)[1]
    assert fault("a --lora ink --model none", limits=DRESSERS)[1].endswith(f"for sd1. {_LEAVE}")


DRESSERS = Limits(
    models=(
        ModelFacts(name="small", misfits={"big": "unet.up"}),
        ModelFacts(name="large", misfits={"ink": "it is made for sd1"}),
        ModelFacts(name="bare", abilities=frozenset(), misfits={"big": "unet.up", "ink": "it is made for sd1"}),
        ModelFacts(name="none", misfits=dict.fromkeys(("ink", "big", "wash"), "it is made for sd1")),
    ),
    default_model="small",
    adapters=("ink", "big", "wash"),
)


@pytest.mark.parametrize(
    ("written", "where"), [("a cat --model later", "--model later"), ("a cat:: a dog --no red", "a cat"), (PNG, PNG)]
)
def test_a_model_that_only_varies_pictures_paints_no_words(written: str, where: str) -> None:
    """It is told where the model is named, or else under the first words; where nobody has said so, nothing hinders."""
    later = ModelFacts(name="later", operations=(Operation.VARY,))
    limits = Limits(models=(later,), default_model="later")
    faults = parse(written, limits=limits)
    assert isinstance(faults, Faults)
    first = faults.faults[0]
    assert first.source.text[first.start : first.end].startswith(where)
    assert (first.sentence, first.suggestion) == (
        "later only varies pictures.",
        "Name another model with --model.",
    )
    open_to_all = replace(limits, models=(replace(later, operations=None),))
    assert not isinstance(parse("a cat", limits=open_to_all), Faults)


@pytest.mark.parametrize("text", ["a (red:1.3) cat", "a [red] cat", "a cat --no (red:2)", "a cat:: (red)::2"])
def test_weighed_words_are_refused_for_a_model_to_which_they_mean_nothing(text: str) -> None:
    """A model that reads a text as a whole; plain brackets and words that count once are let through."""
    whole = ModelFacts(name="whole", abilities=frozenset())
    limits = Limits(models=(whole,), default_model="whole")
    assert "whole reads a text as a whole" in fault(text, limits=limits)[1]
    assert fault("a cat --lora ink", limits=limits)[1].startswith("--lora is not possible with whole.")
    assert values(r"a \(red\) cat (once:1)", limits=limits) == {}
    able = replace(whole, abilities=frozenset({"attention"}))
    assert values(text, limits=replace(limits, models=(able,))) == {}


@pytest.mark.parametrize(
    ("written", "suggested"), [("--ar 10:1", "Try --ar 3:1."), ("--ar 1:10", "Try --ar 1:3."), ("--ar 4:1", "--ar 3:1")]
)
def test_a_shape_that_the_model_does_not_paint(written: str, suggested: str) -> None:
    """A ratio beyond the model's sides is told with the widest that it paints."""
    sides = Sides(square=128, step=16, least=64, most=256)
    limits = Limits(models=(ModelFacts(name="small", sides=sides),), default_model="small")
    where, told = fault(f"a {written}", limits=limits)
    assert where == written and "its sides go from 64 to 256 pixels" in told and suggested in told
    assert values("a --ar 3:1", limits=limits) == {"ar": "3:1"}


@pytest.mark.parametrize(
    ("written", "suggested"),
    [("--ar 10:1", "Try --ar 4:1."), ("--ar 1:3", "Try --ar 2:3."), ("--ar 1:10", "Try --ar 2:3.")],
)
def test_a_shape_beyond_the_only_sizes_of_a_model(written: str, suggested: str) -> None:
    """A ratio beyond the widest or the tallest size is told with the nearest that the model paints."""
    sizes = ((2048, 512), (1024, 1024), (832, 1248))
    sides = Sides(square=1024, step=16, least=512, most=2048, sizes=sizes)
    limits = Limits(models=(ModelFacts(name="trained", sides=sides),), default_model="trained")
    where, told = fault(f"a {written}", limits=limits)
    assert where == written and "its shapes go from 2:3 to 4:1" in told and suggested in told
    assert values("a --ar 4:1", limits=limits) == {"ar": "4:1"}


_LEAVE = "Leave it out, or name another model with --model."
