"""Notes on jobs that are painted all the same: contradictions, and subjects that a small model does not know."""

from __future__ import annotations

import pytest

from engine.contract.jobs import Operation
from engine.prompt import (
    Limits,
    ModelCapabilities,
    PromptErrors,
    Specs,
    Vocabulary,
    command_help,
    notes_on,
    parse,
    prompt_help,
)

SMALL = Vocabulary(paints="simple shapes", examples=("a star",), words={"star": (), "box": ("plus sign",)})
LIMITS = Limits(
    models=(ModelCapabilities(name="small", vocabulary=SMALL), ModelCapabilities(name="real")), default_model="real"
)


def parsed(text: str, limits: Limits) -> Specs:
    result = parse(text, limits=limits)
    assert not isinstance(result, PromptErrors)
    return result


def notes(text: str, limits: Limits = LIMITS) -> tuple[str, ...]:
    return tuple(str(note) for spec in parsed(text, limits) for note in notes_on(spec, limits))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a red circle --no red", '"red"'),
        ("a Red circle --no RED", '"RED"'),
        ("red circles --no circle", '"circle"'),
        ("a red circle --no circles, blue", '"circles"'),
        ("two boxes --no box", '"box"'),
        ("a cherry --no cherries", '"cherries"'),
        ("a red circle --no red circle", '"red circle"'),
        ("a red circle --no blue, red, circle", '"red", "circle"'),
        ("a red circle:: red::-0.5", '"red"'),
        ("a (red:1.3) circle --no (red:1.2)", '"red"'),
        ("blue:: a red circle --no red", '"red"'),
        ("a {red, blue} circle --no blue", '"blue"'),
    ],
)
def test_what_is_asked_for_and_excluded_is_named(text: str, named: str) -> None:
    """Singular or plural, in words of several, by --no or by a negative weight."""
    (note,) = notes(text)
    assert f"asks for {named} and excludes" in note


@pytest.mark.parametrize(
    "text",
    [
        "a red circle --no blue",
        "a red circle and a blue square --no red square",
        "a redwood --no red",
        "a fox:: hen::-0.5",
        "a red circle:: red::0.5",
    ],
)
def test_what_only_looks_like_a_contradiction_is_none(text: str) -> None:
    assert notes(text) == ()


def test_a_small_model_says_what_it_paints() -> None:
    """Only for its own jobs, and only if none of its subjects is in the prompt."""
    (note,) = notes("a castle in fog --model small")
    assert note.startswith("The model small paints simple shapes: star, box. Your prompt has none of them.")
    assert "easel models add" in note
    for known in ("stars at night", "a plus sign", "a BOX", "fog:: star::2", "a (star:1.2)"):
        assert notes(f"{known} --model small") == ()
    assert notes("a castle in fog") == ()
    assert len(notes("a castle --no star --model small")) == 1


@pytest.mark.parametrize(
    ("text", "operation", "told"),
    [
        ("a cat --best 8", Operation.VARY, ["--best changes nothing here, only in new grids."]),
        ("a:: b --best 8 --interpolate", Operation.ZOOM, ["--best and --interpolate change nothing here, only in new"]),
        ("a cat --video --tile", Operation.PAN, ["--video changes nothing here", "--tile changes nothing here"]),
        ("a cat --tile --chaos 9 --quality 2 --seed 3", Operation.VARY, []),
        ("a cat --best 8 --chaos 9 --tile", Operation.IMAGINE, []),
        ("a cat --best 8 --video", Operation.IMAGINE, ["--best changes nothing with --video."]),
        ("a:: b --best 8 --chaos 9 --interpolate", Operation.IMAGINE, ["--chaos and --best change nothing with"]),
        ("a:: b --sameseed 7 --interpolate", Operation.IMAGINE, ["--sameseed changes nothing with --interpolate."]),
        ("a cat --best 8 --video", Operation.SHORTEN, []),
        ("a cat --best 8", Operation.UPSCALE, []),
    ],
)
def test_a_parameter_without_effect_is_named(text: str, operation: Operation, told: list[str]) -> None:
    """Members can write any parameter in the form of a button, which paints from one picture."""
    (spec,) = parsed(text, LIMITS)
    found = [str(note) for note in notes_on(spec, LIMITS, operation)]
    assert len(found) == len(told) and all(map(str.startswith, found, told))


@pytest.mark.parametrize("operation", [Operation.VARY, Operation.ZOOM, Operation.PAN, Operation.INPAINT])
def test_pictures_that_nothing_reads_are_named(operation: Operation) -> None:
    """What is painted from a picture starts from that one; of a new grid, they are the start."""
    (spec,) = parsed("https://example.org/a.png a cat", LIMITS)
    for reads, count in ((False, 1), (True, 0), (None, 0)):
        model = ModelCapabilities(name="real", reads_pictures=reads)
        limits = Limits(models=(model,), default_model="real")
        told = notes_on(spec, limits, operation)
        assert len(told) == count and all(
            str(note).startswith("Pictures in the prompt change nothing") for note in told
        )
        assert notes_on(spec, limits) == ()


def test_the_help_of_the_prompt_says_it_too() -> None:
    """For the default model, within the 100 characters of Discord."""
    small = Limits(models=LIMITS.models, default_model="small")
    assert "simple shapes, such as a star" in prompt_help(small) and len(prompt_help(small)) <= 100
    assert command_help(small) == "Create four pictures from a prompt. The model small paints simple shapes."
    assert "shapes" not in prompt_help(LIMITS) + command_help(LIMITS)


@pytest.mark.parametrize("operation", [Operation.DESCRIBE, Operation.SHORTEN])
def test_what_asks_for_prompts_paints_no_subjects(operation: Operation) -> None:
    """Whoever has a picture described is not told what their prompt lacks: they wrote none."""
    (spec,) = parsed("a dragon --model small", LIMITS)
    assert notes_on(spec, LIMITS) and not notes_on(spec, LIMITS, operation)
