"""What is measured over the whole log before labels are derived: slot bias, the raters' skill, and their shares.

It takes two passes: the first reads the presses of each member together, the second those of each prompt cluster. Held
are the presses of one member or of one cluster, a few numbers for each rater, and the counts of the slots.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.feedback.preferences.answers import answers_by_rater, excluded_pictures
from engine.feedback.preferences.raters import (
    MIN_SKILL,
    NO_AGREEMENT,
    PRIOR_SKILL,
    Agreement,
    RaterRecord,
    community_skill,
    record_from_presses,
    skill_from_record,
)
from engine.feedback.preferences.shares import share_factors
from engine.feedback.preferences.slots import SlotBiases, SlotGroup, biases_from_counts, slot_choices
from engine.feedback.preferences.sources import RANKS, Source
from engine.feedback.preferences.standing import standing_presses
from engine.feedback.preferences.votes import Vote
from engine.feedback.records import Press

# Sums are of integers, which come out the same in any order of adding.
_UNITS = 2**40


@dataclass(frozen=True, kw_only=True)
class Community:
    """What labels are derived with.

    biases: of the slots, for each group of presses that are biased alike.
    skills: of each rater whose presses count, 0 to 1; those of all others are left out.
    typical_skill: the mean of these.
    share_factors: what the weights of each rater are multiplied by.
    """

    biases: SlotBiases
    skills: Mapping[UUID, float]
    typical_skill: float
    share_factors: Mapping[UUID, float]


class RaterPass:
    """The first pass: the raters' records and the choices of each slot."""

    def __init__(self) -> None:
        self._records: dict[UUID, RaterRecord] = {}
        self._slots: Counter[tuple[SlotGroup, int]] = Counter()

    def add(self, rater: UUID, presses: Sequence[Press]) -> None:
        """Take in all presses of one member; of slots, those of unreliable raters tell nothing.

        Raises: ValueError when the member was added before: a record is of all presses.
        """
        if rater in self._records:
            raise ValueError(f"the presses of {rater} were added before; sort them by member")
        record = record_from_presses(presses)
        self._records[rater] = record
        if skill_from_record(record, NO_AGREEMENT, 0.0) >= MIN_SKILL:
            self._slots.update(slot_choices(standing_presses(presses)))

    def finish(self) -> ClusterPass:
        """Return the second pass, which knows what was measured in the first."""
        return ClusterPass(self._records, biases_from_counts(self._slots))


class ClusterPass:
    """The second pass: how far raters agree with others, and how much weight each has."""

    def __init__(self, records: Mapping[UUID, RaterRecord], biases: SlotBiases) -> None:
        self._records = records
        self._biases = biases
        self._compared: Counter[UUID] = Counter()
        self._agreed: Counter[UUID] = Counter()
        self._weights: Counter[UUID] = Counter()

    def add(self, presses: Sequence[Press]) -> None:
        """Take in all presses about the pictures of one prompt cluster."""
        by_pair: dict[tuple[UUID, UUID], list[Vote]] = {}
        for answers in answers_by_rater(presses, self._biases, excluded_pictures(presses), self._records):
            for vote in answers.resolved.votes:
                self._weights[vote.rater] += round(vote.weight * _UNITS)
                if not vote.is_tie and RANKS[vote.source] <= RANKS[Source.UPSCALE]:
                    by_pair.setdefault(vote.pair, []).append(vote)
        for votes in by_pair.values():
            self._compare(votes)

    def finish(self) -> Community:
        """Return what labels are derived with."""
        agreements = {
            rater: Agreement(compared=compared, agreed=self._agreed[rater] / _UNITS)
            for rater, compared in self._compared.items()
        }
        typical = community_skill(agreements)
        skills = {
            rater: skill
            for rater, record in sorted(self._records.items())
            if (skill := skill_from_record(record, agreements.get(rater, NO_AGREEMENT), typical)) >= MIN_SKILL
        }
        weights = {rater: self._weights[rater] / _UNITS for rater in skills}
        return Community(
            biases=self._biases,
            skills=skills,
            typical_skill=math.fsum(skills.values()) / len(skills) if skills else PRIOR_SKILL,
            share_factors=share_factors(weights),
        )

    def _compare(self, votes: Sequence[Vote]) -> None:
        """Count for each rater of a pair the share of the others who agree, as one comparison."""
        if len(votes) < 2:
            return
        for_winner = Counter(vote.winner for vote in votes)
        for vote in votes:
            self._compared[vote.rater] += 1
            self._agreed[vote.rater] += round((for_winner[vote.winner] - 1) / (len(votes) - 1) * _UNITS)


def measure_community(
    by_rater: Iterable[tuple[UUID, Sequence[Press]]], by_cluster: Iterable[Sequence[Press]]
) -> Community:
    """Return what labels are derived with, from the same presses in two orders; one group is held at a time."""
    raters = RaterPass()
    for rater, presses in by_rater:
        raters.add(rater, presses)
    clusters = raters.finish()
    for presses in by_cluster:
        clusters.add(presses)
    return clusters.finish()
