"""Selections: which of the pictures of a grid a member chose, with all that were shown, as HPD v1 has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.feedback.preferences.slots import SlotBiases, chosen_slot, slot_weight
from engine.feedback.preferences.sources import CHOICES, RANKS, Source, choice_weight
from engine.feedback.preferences.standing import shown_pictures
from engine.feedback.records import Press


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What one member chose from a grid.

    shown: all pictures, by slot; chosen: some of these, in the same order. What orders the chosen is not known.
    """

    rater: UUID
    impression_id: UUID | None
    shown: tuple[UUID, ...]
    chosen: tuple[UUID, ...]
    source: Source
    weight: float
    is_owner: bool
    press_id: int
    at: datetime


# To vary a picture is to want another one.
_SELECTS = (Source.BEST, Source.FAVOURITE, Source.UPSCALE)


def selections_of_rater(standing: Iterable[Press], biases: SlotBiases, excluded: Set[UUID]) -> Iterator[Selection]:
    """Yield one member's selection from each grid: by their press of the lowest rank, none if a picture is excluded."""
    by_grid: dict[tuple[UUID, ...], list[Press]] = {}
    for press in standing:
        if CHOICES.get(press.action.verb) in _SELECTS and chosen_slot(press.action) is not None:
            by_grid.setdefault(shown_pictures(press.action), []).append(press)
    for shown, presses in by_grid.items():
        if excluded.isdisjoint(shown):
            rank = min(map(_rank, presses))
            yield _selection(shown, [press for press in presses if _rank(press) == rank], biases)


def _rank(press: Press) -> int:
    return RANKS[CHOICES[press.action.verb]]


def _selection(shown: tuple[UUID, ...], presses: Sequence[Press], biases: SlotBiases) -> Selection:
    first = presses[0].action
    chosen = {press.action.picture_id for press in presses}
    return Selection(
        rater=first.member_id,
        impression_id=first.impression_id,
        shown=shown,
        chosen=tuple(picture_id for picture_id in shown if picture_id in chosen),
        source=CHOICES[first.verb],
        weight=max(choice_weight(press.action) * slot_weight(press, biases) for press in presses),
        is_owner=first.is_owner,
        press_id=first.press_id,
        at=first.at,
    )
