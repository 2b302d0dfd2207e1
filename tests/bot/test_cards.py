"""What messages show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buttons import BUTTONS
from bot.cards import MAX_CONTENT, Card, job_card, picture_card, shown_prompt, view_from_card, with_note
from bot.replies.alt_replies import alt_of
from engine.contract.edits import Edit
from engine.contract.ids import new_id
from engine.contract.jobs import Job, JobSpec, JobStatus, Operation, ParameterValue, Part


def job_of(prompt: str = "a red circle", *, status: JobStatus = JobStatus.WAITING, progress: float = 0.0) -> Job:
    """Return a job as the store would."""
    return Job(
        id=new_id(),
        member_id=new_id(),
        operation=Operation.IMAGINE,
        spec=JobSpec(prompt=prompt, parts=(Part(text=prompt),)),
        seed=1,
        status=status,
        attempts=0,
        progress=progress,
        parent_job_id=None,
        parent_picture_id=None,
        edit=None,
        cause={"error": "PainterLost"} if status is JobStatus.FAILED else None,
        grid_key="key" if status is JobStatus.FINISHED else None,
        grid_type="image/webp" if status is JobStatus.FINISHED else None,
        created_at=datetime.now(UTC),
        started_at=None,
        ended_at=None,
    )


@pytest.mark.parametrize(
    ("parameters", "edit", "shown"),
    [
        ({}, None, "a red circle: grid of four pictures"),
        ({"video": True}, None, "a red circle: film of four pictures that emerge"),
        ({"interpolate": True}, None, "a red circle: film of the pictures in between"),
        ({"video": True}, Edit(), "a red circle: grid of four pictures"),
    ],
)
def test_a_film_is_no_grid_for_those_who_hear_it(
    parameters: dict[str, ParameterValue], edit: Edit | None, shown: str
) -> None:
    job = job_of(status=JobStatus.FINISHED)
    assert alt_of(replace(job, spec=replace(job.spec, parameters=parameters), edit=edit), None) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("two\n  lines", "two lines"),
        ("**bold** _i_ `c` ~~s~~ ||x||", r"\*\*bold\*\* \_i\_ \`c\` \~\~s\~\~ \|\|x\|\|"),
        ("<@123> @everyone <#4>", r"\<\@123> \@everyone \<#4>"),
        ("https://a.b/c_d.png a cat", "<https://a.b/c_d.png> a cat"),
        ("<https://a.b/c> a cat", "<https://a.b/c> a cat"),
        ("a [masked](http://a.b)", r"a \[masked\](<http://a.b)>"),
        ("a red circle --no green --ar 3:2", "a red circle --no green --ar 3:2"),
    ],
)
def test_a_prompt_is_shown_letter_by_letter(written: str, shown: str) -> None:
    """No markdown, no mention and no link preview comes out of a member's words."""
    assert shown_prompt(written) == shown


@given(st.text(min_size=1, max_size=6000))
def test_no_prompt_is_too_long_to_show(prompt: str) -> None:
    """The longest line of every kind of card stays within Discord's limit, by UTF-16 units too."""
    for status in JobStatus:
        card = with_note(job_card(job_of(prompt, status=status, progress=0.5), 2**63, BUTTONS), "n" * 200)
        assert len(card.content.encode("utf-16-le", "surrogatepass")) // 2 <= MAX_CONTENT


def test_six_thousand_characters_are_cut_with_a_mark() -> None:
    """The reader sees that there is more."""
    assert shown_prompt("*" * 6000).endswith("…")
    assert shown_prompt("word " * 1200).endswith("…")


def test_the_running_card_tells_the_share_of_steps() -> None:
    """In whole per cent, rounded down, so that 100% is never said too early."""
    assert "(99%)" in job_card(job_of(status=JobStatus.RUNNING, progress=0.999), 5, BUTTONS).content


def test_a_failed_job_has_no_buttons() -> None:
    """There is nothing to press, and the sentence says what to do."""
    card = job_card(job_of(status=JobStatus.FAILED), 5, BUTTONS)
    assert card.rows == ()
    assert "(Failed: the image engine stopped three times" in card.content


FACES = [*[None] * 4, "⋯"]
OPINIONS = [None] * 5
UPSCALE = ["Upscale (Subtle)", "Upscale (Creative)", None, "⋯"]
VARY = ["Vary (Subtle)", "Vary (Strong)"]
REGION = [*VARY, "Vary (Region)", "Animate (High)", "Animate (Low)"]
ZOOM = ["Zoom Out 2x", "Zoom Out 1.5x", "Custom Zoom"]
PANS = [None] * 4
ORIGINALS = ["U1", "U2", "U3", "U4"]
VARIATIONS = ["V1", "V2", "V3", "V4"]


@pytest.mark.parametrize(
    ("operations", "grid", "picture"),
    [
        (
            frozenset(Operation),
            [[*ORIGINALS, None], VARIATIONS, FACES],
            [UPSCALE, REGION, ZOOM, PANS, OPINIONS],
        ),
        ({Operation.IMAGINE}, [[*ORIGINALS, None], FACES], [[None, "⋯"], OPINIONS]),
        ({Operation.VARY}, [ORIGINALS, VARIATIONS, FACES], [[None, "⋯"], VARY, OPINIONS]),
        ((), [ORIGINALS, FACES], [[None, "⋯"], OPINIONS]),
    ],
)
def test_a_button_whose_job_cannot_be_painted_is_not_shown(
    operations: Collection[Operation], grid: list[list[str | None]], picture: list[list[str | None]]
) -> None:
    """U and the faces start no job; V and Vary start a variation, and the re-roll what the job itself was."""
    job = job_of(status=JobStatus.FINISHED)
    assert labels(job_card(job, 5, BUTTONS, operations=operations)) == grid
    assert labels(picture_card(job, 5, 3, BUTTONS, operations=operations)) == picture


@pytest.mark.parametrize(("ar", "is_offered"), [(None, False), ("1:1", False), ("4:4", False), ("3:2", True)])
def test_only_a_picture_that_is_not_square_can_be_made_so(ar: str | None, is_offered: bool) -> None:
    job = job_of(status=JobStatus.FINISHED)
    spec = replace(job.spec, parameters={} if ar is None else {"ar": ar})
    shown = [label for row in labels(picture_card(replace(job, spec=spec), 5, 3, BUTTONS)) for label in row]
    assert ("Make Square" in shown) is is_offered


def labels(card: Card) -> list[list[str | None]]:
    return [[face.label for face in row] for row in card.rows]


@pytest.mark.parametrize(
    "card", [job_card(job_of(status=JobStatus.FINISHED), 5, BUTTONS), picture_card(job_of(), 5, 3, BUTTONS)]
)
async def test_discord_py_keeps_no_view(card: Card) -> None:
    """Views of sent messages are finished, so that discord.py does not remember each of them for ever."""
    view = view_from_card(card)
    assert view.is_finished()
    assert len(view.children) == sum(map(len, card.rows))


def test_a_waiting_job_tells_its_place() -> None:
    """The message says how many are ahead."""
    card = job_card(job_of(), 5, BUTTONS, num_ahead=2, wait=None)
    assert card.content == "**a red circle** - <@5> (Waiting to start: 2 ahead)"
