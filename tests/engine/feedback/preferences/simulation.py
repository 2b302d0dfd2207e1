"""A community whose taste is known: raters who look at grids and pairs, prefer early slots, and some who spam."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from engine.contract.feedback import Verb
from engine.feedback.records import Choice, Press
from tests.engine.feedback.preferences.pressing import press

NUM_PROMPTS, GRIDS_PER_PROMPT = 40, 3
PER_PROMPT = 4 * GRIDS_PER_PROMPT
# How much likelier a slot is to be chosen than its picture deserves, as logarithms.
GRID_BIAS, PAIR_BIAS = (1.2, 0.4, 0.1, 0.0), (0.5, 0.0)
# How far a rater's taste is from the community's, in standard deviations of quality; pictures' qualities have 1.
TASTE = 0.7

GRIDS_EACH, PAIRS_EACH, REPEAT_EVERY = 6, 16, 8
SPAMMERS_PRESS_TIMES = 4


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """The presses by prompt, what each picture's quality is, and who spams how."""

    clusters: tuple[list[Press], ...]
    quality: dict[int, float]
    spammers: dict[int, str]
    num_raters: int


# Returns the index of the chosen one of some pictures.
Chooser = Callable[[Sequence[int], Sequence[float]], int]


def simulate(seed: int, *, num_raters: int = 500, spam: float = 0.1) -> Simulated:
    """Return what `num_raters` pressed, `spam` of whom always press the first slot, press at random, or rush."""
    random = Random(seed)
    quality = {picture: random.gauss(0, 1) for picture in range(1, NUM_PROMPTS * PER_PROMPT + 1)}
    kinds = ("first slot", "random", "rush")
    spammers = {rater: kinds[rater % 3] for rater in range(1, int(num_raters * spam) + 1)}
    clusters: tuple[list[Press], ...] = tuple([] for _ in range(NUM_PROMPTS))
    press_ids = count(1)
    for rater in range(1, num_raters + 1):
        kind = spammers.get(rater, "")
        chooser = _chooser(Random(f"{seed} {rater}"), quality, kind)
        seconds = 0.1 if kind == "rush" else 5.0
        for _ in range(SPAMMERS_PRESS_TIMES if kind else 1):
            for prompt, made in _presses(random, rater, chooser, seconds, press_ids):
                clusters[prompt].append(made)
    return Simulated(clusters=clusters, quality=quality, spammers=spammers, num_raters=num_raters)


def _chooser(random: Random, quality: dict[int, float], kind: str) -> Chooser:
    """Return how one rater chooses: by the logit model of a taste near the community's, or as a spammer."""
    taste: dict[int, float] = {}

    def choose_by_taste(pictures: Sequence[int], bias: Sequence[float]) -> int:
        for picture in pictures:
            if picture not in taste:
                taste[picture] = quality[picture] + random.gauss(0, TASTE)
        drawn = [taste[picture] * 2 + tilt + _gumbel(random) for picture, tilt in zip(pictures, bias, strict=True)]
        return drawn.index(max(drawn))

    return {
        "": choose_by_taste,
        "first slot": lambda pictures, bias: 0,
        "random": lambda pictures, bias: random.randrange(len(pictures)),
        "rush": lambda pictures, bias: random.randrange(len(pictures)),
    }[kind]


def _presses(
    random: Random, rater: int, chooser: Chooser, seconds: float, press_ids: Iterator[int]
) -> Iterator[tuple[int, Press]]:
    for _ in range(GRIDS_EACH):
        prompt, grid = random.randrange(NUM_PROMPTS), random.randrange(GRIDS_PER_PROMPT)
        start = 1 + prompt * PER_PROMPT + 4 * grid
        pictures = range(start, start + 4)
        chosen = pictures[chooser(pictures, GRID_BIAS)]
        yield prompt, press(Verb.UPSCALE, pictures, chosen, at=next(press_ids), by=rater, seconds=seconds)
    for number in range(PAIRS_EACH):
        prompt = random.randrange(NUM_PROMPTS)
        pair = random.sample(range(1 + prompt * PER_PROMPT, 1 + (prompt + 1) * PER_PROMPT), 2)
        for sides in [pair, pair[::-1]] if number % REPEAT_EVERY == 0 else [pair]:
            answer = (Choice.LEFT, Choice.RIGHT)[chooser(sides, PAIR_BIAS)]
            made = press(Verb.CHOOSE, sides, at=next(press_ids), by=rater, choice=answer, seconds=seconds)
            yield prompt, made


def _gumbel(random: Random) -> float:
    return -math.log(-math.log(random.random() or 0.5))
