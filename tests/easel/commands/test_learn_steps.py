"""What `easel learn watch` does next, by what the database says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.store.learning.adapters import LearnedAdapter
from bot.store.learning.questions import AdapterQuestion
from bot.store.learning.tables import AdapterDecision, AdapterState
from easel.commands.learn_steps import LearningStep, next_step
from engine.contract.ids import new_id

TRAINED = LearnedAdapter(
    id=new_id(),
    sha256="a" * 64,
    preferences_sha256="b" * 64,
    num_preferences=120,
    model="starter",
    model_sha256="c" * 64,
    folder="/runs/first",
    read_at=datetime(2026, 11, 1, tzinfo=UTC),
    trained_at=datetime(2026, 11, 1, tzinfo=UTC),
    state=AdapterState.TRAINED,
    num_members=3,
    num_erased=0,
    num_withdrawn=0,
    sheet_key=None,
)


_DECIDED = (AdapterState.PROMOTED, AdapterState.REFUSED, AdapterState.ROLLED_BACK)


def candidate(**evaluation: Any) -> LearnedAdapter:
    """Return the adapter as evaluated."""
    return replace(TRAINED, state=AdapterState.CANDIDATE, figures={"evaluation": evaluation})


def votes(*, is_enough: bool, is_better: bool) -> dict[str, bool]:
    """Return what is kept of blind votes."""
    return {"is_enough": is_enough, "is_better": is_better}


def step_of(
    newest: LearnedAdapter | None, *, answer: AdapterDecision | None = None, is_asked: bool = False, **facts: bool
) -> LearningStep:
    """Return the next step; without facts, nothing new came and members are not asked."""
    question = None
    if newest and (is_asked or answer):
        question = AdapterQuestion(adapter=newest, message=None, answer=answer, answered_by=None, attempts=1)
    given = {"has_new_votes": False, "asks_members": False, **facts}
    return next_step(newest, question, **given)


def test_a_training_waits_for_votes() -> None:
    """The first one, and each after the last adapter was decided on; not while one is under way."""
    decided = [replace(TRAINED, state=state) for state in _DECIDED]
    for newest in (None, *decided):
        assert step_of(newest) is LearningStep.WAIT
        assert step_of(newest, has_new_votes=True) is LearningStep.TRAIN
    assert step_of(TRAINED, has_new_votes=True) is LearningStep.EVALUATE


@pytest.mark.parametrize(("is_better", "step"), [(True, LearningStep.ASK), (False, LearningStep.REFUSE)])
def test_an_administrator_is_asked_about_what_is_better(is_better: bool, step: LearningStep) -> None:
    assert step_of(candidate(is_better=is_better)) is step


def test_members_are_asked_first() -> None:
    """Until enough have answered; their votes then decide, and not the reward model."""
    judged = {"is_better": True}
    assert step_of(candidate(**judged), asks_members=True) is LearningStep.PAINT_PAIRS
    few = candidate(**judged, votes=votes(is_enough=False, is_better=True))
    assert step_of(few, asks_members=True) is LearningStep.COUNT_VOTES
    assert step_of(few, asks_members=True, has_new_votes=True) is LearningStep.REFUSE
    for is_better, step in ((True, LearningStep.ASK), (False, LearningStep.REFUSE)):
        many = candidate(**judged, votes=votes(is_enough=True, is_better=is_better))
        assert step_of(many, asks_members=True) is step


def test_the_answer_is_done_once_it_is_there() -> None:
    """Until then nothing is, whatever comes."""
    better = candidate(is_better=True)
    assert step_of(better, is_asked=True, has_new_votes=True) is LearningStep.WAIT
    assert step_of(better, answer=AdapterDecision.PROMOTE) is LearningStep.PROMOTE
    assert step_of(better, answer=AdapterDecision.KEEP) is LearningStep.REFUSE


def test_what_must_be_trained_anew_is_not_promoted() -> None:
    """Also if an administrator wants it: somebody was erased, or withdrew their consent, since."""
    better = candidate(is_better=True)
    for outdated in (replace(better, num_erased=1), replace(better, num_withdrawn=1)):
        assert step_of(outdated, answer=AdapterDecision.PROMOTE) is LearningStep.REFUSE
        assert step_of(outdated) is LearningStep.REFUSE
