"""What `easel learn watch` does next, by what the database says: nothing is remembered elsewhere."""

from __future__ import annotations

from enum import StrEnum

from bot.store.learning.adapters import LearnedAdapter
from bot.store.learning.questions import AdapterQuestion
from bot.store.learning.tables import AdapterDecision, AdapterState
from easel.commands.learn_verdict import is_shown_better


class LearningStep(StrEnum):
    """A step of a round: votes become an adapter, which is judged, asked about, and promoted or not."""

    WAIT = "wait"
    TRAIN = "train"
    EVALUATE = "evaluate"
    PAINT_PAIRS = "paint_pairs"
    COUNT_VOTES = "count_votes"
    ASK = "ask"
    PROMOTE = "promote"
    REFUSE = "refuse"


_DECIDED = frozenset({AdapterState.PROMOTED, AdapterState.ROLLED_BACK, AdapterState.REFUSED})


def next_step(
    newest: LearnedAdapter | None, question: AdapterQuestion | None, *, has_new_votes: bool, asks_members: bool
) -> LearningStep:
    """Return what to do about the newest adapter, or that a new one is due.

    question: that about it, None if nobody was asked. has_new_votes: whether enough came since its votes were read.
    asks_members: whether members compare it blind before an administrator is asked.
    """
    if newest is None or newest.state in _DECIDED:
        return LearningStep.TRAIN if has_new_votes else LearningStep.WAIT
    if newest.is_outdated or (question and question.answer is AdapterDecision.KEEP):
        return LearningStep.REFUSE
    if question:
        return LearningStep.PROMOTE if question.answer else LearningStep.WAIT
    if newest.state is AdapterState.TRAINED:
        return LearningStep.EVALUATE
    return _judge(newest, has_new_votes=has_new_votes, asks_members=asks_members)


def _judge(newest: LearnedAdapter, *, has_new_votes: bool, asks_members: bool) -> LearningStep:
    evaluation = newest.figures.get("evaluation", {})
    votes = evaluation.get("votes")
    if asks_members and votes is None:
        return LearningStep.PAINT_PAIRS
    if asks_members and not votes["is_enough"]:
        return LearningStep.REFUSE if has_new_votes else LearningStep.COUNT_VOTES
    return LearningStep.ASK if is_shown_better(evaluation) else LearningStep.REFUSE
