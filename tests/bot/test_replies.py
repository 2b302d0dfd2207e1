"""The sentences members read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.language import speaking
from bot.replies import BROKEN, code_block, duration, has_reply, reply_for, waiting
from bot.replies.cause_replies import sentence_from_cause
from bot.replies.feedback_replies import rated
from bot.replies.finding_replies import found_line
from engine.contract import errors
from engine.contract.feedback import Rating
from engine.contract.jobs import MAX_COUNTED_AHEAD

SAMPLES: dict[type[errors.EaselError], errors.EaselError] = {
    errors.PromptRefused: errors.PromptRefused(message="a --wat\n  ^^^^^\nThere is no --wat."),
    errors.TooManyPending: errors.TooManyPending(pending=40, limit=40),
    errors.MemberBanned: errors.MemberBanned(reason="spam", until=None),
    errors.JobOver: errors.JobOver(status="finished"),
    errors.ModelUnknown: errors.ModelUnknown(name="nope", known=("starter",)),
    errors.OperationUnsupported: errors.OperationUnsupported(operation="vary", model="starter"),
    errors.SourceMismatch: errors.SourceMismatch(operation="vary", needs_source=True),
    errors.SizeUnsupported: errors.SizeUnsupported(width=9000, height=9, model="starter"),
    errors.SettingUnsupported: errors.SettingUnsupported(name="sampler", value="x", model="starter", known=("euler",)),
    errors.AdapterMismatch: errors.AdapterMismatch(name="ink", model="starter", part="unet"),
    errors.WeightsMissing: errors.WeightsMissing(path=Path("weights")),
    errors.WeightsMismatch: errors.WeightsMismatch(path=Path("weights")),
    errors.ModelBroken: errors.ModelBroken(name="starter", cause="black"),
    errors.PaintedNothing: errors.PaintedNothing(name="starter", cause="its latents are not numbers"),
    errors.RecipeUnreadable: errors.RecipeUnreadable(problems=("steps is missing",)),
    errors.PostgresBroken: errors.PostgresBroken(log=Path("log")),
    errors.NoRoom: errors.NoRoom(model="starter", size="4096 x 4096"),
    errors.SpeedUnsupported: errors.SpeedUnsupported(name="starter", setting='precision = "fp8"', cause="old card"),
    errors.SettingsInvalid: errors.SettingsInvalid(problems=("wrong",)),
    errors.DatabaseUnusable: errors.DatabaseUnusable(problems=("wrong",)),
}


def leaves(kind: type[errors.EaselError]) -> Iterator[type[errors.EaselError]]:
    """Yield the classes of the contract below `kind` that have none below them."""
    below = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    if not below:
        yield kind
    for child in below:
        yield from leaves(child)


@pytest.mark.parametrize("kind", list(leaves(errors.EaselError)), ids=lambda kind: kind.__name__)
def test_every_error_has_a_sentence_of_its_own(kind: type[errors.EaselError]) -> None:
    """No leaf of the tree falls back on the sentence for what nobody expected."""
    sentence = reply_for(SAMPLES.get(kind) or kind())
    assert has_reply(kind)
    assert sentence != str(BROKEN)
    assert 10 < len(sentence) <= 2000


def test_what_is_wrong_with_a_prompt_stays_in_its_code_block() -> None:
    """Backticks that a member wrote cannot end the block, and the block fits a message."""
    block = code_block("```" * 900 + "end")
    assert block.startswith("```\n") and block.endswith("\n```")
    assert "```" not in block[4:-4]
    assert len(block) <= 2000


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1 s"), (7.4, "7 s"), (44, "40 s"), (100, "2 min"), (7200, "2 h")])
def test_a_duration_is_said_as_one_would(seconds: float, said: str) -> None:
    """It is rounded, because it is a guess."""
    assert duration(timedelta(seconds=seconds)) == said


def test_before_any_job_has_finished_there_is_no_estimate() -> None:
    """Only the queue position is shown."""
    assert waiting(3, None) == "Waiting to start: 3 ahead"
    assert waiting(MAX_COUNTED_AHEAD, None) == f"Waiting to start: {MAX_COUNTED_AHEAD}+ ahead"
    assert waiting(0, timedelta(seconds=12)) == "Waiting to start: next in line, about 10 s"


def test_a_rating_is_confirmed_with_what_it_changed() -> None:
    """First, changed, and unchanged are told apart."""
    assert "Rated 😍" in rated(Rating.GREAT, None)
    assert rated(Rating.GREAT, Rating.BAD) == "Rating changed from ☹️ to 😍."
    assert rated(Rating.GREAT, Rating.GREAT) == "Your rating is still 😍."


def test_a_job_that_asked_for_too_many_steps_is_told_the_most() -> None:
    """What was stored of the refusal, as JSON has it."""
    told = sentence_from_cause(
        {"error": "SettingUnsupported", "name": "steps", "value": "64", "known": ["1 to 50 with the sampler lcm"]}
    )
    assert told == "the model does not support --steps 64; available: 1 to 50 with the sampler lcm"
    assert sentence_from_cause({"error": "SettingUnsupported", "name": "lora"}) == "the model does not support --lora"


@pytest.mark.parametrize(
    ("within", "english", "german"),
    [
        (("1", "50"), "1 to 50", "1 bis 50"),
        (("1", "50", "lcm"), "1 to 50 with the sampler lcm", "1 bis 50 mit dem Sampler lcm"),
    ],
)
def test_the_numbers_that_a_model_takes_are_said_in_the_language(
    within: tuple[str, ...], english: str, german: str
) -> None:
    """At once, and from what is stored; other programs read them in English."""
    error = errors.SettingUnsupported(name="steps", value="64", model="tiny", within=within)
    cause = json.loads(json.dumps({"error": "SettingUnsupported", **error.facts}))
    assert error.known == (english,)
    assert reply_for(error).endswith(f" Available: {english}.")
    assert sentence_from_cause(cause).endswith(f"; available: {english}")
    with speaking("de"):
        assert reply_for(error).endswith(f" Verfügbar: {german}.")
        assert sentence_from_cause(cause).endswith(f"; verfügbar: {german}")


def _of_control(error: errors.OperatorError) -> errors.OperatorError:
    error.facts = {**error.facts, "control": "edges"}
    return error


@pytest.mark.parametrize(
    ("error", "adapter", "told"),
    [
        (errors.WeightsMissing(path=Path("a")), "", "The model's files are missing. Try another --model, and"),
        (errors.WeightsMismatch(path=Path("a")), "", "The model's files are damaged. Try another --model, and"),
        (errors.WeightsMissing(path=Path("a")), "ink", "The file of the LoRA ink is missing. Remove it, and"),
        (errors.WeightsMismatch(path=Path("a")), "ink", "The file of the LoRA ink is damaged. Remove it, and"),
        (
            _of_control(errors.WeightsMissing(path=Path("a"))),
            "",
            "The ControlNet edges is missing. Remove --control, and",
        ),
        (errors.ModelBroken(name="tiny", cause="no"), "", "The model tiny does not work. Try another --model"),
        (
            errors.PaintedNothing(name="tiny", cause="no"),
            "",
            "The model tiny produced no usable picture. Try another",
        ),
    ],
)
def test_what_cannot_be_painted_with_is_told_for_what_it_is(
    error: errors.OperatorError, adapter: str, told: str
) -> None:
    """A model, an adapter, or what was painted: each with what the member can do and who else must hear of it.

    What a failed job keeps says the same.
    """
    if adapter:
        error.facts = {**error.facts, "adapter": adapter}
    assert reply_for(error).startswith(told) and "the server's operator" in reply_for(error)
    kept = sentence_from_cause({**error.facts, "error": type(error).__name__})
    assert f"{kept}.".replace("; ", ". ").lower() == reply_for(error).lower()


@pytest.mark.parametrize("name", ["PainterLost", "SizeUnsupported", "SomethingNew"])
def test_a_failed_job_says_why_and_what_to_do(name: str) -> None:
    """Whatever the cause is called, the member reads a sentence and no class name."""
    sentence = sentence_from_cause({"error": name})
    assert name not in sentence
    assert len(sentence) > 20


def test_who_asks_for_more_than_may_be_unfinished_reads_what_to_do() -> None:
    """Waiting helps nobody who has no jobs and asks for too many at once."""
    said = [reply_for(errors.TooManyPending(pending=pending, limit=2)) for pending in (0, 1, 2)]
    assert said == [
        "You can have 2 unfinished jobs, and this asks for more. Ask for fewer at once.",
        "You have 1 unfinished job, and the limit is 2."
        " Ask for fewer at once, wait for a job to finish, or cancel one.",
        "You have reached the limit of 2 unfinished jobs. Wait for a job to finish, or cancel one.",
    ]


def test_lists_show_of_links_in_prompts_the_host_alone() -> None:
    """Discord's links to pictures have some 250 characters, more than a line shows of a prompt."""
    link = f"https://cdn.example/attachments/{'7' * 200}/red.png?ex={'a' * 60}"
    line = found_line(2, f"{link} a boat at sea", "", datetime(2026, 11, 30, tzinfo=UTC), None, 0)
    assert line.startswith("2. **cdn.example/… a boat at sea**")
