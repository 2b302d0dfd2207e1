"""Parsing prompts into specs, as the bot and the command use it."""

from __future__ import annotations

import pytest

from engine.contract.jobs import JobSpec, Part
from engine.prompt import (
    Limits,
    ModelCapabilities,
    PromptDefaults,
    PromptErrors,
    format_errors,
    json_from_specs,
    parse,
    render,
)


def specs_of(text: str, **how: object) -> tuple[JobSpec, ...]:
    result = parse(text, **how)  # type: ignore[arg-type]
    assert not isinstance(result, PromptErrors), format_errors(result)
    return result


def errors_of(text: str, **how: object) -> PromptErrors:
    result = parse(text, **how)  # type: ignore[arg-type]
    assert isinstance(result, PromptErrors), result
    return result


def test_a_plain_prompt_is_one_part_and_no_parameters() -> None:
    """A prompt of only words is one job with one part of weight 1."""
    (spec,) = specs_of("a red fox in the snow")
    assert spec == JobSpec(prompt="a red fox in the snow", parts=(Part(text="a red fox in the snow"),))


def test_every_error_of_a_prompt_is_reported_at_once() -> None:
    """Three errors in one prompt are all reported, in the order of the text."""
    errors = errors_of("cat --foo 3 --c 101 --ar wide").errors
    assert [error.source.text[error.start : error.end] for error in errors] == ["--foo", "101", "wide"]


@pytest.mark.parametrize("text", ["", "   ", "--ar 3:2", "::", "--no cats", "\u200b", "{,}"])
def test_a_prompt_without_words_is_refused(text: str) -> None:
    """A prompt without words is an error, with or without parameters."""
    assert "has no words" in format_errors(errors_of(text))


def test_the_option_negative_joins_the_list_of_the_prompt() -> None:
    """Words from the command's option and from --no are one negative part."""
    (spec,) = specs_of("a fox --no red", command_options={"no": "green, blue"})
    assert spec.parts == (Part(text="a fox"), Part(text="red, green, blue", weight=-0.5))


def test_an_error_of_a_command_option_is_shown_in_its_own_line() -> None:
    """An invalid seed is underlined in the option, not in the prompt."""
    (error,) = errors_of("a fox", command_options={"seed": "seven"}).errors
    assert (str(error.source.where), error.start, error.end) == ("In the option seed:", 0, 5)


def test_parameters_stand_in_the_order_of_the_table() -> None:
    """Specs with the same parameters have them in the same order."""
    text = "a fox --lora ink --seed 7 --ar 3:2"
    assert list(specs_of(text)[0].parameters) == ["ar", "seed", "lora"]
    (spec,) = specs_of(text, defaults=PromptDefaults(parameters={"steps": 9, "chaos": 1, "no": ("x",), "repeat": 3}))
    assert list(spec.parameters) == ["ar", "chaos", "seed", "lora", "steps"]


def test_a_suffix_gives_way_to_the_prompt() -> None:
    """The prompt overrides the member's suffix; the rest of the suffix applies."""
    (spec,) = specs_of("a fox --ar 1:1", defaults=PromptDefaults(suffix="--ar 3:2 --steps 8"))
    assert dict(spec.parameters) == {"ar": "1:1", "steps": 8}


def test_six_thousand_characters_pass_and_one_more_does_not() -> None:
    """A prompt of exactly the maximum length is allowed."""
    assert specs_of("a" * 6000)
    (error,) = errors_of("a" * 6001).errors
    assert error.start == 6000 and "6,001" in str(error.message)


def test_a_prompt_is_not_longer_when_it_is_written_out() -> None:
    """Text from the suffix and escapes counts too, so that every canonical prompt can be typed again."""
    assert specs_of("a" * 5991, defaults=PromptDefaults(suffix="--ar 3:2"))
    assert "With everything expanded, the prompt has 6,001 characters" in format_errors(
        errors_of("a" * 5992, defaults=PromptDefaults(suffix="--ar 3:2"))
    )
    assert "With everything expanded" in format_errors(errors_of("a\\b" * 2000))


def test_what_a_model_cannot_do_is_reported_before_queueing() -> None:
    """A parameter that needs an ability the model lacks is underlined."""
    limits = Limits(models=(ModelCapabilities(name="starter", abilities=frozenset()),), default_model="starter")
    (error,) = errors_of("moss --raw", limits=limits).errors
    assert (str(error.message), str(error.suggestion)) == (
        "--raw is not available with starter.",
        "Remove it: no model on this server supports it.",
    )
    assert specs_of("moss --seed 3", limits=limits)


def test_the_records_are_what_the_terminal_prints() -> None:
    """One object per job: prompt, parts, images, parameters."""
    assert json_from_specs(specs_of("a:: b --ar 3:2")) == [
        {
            "prompt": "a:: b --ar 3:2",
            "parts": [{"text": "a", "weight": 1.0}, {"text": "b", "weight": 1.0}],
            "images": [],
            "parameters": {"ar": "3:2"},
        }
    ]


def test_the_canonical_prompt_reads_back_as_the_same_spec() -> None:
    """Rendering and parsing are inverse, escapes included."""
    text = r"https://a.org/x.png::2 a \{b\} \--foo (x:1.3)::3 d\:\:e:: f --no red --iw 2 --lora ink:.5 --raw"
    specs = specs_of(text)
    assert parse(render(specs[0])) == specs
