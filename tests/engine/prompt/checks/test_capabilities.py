"""Requests that the model does not support are refused before they are queued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract.jobs import Operation
from engine.prompt import Limits, ModelCapabilities, PromptDefaults, PromptErrors, SizeLimits, StepLimits, parse
from engine.prompt.errors import Origin
from tests.engine.prompt.outcomes import error, values

PNG = "https://a.org/a.png"


def test_names_of_models_come_from_the_registry() -> None:
    """A version selects the registered model of that name; the error for an unknown one lists the models."""
    limits = Limits(
        models=(ModelCapabilities(name="6.1"), ModelCapabilities(name="niji6"), ModelCapabilities(name="starter"))
    )
    assert values("a --v 6.1", limits=limits) == {"model": "6.1"}
    assert values("a --niji 6", limits=limits) == {"model": "niji6"}
    assert error("a --v 5", limits=limits) == ("5", "Unknown model 5. Available: 6.1, niji6, starter.")
    assert error("a --model startr", limits=limits)[1].endswith("Did you mean --model starter?")


def test_what_a_model_takes_is_reported_with_its_name() -> None:
    """The limits of steps and samplers are those of the job's model, or of the default one."""
    steps = StepLimits(default=20, sampler="euler", maximum=50)
    slow = ModelCapabilities(
        name="slow", abilities=frozenset({"tile", "lora"}), samplers=("euler", "heun"), step_limits=steps
    )
    limits = Limits(models=(slow,), default_model="slow", abilities=frozenset({"speed"}), adapters=("ink",))
    assert error("a --steps 60", limits=limits) == (
        "60",
        "--steps must be between 1 and 50 with slow. Try --steps 50.",
    )
    assert "Available: euler, heun." in error("a --sampler lcm", limits=limits)[1]
    assert error(f"{PNG} a", limits=limits) == (PNG, f"A picture {_NONE_HERE}")
    assert error("a --raw", limits=limits) == ("--raw", f"--raw {_NONE_HERE}")
    assert "Did you mean ink?" in error("a --lora inc", limits=limits)[1]
    bare = replace(limits, adapters=())
    assert (
        error("a --lora ink", limits=bare)[1]
        == "Unknown --lora value ink. None are available on this server. Remove it."
    )
    assert values("a --tile --fast --steps 50 --lora ink", limits=limits)


@pytest.mark.parametrize(
    ("raw", "where", "told"),
    [
        ("--sampler lcm --steps 51", "51", "this job has 51. Try --steps 50."),
        ("--sampler lcm --steps 120", "120", "--steps must be between 1 and 100 with quick. Try --steps 100."),
        ("--steps 20 --q 4 --sampler lcm", "20", "this job has 80. Try --steps 12."),
        ("--q 4 --model quick", "4", "this job has 64. Try --steps 12."),
        ("--sampler lcm --model slow", "lcm", "this job has 60. Try --steps 50."),
    ],
)
def test_more_steps_than_the_sampler_takes_are_reported(raw: str, where: str, told: str) -> None:
    """The error is at the parameter that causes it, counts quality and draft, and suggests a value that works."""
    found, message = error(f"a {raw}", limits=HURRIED)
    assert (found, message.endswith(told)) == (where, True), message
    assert message.startswith(("The sampler lcm supports at most 50 steps, and this ", "--steps must be"))
    for fine in ("--steps 50", "--steps 100 --draft", "--steps 12 --q 4", "--sampler euler --steps 100", "--q 3"):
        assert values(f"a {fine}", limits=HURRIED)


HURRIED = Limits(
    models=tuple(
        ModelCapabilities(
            name=name, step_limits=StepLimits(default=usual, sampler=sampler, maximum=100, max_steps_by={"lcm": 50})
        )
        for name, usual, sampler in (("quick", 16, "lcm"), ("slow", 60, "euler"))
    ),
    default_model="quick",
)


@pytest.mark.parametrize(
    ("raw", "where", "told"),
    [
        ("a --lora big", "big", "big does not fit small: unet.up. Remove it, or use one that fits: ink, wash."),
        ("a --lora ink:0.5 big:.7 --model small", "big", "big does not fit small: unet.up."),
        ("a --model large --lora big ink", "ink", "ink does not fit large: it is made for sd1."),
        ("a --v large --lora ink --lora big", "ink", "Remove it, or use one that fits: big, wash."),
    ],
)
def test_an_adapter_that_does_not_fit_the_model_is_reported_under_its_name(raw: str, where: str, told: str) -> None:
    """The model is the prompt's, or else the default; adapters of unknown compatibility pass."""
    found, message = error(raw, limits=DRESSERS)
    assert (found, told in message) == (where, True), message
    assert values("a --lora ink wash") == values("a --lora ink wash", limits=DRESSERS)


def test_every_adapter_that_does_not_fit_is_reported_where_it_was_written() -> None:
    """Errors in the suffix are shown in the suffix; a model without adapter support is one error."""
    errors = parse("a --lora big", PromptDefaults(suffix="--lora big wash"), DRESSERS)
    assert isinstance(errors, PromptErrors)
    places = [(one.source.origin, one.source.text[one.start : one.end]) for one in errors.errors]
    assert places == [(Origin.PROMPT, "big"), (Origin.SUFFIX, "big")]
    assert "--lora is not available with bare." in error("a --lora big ink --model bare", limits=DRESSERS)[1]
    assert error("a --lora ink --model none", limits=DRESSERS)[1].endswith(f"for sd1. {_LEAVE}")


