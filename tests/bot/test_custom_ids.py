"""The grammar of button ids."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buttons import BUTTONS
from bot.buttons.base import JobButton
from bot.buttons.rate import RatePictureButton
from bot.buttons.upscale import UpscaleButton
from bot.custom_ids import (
    GENERATED_ID,
    MAX_LENGTH,
    AnswerOrigin,
    ButtonId,
    id_from_text,
    single_picture_slot,
    text_from_id,
)

JOB = UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")

INDEXES: dict[str, list[int | None]] = {
    "show": [None],
    "pictureprompt": [None],
    "hiddenpictureprompt": [None],
    "page": [1, 9, 10, 99],
    "up": [1, 2, 3, 4],
    "vary": [1, 2, 3, 4],
    **{
        verb: [1, 2, 3, 4]
        for verb in (
            "subtle",
            "strong",
            "upsubtle",
            "upcreative",
            "animatehigh",
            "animatelow",
            "region",
            "zoomdouble",
            "zoomhalf",
            "zoomcustom",
            "square",
            "panleft",
            "panright",
            "panup",
            "pandown",
        )
    },
    "reroll": [None],
    "rate": [1, 2, 3, 4],
    "judge": [10 * picture + rating for picture, rating in product(range(1, 5), range(1, 5))],
    "unrate": [None, 1, 2, 3, 4],
    "favourite": [1, 2, 3, 4],
    "best": [1, 2, 3, 4],
    "more": [None],
    "save": [None, 1, 2, 3, 4],
    "report": [None, 1, 2, 3, 4],
    "askdelete": [None, 1, 2, 3, 4],
    "delete": [None, 1, 2, 3, 4],
    "keep": [None],
    **{verb: [*range(1, 10)] for verb in ("topcell", "middlecell", "bottomcell")},
    "paintregion": [None],
    "paintmask": [None],
    "nameregion": [None],
    "describe": list(range(1, 5)),
    "suggestion": list(range(1, 6)),
    "rewordregion": [None],
    "subtlefactor": [2, 4],
    "creativefactor": [2, 4],
    "side": [1, 2],
    "neither": [1, 2, 3],
    "stopcomparing": [None],
    "cancel": [None],
    "cancelall": [None],
    "retry": [None],
    "giveup": [None],
    "whynot": [None, 1, 2, 3, 4],
    **{
        verb: [None]
        for verb in (
            "casekeep",
            "caseremove",
            "casetimeout",
            "caseban",
            "appealaccept",
            "appealrefuse",
            "appeal",
            "adapterpromote",
            "adapterkeep",
        )
    },
}
LAST_MESSAGE = 2**63 - 1
ORIGINS = [
    None,
    AnswerOrigin(message_id=LAST_MESSAGE, slot=None, shown_at=datetime(2084, 9, 6, 15, 47, 35, 551000, tzinfo=UTC)),
    AnswerOrigin(message_id=1 << 22, slot=3, shown_at=datetime(2043, 9, 3, tzinfo=UTC)),
]
EVERY = [
    ButtonId(verb=verb, job_id=JOB, index=index, origin=origin)
    for verb, indexes in INDEXES.items()
    for index in indexes
    for origin in ORIGINS
]


def matching(text: str) -> list[type[JobButton]]:
    """Return the classes whose pattern matches the id."""
    return [button for button in BUTTONS if button.id_pattern.fullmatch(text)]


@pytest.mark.parametrize("button", EVERY, ids=text_from_id)
def test_an_id_reads_back_and_only_its_own_verb_matches_it(button: ButtonId) -> None:
    """Every id there is fits Discord's limit, is ASCII, and fullmatches exactly one pattern."""
    text = text_from_id(button)
    assert id_from_text(text) == button
    assert [found.verb for found in matching(text)] == [button.verb]
    assert len(text) <= MAX_LENGTH and text.isascii() and not GENERATED_ID.fullmatch(text)


@given(job=st.uuids(), button=st.sampled_from(BUTTONS))
def test_every_job_has_ids(job: UUID, button: type[JobButton]) -> None:
    """The grammar holds for any job, whatever its digits."""
    index = INDEXES[button.verb][-1]
    text = button.face(job, index).custom_id
    assert id_from_text(text) == ButtonId(verb=button.verb, job_id=job, index=index)


@pytest.mark.parametrize(
    "text",
    [
        f"e1:up:{JOB}:9",
        f"e1:up:{JOB}:0",
        f"e1:up:{JOB}",
        f"e1:up:{JOB}:1:1",
        f"e1:up:{JOB}:1junk",
        f"e1:up:{JOB}:1\n",
        f"e1:up:{JOB}:１",
        f"e1:up:{str(JOB).upper()}:1",
        f"e1:judge:{JOB}:15",
        f"e1:judge:{JOB}:1",
        f"e1:cancel:{JOB}:1",
        f"e1:destroy:{JOB}",
        f"e1:delete:{JOB}:5",
        f"e1:unrate:{JOB}@",
        f"e1:unrate:{JOB}@7.0",
        f"e1:unrate:{JOB}@07.0.1",
        f"e1:unrate:{JOB}@7.5.1",
        f"e1:unrate:{JOB}@7.0.-1",
        f"e1:unrate:{JOB}@7.0.1junk",
        f"e2:up:{JOB}:1",
        "e1:up::1",
        "MJ::JOB::upsample::1",
        "",
    ],
)
def test_ids_outside_the_grammar_match_no_button(text: str) -> None:
    """Indexes out of range, trailing junk, other digits and other versions are refused, not guessed at."""
    assert matching(text) == []


def test_an_index_that_a_verb_lacks_is_never_written() -> None:
    """Such an id would be a button that never answers."""
    with pytest.raises(ValueError, match="no index 5"):
        UpscaleButton.face(JOB, 5)


def test_each_verb_has_its_one_class() -> None:
    """discord.py runs every class whose pattern matches, so there must be exactly one for each verb."""
    assert sorted(button.verb for button in BUTTONS) == sorted(INDEXES)
    templates: list[re.Pattern[str]] = [button.__discord_ui_compiled_template__ for button in BUTTONS]
    assert templates == [button.id_pattern for button in BUTTONS]


def test_only_the_rating_of_a_picture_tells_which_picture_is_shown() -> None:
    """Its index has two digits; beside it only the number of a page may have them."""
    for button in EVERY:
        is_rating = button.verb == RatePictureButton.verb
        assert single_picture_slot(button) == ((button.index or 0) // 10 - 1 if is_rating else None)


@given(st.text())
def test_any_text_is_read_without_harm(text: str) -> None:
    """Whatever Discord sends as an id, reading it does not raise."""
    assert id_from_text(text) is None
