"""How far each rater's answers can be relied on, from what they pressed and from whom they agree with.

These figures weigh answers that several raters gave, and leave out raters whose presses say nothing. They are never
written anywhere: an export has weights of presses, which are the same for everybody, and confidences of pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.preferences.slots import chosen_slot
from engine.feedback.preferences.standing import is_hasty, last_presses, shown_pictures
from engine.feedback.records import Choice, Press

# Accuracy is (1 + skill) / 2: skill 0 guesses, skill 1 never errs. These are the values it can have here.
_SKILLS = tuple(step / 40 for step in range(41))
# What is thought of a rater who has shown nothing yet: one in ten guesses, the skill of the others is Beta(3, 1.5).
_GUESSERS = 0.1
_BETA = tuple(skill**2 * math.sqrt(1 - skill) for skill in _SKILLS)
_PRIOR = (_GUESSERS, *((1 - _GUESSERS) * density / math.fsum(_BETA) for density in _BETA[1:]))
PRIOR_SKILL = math.fsum(map(math.prod, zip(_SKILLS, _PRIOR, strict=True)))

_PRIOR_PRESSES = 4

# Raters below this say so little that all of their presses are left out.
MIN_SKILL = 0.25
# From this many repeated pairs on, agreement with others no longer counts: a rare taste is no error.
ENOUGH_REPEATS = 10
# Agreement counts as this many answers at most.
MAX_AGREEMENTS = 40.0

# No honest rater chooses the same slot next with a larger probability, by the number of slots.
_SAME_SLOT_AGAIN = {2: 0.65}
_SAME_SLOT_AGAIN_OF_MORE = 0.5
# A streak is no chance when fewer than this many as long are expected.
_SURPRISE = 1e-3


@dataclass(frozen=True, kw_only=True)
class RaterRecord:
    """What one rater's own presses say about them.

    presses: how many things they pressed about; too_fast and in_streaks: how many of these too fast, and in streaks of
        the same slot that are too long for chance.
    repeats: pairs that they were shown again with the sides swapped; consistent: how many times they gave the same
        answer, where a tie once and a choice once is half.
    """

    presses: int
    too_fast: int
    in_streaks: int
    repeats: int
    consistent: float


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How many of a rater's answers were compared with others' answers on the same pairs, and how many agreed."""

    compared: float
    agreed: float


NO_AGREEMENT = Agreement(compared=0.0, agreed=0.0)


def record_from_presses(presses: Iterable[Press]) -> RaterRecord:
    """Return the record of the member whose presses these are, whatever order they come in."""
    last = last_presses(presses)
    repeats = list(_repeated_answers(last))
    return RaterRecord(
        presses=len(last),
        too_fast=sum(is_hasty(press.action) for press in last),
        in_streaks=_num_in_streaks(last),
        repeats=len(repeats),
        consistent=math.fsum(repeats),
    )


def skill_from_record(record: RaterRecord, agreement: Agreement, community_skill: float) -> float:
    """Return the rater's skill: its mean given their answers, less the share of presses too fast or in streaks.

    To the presses, `_PRIOR_PRESSES` are added that are neither, so that one mishap does not spoil a beginner.

    A rater of skill q repeats an answer with probability (1 + q^2) / 2, and agrees with another of skill c with
    (1 + q c) / 2. Source: the one-coin case of Dawid and Skene 1979, with a prior.
    """
    agreements = 0.0 if record.repeats >= ENOUGH_REPEATS else min(1.0, MAX_AGREEMENTS / (agreement.compared or 1.0))
    logs = [
        _log_binomial((1 + skill * skill) / 2, record.repeats, record.consistent)
        + agreements * _log_binomial((1 + skill * community_skill) / 2, agreement.compared, agreement.agreed)
        + _log(prior)
        for skill, prior in zip(_SKILLS, _PRIOR, strict=True)
    ]
    likelihoods = [math.exp(log - max(logs)) for log in logs]
    mean = math.fsum(map(math.prod, zip(_SKILLS, likelihoods, strict=True))) / math.fsum(likelihoods)
    spoiled = min(record.presses, record.too_fast + record.in_streaks)
    return mean * (1 - spoiled / (record.presses + _PRIOR_PRESSES))


def community_skill(agreements: Mapping[UUID, Agreement]) -> float:
    """Return the skill of the typical rater: two of skill c agree with probability (1 + c^2) / 2; 0 to 1."""
    compared = math.fsum(agreement.compared for agreement in agreements.values())
    agreed = math.fsum(agreement.agreed for agreement in agreements.values())
    return math.sqrt(min(1.0, max(0.0, 2 * agreed / compared - 1))) if compared else 0.0


def longest_chance_streak(num_choices: int, num_slots: int) -> int:
    """Return the longest streak of one slot that an honest rater may have by chance among so many choices.

    Of n choices that repeat with probability p, n (1 - p) p^(L - 1) streaks of at least L are expected.
    Source: Feller 1968, XIII.7; Schilling 1990.
    """
    again = _SAME_SLOT_AGAIN.get(num_slots, _SAME_SLOT_AGAIN_OF_MORE)
    expected_of_one = num_choices * (1 - again)
    return max(1, math.floor(1 + math.log(_SURPRISE / expected_of_one) / math.log(again))) if num_choices else 1


def _num_in_streaks(last: list[Press]) -> int:
    return sum(map(_num_in_streaks_of, _slots_by_question(last)))


def _slots_by_question(last: list[Press]) -> Iterator[tuple[int, list[int]]]:
    """Yield the number of slots and the chosen ones, oldest first, for pairs and for each size of grid."""
    chosen: dict[tuple[bool, int], list[int]] = {}
    for press in last:
        slot = chosen_slot(press.action)
        if slot is not None and press.action.value != 0:
            question = (press.action.verb is Verb.CHOOSE, len(press.action.shown))
            chosen.setdefault(question, []).append(slot)
    for (_, num_slots), slots in chosen.items():
        yield num_slots, slots


def _num_in_streaks_of(question: tuple[int, list[int]]) -> int:
    num_slots, slots = question
    longest = longest_chance_streak(len(slots), num_slots)
    lengths = (sum(1 for _ in streak) for _, streak in groupby(slots))
    return sum(length for length in lengths if length > longest)


def _repeated_answers(last: list[Press]) -> Iterator[float]:
    """Yield 1 for each answer to a pair whose sides were swapped that is the same as before, 0 if not, 0.5 for half."""
    before: dict[frozenset[UUID], tuple[tuple[UUID, ...], UUID | None]] = {}
    for press in last:
        pictures = shown_pictures(press.action)
        if not _is_answer(press) or len(set(pictures)) != 2:
            continue
        slot = chosen_slot(press.action)
        answer = None if slot is None else pictures[slot]
        earlier = before.get(frozenset(pictures))
        if earlier is not None and earlier[0] != pictures:
            yield 1.0 if earlier[1] == answer else 0.5 if None in (earlier[1], answer) else 0.0
        before[frozenset(pictures)] = (pictures, answer)


def _is_answer(press: Press) -> bool:
    action = press.action
    return action.verb is Verb.CHOOSE and action.choice is not Choice.SKIP and not is_hasty(action)


def _log_binomial(probability: float, trials: float, successes: float) -> float:
    """Return the logarithm of the likelihood of a probability, without its constant."""
    if not trials:
        return 0.0
    return successes * _log(probability) + (trials - successes) * _log(1 - probability)


def _log(value: float) -> float:
    return math.log(max(value, 1e-9))
