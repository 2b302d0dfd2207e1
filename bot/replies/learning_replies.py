"""Every sentence about trained adapters that administrators read and decide on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.language import Phrase, number, percentage
from bot.store.learning.questions import AdapterQuestion
from bot.store.learning.tables import AdapterDecision

PROMOTE_LABEL, KEEP_LABEL = Phrase("Promote"), Phrase("Keep the old one")
ADMINISTRATORS_ONLY = Phrase("Only members who may manage this server can decide about adapters.")
NOT_ASKED = Phrase("This is not asked here any more, so nothing has changed.")
SHEET_ALT = Phrase("Pairs of pictures of the same prompts: left as they are now, right with the new adapter")
SHEET_LOST = Phrase("The pictures before and after are lost.")

_TRAINED = Phrase("A new adapter for **{model}** has learnt from {votes} votes of {members} members: `{name}`.")
_QUESTION = Phrase("In each pair of pictures, the right one is painted with it. Should all pictures be, from now on?")
_OUTDATED = Phrase(
    "Members whose votes it has learnt from have left or withdrawn their consent, so it is not promoted."
)
_PROMOTED = Phrase("{member} has decided to promote it. Engines paint with it from their next picture on.")
_KEPT = Phrase("{member} has decided to keep the old one.")
_SOMEBODY = Phrase("Somebody")
_BLIND = Phrase("Members who did not know which is which prefer it in {wins} of {total} votes ({low} to {high}).")
_REWARD = Phrase("Judged by their earlier votes, it is better in {wins} of {total} new pictures ({low} to {high}).")


def question_text(question: AdapterQuestion) -> str:
    """Return what the message says: what was trained, how it did, and what is asked or was decided."""
    adapter = question.adapter
    trained = _TRAINED.format(
        model=adapter.model,
        votes=number(adapter.num_preferences),
        members=number(adapter.num_members),
        name=adapter.name,
    )
    last = decision(question) if question.answer else str(_QUESTION)
    return "\n".join([trained, *_results(adapter.figures.get("evaluation", {})), last])


def decision(question: AdapterQuestion) -> str:
    """Return who decided what."""
    if question.answer is AdapterDecision.PROMOTE and question.adapter.is_outdated:
        return str(_OUTDATED)
    member = f"<@{question.answered_by}>" if question.answered_by else str(_SOMEBODY)
    return (_PROMOTED if question.answer is AdapterDecision.PROMOTE else _KEPT).format(member=member)


def _results(evaluation: Mapping[str, Any]) -> list[str]:
    votes, share = evaluation.get("votes"), evaluation.get("win_rate")
    told = [(_BLIND, votes["wins"], votes)] if votes and votes["total"] else []
    told += [(_REWARD, share["count"], share)] if share else []
    return [
        phrase.format(
            wins=number(wins),
            total=number(found["total"]),
            low=percentage(found["low"]),
            high=percentage(found["high"]),
        )
        for phrase, wins, found in told
    ]
