"""The grammar of button ids."""

from __future__ import annotations

import re
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buttons import BUTTONS
from bot.custom_ids import MAX_LENGTH, PASSING, ButtonId, ButtonVerb, id_from_text, pattern, text_from_id

JOB = UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")

INDEXES: dict[ButtonVerb, list[int | None]] = {
    ButtonVerb.UP: [1, 2, 3, 4],
    ButtonVerb.VARY: [1, 2, 3, 4],
    ButtonVerb.REROLL: [None],
    ButtonVerb.RATE: [1, 2, 3, 4],
    ButtonVerb.JUDGE: [10 * picture + face for picture, face in product(range(1, 5), range(1, 5))],
    ButtonVerb.CANCEL: [None],
}
EVERY = [ButtonId(verb=verb, job_id=JOB, index=index) for verb in ButtonVerb for index in INDEXES[verb]]


@pytest.mark.parametrize("button", EVERY, ids=text_from_id)
def test_an_id_reads_back_and_only_its_own_verb_matches_it(button: ButtonId) -> None:
    """Every id there is fits Discord's limit, is ASCII, and fullmatches exactly one pattern."""
    text = text_from_id(button)
    assert id_from_text(text) == button
    assert [verb for verb in ButtonVerb if pattern(verb).fullmatch(text)] == [button.verb]
    assert len(text) <= MAX_LENGTH and text.isascii() and not PASSING.fullmatch(text)


@given(job=st.uuids(), verb=st.sampled_from(ButtonVerb))
def test_every_job_has_ids(job: UUID, verb: ButtonVerb) -> None:
    """The grammar holds for any job, whatever its digits."""
    button = ButtonId(verb=verb, job_id=job, index=INDEXES[verb][-1])
    assert id_from_text(text_from_id(button)) == button


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
        f"e1:delete:{JOB}",
        f"e2:up:{JOB}:1",
        "e1:up::1",
        "MJ::JOB::upsample::1",
        "",
    ],
)
def test_what_is_not_in_the_grammar_is_no_id(text: str) -> None:
    """Indexes out of range, trailing junk, other digits and other versions are refused, not guessed at."""
    assert id_from_text(text) is None


def test_an_index_that_a_verb_lacks_is_never_written() -> None:
    """Such an id would be a button that never answers."""
    with pytest.raises(ValueError, match="no index 5"):
        text_from_id(ButtonId(verb=ButtonVerb.UP, job_id=JOB, index=5))


def test_each_verb_has_its_one_class() -> None:
    """discord.py runs every class whose pattern matches, so there must be exactly one for each verb."""
    assert sorted(button.verb for button in BUTTONS) == sorted(ButtonVerb)
    templates: list[re.Pattern[str]] = [button.__discord_ui_compiled_template__ for button in BUTTONS]
    assert templates == [pattern(button.verb) for button in BUTTONS]


@given(st.text())
def test_any_text_is_read_without_harm(text: str) -> None:
    """Whatever Discord sends as an id, reading it does not raise."""
    assert id_from_text(text) is None