DRESSERS = Limits(
    models=(
        ModelCapabilities(name="small", incompatible_adapters={"big": "unet.up"}),
        ModelCapabilities(name="large", incompatible_adapters={"ink": "it is made for sd1"}),
        ModelCapabilities(
            name="bare", abilities=frozenset(), incompatible_adapters={"big": "unet.up", "ink": "it is made for sd1"}
        ),
        ModelCapabilities(
            name="none", incompatible_adapters=dict.fromkeys(("ink", "big", "wash"), "it is made for sd1")
        ),
    ),
    default_model="small",
    adapters=("ink", "big", "wash"),
)


@pytest.mark.parametrize(
    ("raw", "where"), [("a cat --model later", "later"), ("a cat:: a dog --no red", "a cat"), (PNG, PNG)]
)
def test_a_model_that_only_varies_pictures_paints_no_words(raw: str, where: str) -> None:
    """The error is at the model's name, or else at the first words; unknown operations are not checked."""
    later = ModelCapabilities(name="later", operations=(Operation.VARY,))
    limits = Limits(models=(later,), default_model="later")
    errors = parse(raw, limits=limits)
    assert isinstance(errors, PromptErrors)
    first = errors.errors[0]
    assert first.source.text[first.start : first.end].startswith(where)
    assert (str(first.message), str(first.suggestion)) == (
        "later can only vary existing pictures.",
        "Choose another model with --model.",
    )
    open_to_all = replace(limits, models=(replace(later, operations=None),))
    assert not isinstance(parse("a cat", limits=open_to_all), PromptErrors)


@pytest.mark.parametrize("text", ["a (red:1.3) cat", "a [red] cat", "a cat --no (red:2)", "a cat:: (red)::2"])
def test_weighed_words_are_refused_for_a_model_to_which_they_mean_nothing(text: str) -> None:
    """Weights in brackets are refused; literal brackets and weights of 1 pass."""
    combined = ModelCapabilities(name="whole", abilities=frozenset())
    limits = Limits(models=(combined,), default_model="whole")
    assert "whole does not support weights in brackets" in error(text, limits=limits)[1]
    assert error("a cat --lora ink", limits=limits)[1].startswith("--lora is not available with whole.")
    assert values(r"a \(red\) cat (once:1)", limits=limits) == {}
    able = replace(combined, abilities=frozenset({"attention"}))
    assert values(text, limits=replace(limits, models=(able,))) == {}


@pytest.mark.parametrize(
    ("raw", "suggested"), [("--ar 10:1", "Try --ar 3:1."), ("--ar 1:10", "Try --ar 1:3."), ("--ar 4:1", "--ar 3:1")]
)
def test_a_shape_that_the_model_does_not_paint(raw: str, suggested: str) -> None:
    """The error for a ratio outside the model's bounds suggests the widest that it supports."""
    sides = SizeLimits(square=128, multiple=16, min_side=64, max_side=256)
    limits = Limits(models=(ModelCapabilities(name="small", size_limits=sides),), default_model="small")
    where, told = error(f"a {raw}", limits=limits)
    assert where == raw.removeprefix("--ar ") and "Its sides must be 64 to 256 pixels" in told and suggested in told
    assert values("a --ar 3:1", limits=limits) == {"ar": "3:1"}


@pytest.mark.parametrize(
    ("raw", "suggested"),
    [("--ar 10:1", "Try --ar 4:1."), ("--ar 1:3", "Try --ar 2:3."), ("--ar 1:10", "Try --ar 2:3.")],
)
def test_a_shape_beyond_the_only_sizes_of_a_model(raw: str, suggested: str) -> None:
    """The error for a ratio beyond the widest or tallest size suggests the nearest that the model supports."""
    sizes = ((2048, 512), (1024, 1024), (832, 1248))
    sides = SizeLimits(square=1024, multiple=16, min_side=512, max_side=2048, sizes=sizes)
    limits = Limits(models=(ModelCapabilities(name="trained", size_limits=sides),), default_model="trained")
    where, told = error(f"a {raw}", limits=limits)
    assert where == raw.removeprefix("--ar ") and "only ratios from 2:3 to 4:1" in told and suggested in told
    assert values("a --ar 4:1", limits=limits) == {"ar": "4:1"}


_NONE_HERE = "is not available with slow. Remove it: no model on this server supports it."
_LEAVE = "Remove it, or choose another model with --model."


def test_advice_on_what_a_model_cannot_do_is_true() -> None:
    """Another model is named only if there is one; no value of a parameter that nobody supports is suggested."""
    models = (
        ModelCapabilities(name="plain", abilities=frozenset()),
        ModelCapabilities(name="able", abilities=frozenset({"stop"})),
    )
    limits = Limits(models=models, default_model="plain", abilities=frozenset())
    assert error("a --stop 50", limits=limits)[1].endswith("choose a model that supports it: --model able.")
    alone = replace(limits, models=models[:1])
    assert error("a --stop 50", limits=alone)[1].endswith("Remove it: no model on this server supports it.")
    assert error("a --public", limits=limits)[1].endswith("--public is not available on this server. Remove it.")


def test_references_need_a_model_that_reads_them() -> None:
    """Style codes are no pictures, whatever the model."""
    able = ModelCapabilities(name="able", abilities=frozenset({"style_reference"}))
    models = (ModelCapabilities(name="plain", abilities=frozenset()), able)
    limits = Limits(models=models, default_model="plain")
    link = "https://a.org/ink.png"
    assert error(f"a --sref {link}", limits=limits)[1].endswith("choose a model that supports it: --model able.")
    assert error(f"a --cref {link}", limits=limits)[1].endswith("Remove it: no model on this server supports it.")
    styled = replace(limits, default_model="able")
    assert isinstance(parse(f"a --sref {link}::2 --sw 30", limits=styled), tuple)
    for code in ("random", f"{link} 123::2"):
        assert error(f"a --sref {code}", limits=styled)[1].endswith("Give a link to a picture in that style.")
