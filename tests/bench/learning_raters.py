"""Raters whose taste is known: they choose among pictures, prefer early slots, and a tenth of them spams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from random import Random

import numpy as np
from PIL import Image

from engine.contract.feedback import Verb
from engine.feedback.preferences.answers import presses_by_rater
from engine.feedback.preferences.community import measure_community
from engine.feedback.preferences.derive import derive_preferences
from engine.feedback.preferences.votes import Vote
from engine.feedback.records import Choice, Press
from tests.engine.feedback.preferences.pressing import number_of, press

NUM_RATERS, SPAMMERS, SPAMMERS_PRESS_TIMES = 500, 50, 4
PER_PROMPT, PER_GRID = 8, 4
# How much likelier a slot is to be chosen than its picture deserves, as logarithms.
GRID_BIAS, PAIR_BIAS = (1.2, 0.4, 0.1, 0.0), (0.5, 0.0)
# What a rater's taste is uncertain by: the scale of a logistic distribution, between two pictures.
NOISE = 0.04
GRIDS_EACH, PAIRS_EACH, REPEAT_EVERY = 8, 20, 8

Taste = Callable[[Image.Image], float]
Pair = tuple[int, int]
"""The winner and the loser, by their numbers."""


def warm_and_large(picture: Image.Image) -> float:
    """Return how warm the picture is, and how much of it its object covers."""
    pixels = _pixels(picture)
    return float((pixels[..., 0] - pixels[..., 2]).mean() + 1.5 * _covered(pixels))


def green_and_dark(picture: Image.Image) -> float:
    """Return how green the picture is, and how dark."""
    pixels = _pixels(picture)
    return float((pixels[..., 1] - (pixels[..., 0] + pixels[..., 2]) / 2).mean() - pixels.mean())


def press_all(
    captions: Sequence[str], quality: Mapping[int, float], seed: int, every: int = 1
) -> Sequence[Sequence[Press]]:
    """Return the presses of all raters by caption, or of every so many raters.

    quality: of each picture to the taste. Those of the caption numbered n, from 0, are numbered from 1 + 8 n.
    """
    random, press_ids = Random(seed), count(1)
    clusters: tuple[list[Press], ...] = tuple([] for _ in captions)
    for rater in range(1, NUM_RATERS // every + 1):
        kind = ("first slot", "random", "rush")[rater % 3] if rater <= SPAMMERS // every else ""
        for _ in range(SPAMMERS_PRESS_TIMES if kind else 1):
            for prompt, made in _presses(random, rater, kind, quality, captions, press_ids):
                clusters[prompt].append(made)
    return clusters


def derived(clusters: Sequence[Sequence[Press]]) -> Sequence[Sequence[Vote]]:
    """Return the votes of each caption, as the feedback derivation has them, ties left out."""
    presses = [one for cluster in clusters for one in cluster]
    community = measure_community(presses_by_rater(presses).items(), clusters)
    return [[vote for vote in derive_preferences(one, community).votes if not vote.is_tie] for one in clusters]


def raw_pairs(cluster: Sequence[Press]) -> Iterator[Pair]:
    """Yield what each press says by itself: the picture that was chosen, and each other that was in view."""
    for action, _ in cluster:
        shown = [number_of(one.picture_id) for one in action.shown]
        if action.verb is Verb.UPSCALE:
            assert action.picture_id is not None
            chosen = number_of(action.picture_id)
        else:
            chosen = shown[0 if action.choice is Choice.LEFT else 1]
        yield from ((chosen, other) for other in shown if other != chosen)


def _presses(
    random: Random, rater: int, kind: str, quality: Mapping[int, float], captions: Sequence[str], ids: Iterator[int]
) -> Iterator[tuple[int, Press]]:
    seconds = 0.1 if kind == "rush" else 5.0
    for _ in range(GRIDS_EACH):
        prompt, grid = random.randrange(len(captions)), random.randrange(PER_PROMPT // PER_GRID)
        start = 1 + prompt * PER_PROMPT + grid * PER_GRID
        shown = range(start, start + PER_GRID)
        chosen = shown[_chosen(random, [quality[one] for one in shown], GRID_BIAS, kind)]
        about = captions[prompt]
        yield prompt, press(Verb.UPSCALE, shown, chosen, at=next(ids), by=rater, seconds=seconds, prompt=about)
    for number in range(PAIRS_EACH):
        prompt = random.randrange(len(captions))
        pair = random.sample(range(1 + prompt * PER_PROMPT, 1 + (prompt + 1) * PER_PROMPT), 2)
        for sides in [pair, pair[::-1]] if number % REPEAT_EVERY == 0 else [pair]:
            answer = (Choice.LEFT, Choice.RIGHT)[_chosen(random, [quality[one] for one in sides], PAIR_BIAS, kind)]
            about = captions[prompt]
            made = press(Verb.CHOOSE, sides, at=next(ids), by=rater, choice=answer, seconds=seconds, prompt=about)
            yield prompt, made


def _chosen(random: Random, qualities: Sequence[float], bias: Sequence[float], kind: str) -> int:
    if kind == "first slot":
        return 0
    if kind:
        return random.randrange(len(qualities))
    drawn = [one / NOISE + tilt + _gumbel(random) for one, tilt in zip(qualities, bias, strict=True)]
    return drawn.index(max(drawn))


def _gumbel(random: Random) -> float:
    return -math.log(-math.log(random.random() or 0.5))


def _pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"), dtype=np.float32) / 255


def _covered(pixels: np.ndarray) -> float:
    """Return the share of pixels that are far from what most of the border is."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return float((np.abs(pixels - np.median(border, axis=0)).max(axis=2) > 0.2).mean())
