"""Which two results go together with `--between`, and what a job of theirs says."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from engine.contract.jobs import Job, JobSpec, JobStatus, Operation, Picture, json_from_spec, spec_from_json
from engine.prompt import Code, PromptDefaults, PromptErrors, Sentence, format_errors, parse
from engine.prompt.checks.between import Result, between_spec
from engine.prompt.checks.operations import spec_for_operation

ONE, OTHER = (UUID(int=number) for number in (1, 2))
NAMED = f"--between {ONE} {OTHER}"


def spec_of(text: str, suffix: str = "") -> JobSpec:
    """Return the one spec of a prompt."""
    result = parse(text, PromptDefaults(suffix=suffix))
    assert not isinstance(result, PromptErrors), format_errors(result)
    return result[0]


def result_of(
    prompt: str, seed: int = 7, operation: Operation = Operation.IMAGINE, model: str = "starter", width: int = 128
) -> Result:
    """Return a finished grid of a prompt."""
    now = datetime.now(UTC)
    job = Job(
        id=uuid4(), member_id=uuid4(), operation=operation, spec=spec_of(prompt), seed=seed,
        status=JobStatus.FINISHED, attempts=1, progress=1.0, parent_job_id=None, parent_picture_id=None, edit=None,
        cause=None, grid_key="k", grid_type="image/png", created_at=now, started_at=now, ended_at=now,
    )  # fmt: skip
    pictures = tuple(
        Picture(
            id=uuid4(), job_id=job.id, slot=slot, object_key="k", width=width, height=128, seed=seed + slot,
            recipe={"model": model},
        )
        for slot in range(4)
    )  # fmt: skip
    return Result(job=job, pictures=pictures)


def joined(text: str, one: Result, other: Result) -> JobSpec:
    """Return the spec of a prompt with the two results."""
    told = between_spec(spec_of(text), one, other)
    assert not isinstance(told, Sentence), str(told)
    return told


def told(text: str, one: Result, other: Result) -> Code:
    """Return why the two do not go together."""
    result = between_spec(spec_of(text), one, other)
    assert isinstance(result, Sentence)
    return result.code


def test_a_job_has_the_words_the_settings_and_the_seeds_of_both() -> None:
    """Its prompt says the same spec again, and so does its JSON; what is painted from one picture goes no way."""
    one, other = result_of("a red:: cat::3 --no dogs --ar 3:2 --steps 9", 1), result_of("a fox --ar 3:2 --steps 9", 50)
    spec = joined(f"{NAMED} --at 0.25", one, other)
    assert [(part.text, part.weight) for part in spec.parts] == [
        ("a red", 0.1875), ("cat", 0.5625), ("a fox", 0.25), ("dogs", -0.0938),
    ]  # fmt: skip
    assert [end.seeds for end in spec.ends] == [(1, 2, 3, 4), (50, 51, 52, 53)]
    assert [end.parts for end in spec.ends] == [one.job.spec.parts, other.job.spec.parts]
    assert spec.prompt.endswith(f"--ar 3:2 --model starter --steps 9 --between {ONE} {OTHER} --at 0.25")
    again = spec_of(spec.prompt)
    assert (again.parts, again.parameters) == (spec.parts, spec.parameters)
    assert between_spec(again, one, other) == spec
    assert spec_from_json(json_from_spec(spec)) == spec
    assert joined(f"{NAMED} --at 1", one, other).parts == other.job.spec.parts
    varied = spec_for_operation(Operation.VARY, spec)
    assert varied.ends == () and not {"between", "at"} & varied.parameters.keys()


def test_settings_of_a_suffix_are_left_out_and_ones_of_the_prompt_refused() -> None:
    """The two results say them; who sees the job and how soon it is painted is its own."""
    spec = spec_of(NAMED, suffix="--ar 3:2 --steps 40 --relax")
    assert dict(spec.parameters) == {"between": (str(ONE), str(OTHER)), "relax": True}
    pair = result_of("a cat"), result_of("a dog")
    assert told(f"{NAMED} --steps 40", *pair) is Code.OWN_SETTING
    assert told(f"a horse {NAMED}", *pair) is Code.OWN_WORDS
    assert joined(f"{NAMED} --stealth", *pair).parameters["stealth"] is True


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        (result_of("a cat"), result_of("a dog", model="other"), Code.ENDS_OF_MODELS),
        (result_of("a cat"), result_of("a dog", width=256), Code.ENDS_OF_SHAPES),
        (result_of("a cat --cfg 3"), result_of("a dog"), Code.ENDS_OF_SETTINGS),
        (result_of("a cat --tile"), result_of("a dog"), Code.ENDS_OF_SETTINGS),
        (result_of("a cat --chaos 9"), result_of("a dog"), Code.END_FROM_PICTURE),
        (result_of("a cat"), result_of("a dog", operation=Operation.VARY), Code.END_FROM_PICTURE),
        (result_of("https://a.org/a.png a cat"), result_of("a dog"), Code.END_FROM_PICTURE),
    ],
)
def test_two_results_that_do_not_go_together_are_told(one: Result, other: Result, code: Code) -> None:
    assert told(NAMED, one, other) is code


def test_the_number_of_seeds_and_the_defaults_do_not_keep_two_apart() -> None:
    assert joined(NAMED, result_of("a cat --seed 3 --stylize 100"), result_of("a dog --best 8 --fast"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"--between {ONE}", "--between needs two results."),
        (f"--between {ONE} cat", "--between takes two results, by their ids or message links, not cat."),
        (f"https://a.org/a.png {NAMED}", "With --between, the pictures are painted from the two results alone."),
        (f"{NAMED} a cat", "--between takes two results, but more words follow."),
        ("a cat --at 0.3", "--at has no effect without --between."),
        (f"{NAMED} --at 2", "--at must be between 0 and 1."),
    ],
)
def test_what_is_wrong_with_its_words_is_told(text: str, message: str) -> None:
    result = parse(text)
    assert isinstance(result, PromptErrors)
    assert message in format_errors(result)
