"""What a prompt asks of a model that the model cannot do is told before anything is queued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract.jobs import Operation
from engine.prompt import Defaults, Faults, Limits, ModelFacts, Sides, Steps, parse
from tests.engine.prompt.outcomes import fault, values

PNG = "https://a.org/a.png"


def test_names_of_models_come_from_the_registry() -> None:
    """A version is the registered model of that name; an unknown one is told with those there are."""
    limits = Limits(models=(ModelFacts(name="6.1"), ModelFacts(name="niji6"), ModelFacts(name="starter")))
    assert values("a --v 6.1", limits=limits) == {"model": "6.1"}
    assert values("a --niji 6", limits=limits) == {"model": "niji6"}
    assert fault("a --v 5", limits=limits) == ("5", "There is no model 5 here. Models here: 6.1, niji6, starter.")
    assert fault("a --model startr", limits=limits)[1].endswith("Did you mean --model starter?")


def test_what_a_model_takes_is_told_with_its_name() -> None:
    """Steps and samplers have the limits of the model that the job names, or of the default one."""
    steps = Steps(usual=20, sampler="euler", most=50)
    slow = ModelFacts(name="slow", abilities=frozenset({"tile", "lora"}), samplers=("euler", "heun"), steps=steps)
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
        ("--sampler lcm --steps 51", "--steps 51", "comes to 51. Try --steps 50."),
        ("--sampler lcm --steps 120", "--steps 120", "--steps must be between 1 and 100 with quick. Try --steps 100."),
        ("--steps 20 --q 4 --sampler lcm", "--steps 20", "comes to 80. Try --steps 12."),
        ("--q 4 --model quick", "--q 4", "comes to 64. Try --steps 12."),
        ("--sampler lcm --model slow", "--sampler lcm", "comes to 60. Try --steps 50."),
    ],
)
def test_more_steps_than_the_sampler_takes_are_told(written: str, where: str, told: str) -> None:
    """Under the first thing said that makes them so many, after quality and draft; the suggestion is let through."""
    found, sentence = fault(f"a {written}", limits=HURRIED)
    assert (found, sentence.endswith(told)) == (where, True), sentence
    assert sentence.startswith(("The sampler lcm takes at most 50 steps, and this ", "--steps must be"))
    for fine in ("--steps 50", "--steps 100 --draft", "--steps 12 --q 4", "--sampler euler --steps 100", "--q 3"):
        assert values(f"a {fine}", limits=HURRIED)


HURRIED = Limits(
    models=tuple(
        ModelFacts(name=name, steps=Steps(usual=usual, sampler=sampler, most=100, most_by={"lcm": 50}))
        for name, usual, sampler in (("quick", 16, "lcm"), ("slow", 60, "euler"))
    ),
    default_model="quick",
)


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
