"""Slot bias: how much more often a slot is chosen because of where it is, and the weights that even it out.

The pictures of a grid differ by their seed alone, and the sides of a pair are drawn, so that chance has already put the
better picture into any slot equally often. Without bias, all slots are chosen equally often: a slot's share of the
choices is its examination propensity, and no experiment is needed. Grids that mix models, adapters or settings are
not counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from engine.contract.feedback import Surface, Verb
from engine.feedback.preferences.sources import CHOICES
from engine.feedback.preferences.standing import shown_pictures
from engine.feedback.records import Action, Choice, Impression, Press
from engine.feedback.stats.chi_squared import ChiSquared, chi_squared_uniform

# Choices that each slot is given before anything is counted, so that few presses cannot make large weights.
PRIOR_CHOICES = 20
# Larger weights would let a few presses on a slot that is hardly looked at outvote all others.
MAX_SLOT_WEIGHT = 3.0

_SIDES = MappingProxyType({Choice.LEFT: 0, Choice.RIGHT: 1})


class SlotGroup(NamedTuple):
    """Presses that are biased alike: the same button on the same number of pictures, in the same place and layout."""

    verb: Verb
    num_slots: int
    surface: Surface
    ui_version: int | None


@dataclass(frozen=True, kw_only=True)
class SlotBias:
    """How often each slot of a group was chosen, the test of whether that is chance, and the slots' weights.

    weights: by slot; over the choices counted, their mean is 1.
    """

    group: SlotGroup
    counts: tuple[int, ...]
    test: ChiSquared
    weights: tuple[float, ...]


SlotBiases = Mapping[SlotGroup, SlotBias]


def chosen_slot(action: Action) -> int | None:
    """Return the index of the picture that the action chose among those shown; None if it chose none."""
    if action.verb is Verb.CHOOSE:
        return None if action.choice is None else _SIDES.get(action.choice)
    if action.verb not in CHOICES or len(action.shown) < 2:
        return None
    pictures = shown_pictures(action)
    return pictures.index(action.picture_id) if action.picture_id in pictures else None


def slot_group(press: Press) -> SlotGroup:
    """Return the group whose bias a press has."""
    action, impression = press
    version = None if impression is None else impression.ui_version
    return SlotGroup(action.verb, len(action.shown), action.surface, version)


def slot_choices(standing: Iterable[Press]) -> Iterator[tuple[SlotGroup, int]]:
    """Yield the group and the slot of each choice that tells of slot bias."""
    for press in standing:
        slot = chosen_slot(press.action)
        if slot is not None and (press.action.verb is Verb.CHOOSE or not _is_mixed(press.impression)):
            yield slot_group(press), slot


def biases_from_counts(counts: Mapping[tuple[SlotGroup, int], int]) -> SlotBiases:
    """Return the bias of each group from the numbers of choices of its slots."""
    groups = sorted({group for group, _ in counts}, key=repr)
    return {group: _bias(group, [counts.get((group, slot), 0) for slot in range(group.num_slots)]) for group in groups}


def inverse_propensity_weights(counts: list[int]) -> tuple[float, ...]:
    """Return the weight of each slot: (1/S) / propensity, at most `MAX_SLOT_WEIGHT`, then scaled to a mean of 1.

    The propensity of slot s is (n_s + a) / (N + S a) for n_s of N choices, S slots and a = `PRIOR_CHOICES`. The mean
    is over the N choices. Source: Joachims, Swaminathan and Schnabel 2017 (inverse propensity scoring of
    clicks), clipped, and self-normalized as in Swaminathan and Joachims 2015.
    """
    total, num_slots = sum(counts), len(counts)
    if not total:
        return (1.0,) * num_slots
    all_choices = total + num_slots * PRIOR_CHOICES
    raw = [min(MAX_SLOT_WEIGHT, all_choices / (num_slots * (count + PRIOR_CHOICES))) for count in counts]
    mean = math.fsum(count * weight for count, weight in zip(counts, raw, strict=True)) / total
    return tuple(weight / mean for weight in raw)


def slot_weight(press: Press, biases: SlotBiases) -> float:
    """Return the weight of the slot that the press chose; 1 where no bias is known."""
    slot, bias = chosen_slot(press.action), biases.get(slot_group(press))
    return 1.0 if slot is None or bias is None else bias.weights[slot]


def sentence_from_bias(bias: SlotBias) -> str:
    """Return one line for people: the share of each slot, its weight, and the test."""
    group, test = bias.group, bias.test
    total = sum(bias.counts)
    layout = "unknown" if group.ui_version is None else group.ui_version
    shares = ", ".join(
        f"{count / total:.1%} (x{weight:.2f})" for count, weight in zip(bias.counts, bias.weights, strict=True)
    )
    return (
        f"{group.verb.value} of {group.num_slots}, {group.surface.value}, layout {layout}: {shares}; "
        f"{total} choices, chi-squared {test.statistic:.1f}, p = {test.p_value:.2g}"
    )


def _bias(group: SlotGroup, counts: list[int]) -> SlotBias:
    return SlotBias(
        group=group,
        counts=tuple(counts),
        test=chi_squared_uniform(counts),
        weights=inverse_propensity_weights(counts),
    )


def _is_mixed(impression: Impression | None) -> bool:
    if impression is None:
        return False
    painted_by = {
        (picture.model, picture.model_hash, picture.adapters, picture.settings_hash) for picture in impression.pictures
    }
    return len(painted_by) > 1
