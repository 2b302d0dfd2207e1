"""What a press tells of the message it was made on."""

from __future__ import annotations

from bot.buttons import BUTTONS
from bot.cards import Card, job_card, picture_card
from bot.interaction_context import shown_slot
from engine.contract.jobs import JobStatus
from tests.bot.test_cards import job_of


def ids_of(card: Card) -> list[str]:
    """Return the ids of the card's buttons."""
    return [face.custom_id for row in card.rows for face in row]


def test_a_pictures_message_shows_that_picture_alone() -> None:
    """It is read off the buttons, so that a press counts rightly however soon after the posting it comes."""
    assert [shown_slot(ids_of(picture_card(job_of(), 5, slot, BUTTONS))) for slot in range(4)] == [0, 1, 2, 3]


def test_any_other_message_shows_no_single_picture() -> None:
    """Grids, jobs under way, and messages with foreign buttons."""
    for status in JobStatus:
        assert shown_slot(ids_of(job_card(job_of(status=status), 5, BUTTONS))) is None
    assert shown_slot(["MJ::JOB::upsample::1", ""]) is None
