"""What each member answers about the pictures of one prompt cluster, and which of these pictures are left out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.preferences.conflicts import ResolvedVotes, resolve
from engine.feedback.preferences.slots import SlotBiases
from engine.feedback.preferences.standing import pictures_meant, standing_presses
from engine.feedback.preferences.votes import votes_from_presses
from engine.feedback.records import Press

# Verbs that keep pictures out of labels, whoever presses them: they say nothing about the member.
EXCLUDING = frozenset({Verb.REPORT, Verb.DELETE})


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One member's presses that stand and the votes that follow from them."""

    rater: UUID
    standing: Sequence[Press]
    resolved: ResolvedVotes


def answers_by_rater(
    presses: Iterable[Press], biases: SlotBiases, excluded: Set[UUID], raters: Container[UUID]
) -> Iterator[Answers]:
    """Yield the answers of each of the `raters`, ordered by their ids."""
    by_rater = presses_by_rater(presses)
    for rater in sorted(by_rater):
        if rater in raters:
            standing = standing_presses(by_rater[rater])
            votes = votes_from_presses(standing, biases, excluded)
            yield Answers(rater=rater, standing=standing, resolved=resolve(votes))


def presses_by_rater(presses: Iterable[Press]) -> dict[UUID, list[Press]]:
    """Return the presses of each member."""
    by_rater: dict[UUID, list[Press]] = {}
    for press in presses:
        by_rater.setdefault(press.action.member_id, []).append(press)
    return by_rater


def reports_by_picture(presses: Iterable[Press]) -> dict[UUID, int]:
    """Return how many members reported each picture, ordered by picture; a grid's report is one of each picture."""
    reporters: dict[UUID, set[UUID]] = {}
    for action, _ in presses:
        if action.verb is Verb.REPORT:
            for picture_id in pictures_meant(action):
                reporters.setdefault(picture_id, set()).add(action.member_id)
    return {picture_id: len(reporters[picture_id]) for picture_id in sorted(reporters)}


def withdrawn_pictures(presses: Iterable[Press]) -> set[UUID]:
    """Return the pictures that their owner deleted."""
    return {
        picture_id
        for action, _ in presses
        if action.verb is Verb.DELETE and action.is_owner
        for picture_id in pictures_meant(action)
    }


def excluded_pictures(presses: Sequence[Press]) -> set[UUID]:
    """Return the pictures that get no label but that of safety: reported by anybody, or deleted by their owner."""
    return withdrawn_pictures(presses) | reports_by_picture(presses).keys()
