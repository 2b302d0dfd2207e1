"""Votes: what each press of one member says about two pictures, before their presses are held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.preferences.slots import SlotBiases, chosen_slot, slot_weight
from engine.feedback.preferences.sources import (
    CHOICES,
    PAIR_WEIGHT,
    RANKS,
    RATING_GAP_WEIGHTS,
    REROLL_WEIGHT,
    Source,
    choice_weight,
)
from engine.feedback.preferences.standing import pictures_meant, shown_pictures
from engine.feedback.records import Choice, Press


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """One member's answer about two pictures.

    winner, loser: in any order if `is_tie`.
    weight: of the source and of the slot that was chosen, cut to the rater's share where so many votes come from one
        rater; it says nothing about how reliable they are.
    press_id: of the press that decided.
    """

    rater: UUID
    winner: UUID
    loser: UUID
    is_tie: bool
    source: Source
    weight: float
    is_owner: bool
    press_id: int
    impression_id: UUID | None
    at: datetime

    @property
    def pair(self) -> tuple[UUID, UUID]:
        """The two pictures in the order of their ids, which says nothing about who won."""
        return (self.winner, self.loser) if self.winner < self.loser else (self.loser, self.winner)


def votes_from_presses(standing: Sequence[Press], biases: SlotBiases, excluded: Set[UUID]) -> list[Vote]:
    """Return what each of one member's standing presses says, without the pictures that are excluded.

    Two of these may contradict each other.
    """
    votes = [*_pairs(standing, biases), *_ratings(standing), *_choices(standing, biases), *_rerolls(standing)]
    return [
        vote
        for vote in votes
        if vote.winner != vote.loser and vote.winner not in excluded and vote.loser not in excluded
    ]


def ratings_by_grid(standing: Iterable[Press]) -> Iterator[list[Press]]:
    """Yield the ratings of single pictures, those of one job together."""
    by_grid: dict[object, list[Press]] = {}
    for press in standing:
        action = press.action
        if action.verb is Verb.RATE and action.picture_id is not None and action.value is not None:
            by_grid.setdefault(action.job_id or frozenset(shown_pictures(action)), []).append(press)
    yield from by_grid.values()


def chosen_pictures(standing: Iterable[Press], source: Source) -> set[UUID]:
    """Return the pictures that the member chose by a source, or by one that outranks it without having been asked."""
    return {
        press.action.picture_id
        for press in standing
        if press.action.picture_id is not None
        and (by := CHOICES.get(press.action.verb)) is not None
        and (by is source or 0 < RANKS[by] < RANKS[source])
    }


def rerolled_only(standing: Sequence[Press]) -> list[Press]:
    """Return the re-rolls of grids about whose pictures the member pressed nothing else."""
    rerolls = [press for press in standing if press.action.verb is Verb.REROLL]
    if not rerolls:
        return []
    others = (action for action, _ in standing if action.verb not in (Verb.REROLL, Verb.CANCEL))
    pressed_about = {picture_id for action in others for picture_id in pictures_meant(action)}
    return [press for press in rerolls if pressed_about.isdisjoint(shown_pictures(press.action))]


def _pairs(standing: Iterable[Press], biases: SlotBiases) -> Iterator[Vote]:
    for press in standing:
        pictures = shown_pictures(press.action)
        if press.action.verb is not Verb.CHOOSE or len(pictures) != 2:
            continue
        slot = chosen_slot(press.action)
        if slot is not None:
            weight = PAIR_WEIGHT * slot_weight(press, biases)
            yield _vote(press, pictures[slot], pictures[1 - slot], Source.PAIR, weight)
        elif press.action.choice is Choice.TIE:
            yield _vote(press, *pictures, Source.PAIR, PAIR_WEIGHT, is_tie=True)


def _ratings(standing: Iterable[Press]) -> Iterator[Vote]:
    for rated in ratings_by_grid(standing):
        for one, other in combinations(rated, 2):
            worse, better = sorted((one, other), key=lambda press: press.action.value or 0)
            gap = (better.action.value or 0) - (worse.action.value or 0)
            newer = max(one, other, key=lambda press: press.action.press_id)
            winner, loser = better.action.picture_id, worse.action.picture_id
            if winner is not None and loser is not None:
                yield _vote(newer, winner, loser, Source.RATING, RATING_GAP_WEIGHTS[gap], is_tie=gap == 0)


def _choices(standing: Sequence[Press], biases: SlotBiases) -> Iterator[Vote]:
    chosen: dict[Source, set[UUID]] = {}
    for press in standing:
        source = CHOICES.get(press.action.verb)
        if source is None or chosen_slot(press.action) is None or press.action.picture_id is None:
            continue
        if source not in chosen:
            chosen[source] = chosen_pictures(standing, source)
        weight = choice_weight(press.action) * slot_weight(press, biases)
        for sibling in shown_pictures(press.action):
            if sibling not in chosen[source]:
                yield _vote(press, press.action.picture_id, sibling, source, weight)


def _rerolls(standing: Sequence[Press]) -> Iterator[Vote]:
    """Yield what was upscaled next of the same prompt as better than each picture that was re-rolled away."""
    for reroll in rerolled_only(standing):
        upscale = _next_upscale(standing, reroll)
        if upscale is not None and upscale.action.picture_id is not None:
            for picture in shown_pictures(reroll.action):
                yield _vote(upscale, upscale.action.picture_id, picture, Source.REROLL, REROLL_WEIGHT)


def _next_upscale(standing: Sequence[Press], reroll: Press) -> Press | None:
    if reroll.impression is None:
        return None
    for press in standing:
        if (
            press.action.verb is Verb.UPSCALE
            and press.action.press_id > reroll.action.press_id
            and press.impression is not None
            and press.impression.prompt_hash == reroll.impression.prompt_hash
        ):
            return press
    return None


def _vote(press: Press, winner: UUID, loser: UUID, source: Source, weight: float, *, is_tie: bool = False) -> Vote:
    action = press.action
    return Vote(
        rater=action.member_id,
        winner=winner,
        loser=loser,
        is_tie=is_tie,
        source=source,
        weight=weight,
        is_owner=action.is_owner,
        press_id=action.press_id,
        impression_id=action.impression_id,
        at=action.at,
    )
