"""Captions: what a person might type to get a scene, in varied English, drawn at random from a seed.

A caption may leave things unsaid but never says anything untrue of its scene.
"""

from __future__ import annotations

import random

from engine.starter.world.scenes import Backdrop, Scene
from engine.starter.world.words import (
    COLOUR_WORDS,
    COUNT_WORDS,
    PLACE_WORDS,
    RELATION_WORDS,
    SCENERY_WORDS,
    SHAPE_WORDS,
    SIZE_WORDS,
    STYLE_WORDS,
    plural,
    with_article,
)

_BESIDE = ("next to", "beside", "and", "and", "with")
_OPENINGS = ("a picture of", "an image of", "a drawing of", "picture of", "there is", "I want", "show me")


def caption_from_scene(scene: Scene, seed: int, *, complete: bool = False) -> str:
    """One caption of `scene`; a `complete` one says every colour, place, background and style there is."""
    sampler = _CaptionSampler(random.Random(f"{scene.seed}/{seed}"), complete)
    if not complete and sampler.rng.random() < 0.06:
        return _keywords(sampler, scene)
    words = [_subject(sampler, scene), _place(sampler, scene), _backdrop(sampler, scene.backdrop)]
    style = _style(sampler, scene)
    rng = sampler.rng
    if rng.random() < 0.1 and words[2].startswith("on"):
        words = [words[2] + ",", words[0], words[1]]
    body = " ".join(word for word in words if word)
    if style:
        follows = rng.random() < 0.6 or scene.style == "flat"
        body = f"{body}, {style}" if follows else f"{with_article(style)} of {body}"
    elif rng.random() < 0.12:
        body = f"{rng.choice(_OPENINGS)} {body}"
    return body


class _CaptionSampler:
    """A manner of speaking: how often things are said, and in which of their words."""

    def __init__(self, rng: random.Random, complete: bool) -> None:
        self.rng, self.complete = rng, complete

    def includes(self, chance: float) -> bool:
        """Whether something that is said `chance` of the time is said now; complete speech says it always."""
        return self.complete or self.rng.random() < chance

    def word(self, usual: str, others: tuple[str, ...]) -> str:
        """`usual`, or sometimes one of `others`."""
        return usual if not others or self.rng.random() < 0.8 else self.rng.choice(others)

    def phrase(self, phrases: tuple[str, ...]) -> str:
        """The first of `phrases` about half of the time, else any of them."""
        return phrases[0] if self.rng.random() < 0.5 else self.rng.choice(phrases)


def _noun(sampler: _CaptionSampler, shape: str, colour: str, chance: float = 0.88) -> str:
    noun = sampler.word(shape, SHAPE_WORDS.get(shape, ()))
    if not sampler.includes(chance):
        return noun
    return f"{sampler.word(colour, COLOUR_WORDS.get(colour, ()))} {noun}"


def _subject(sampler: _CaptionSampler, scene: Scene) -> str:
    if scene.relation is not None:
        return _pair(sampler, scene, scene.relation)
    ((shape, colour),) = scene.kinds
    noun = _noun(sampler, shape, colour)
    if len(scene.objects) > 1:
        return f"{sampler.phrase(COUNT_WORDS[len(scene.objects)])} {plural(noun)}"
    if scene.size is not None and sampler.rng.random() < (0.1 if scene.size == "medium" else 0.6):
        noun = f"{sampler.phrase(SIZE_WORDS[scene.size])} {noun}"
    bare = sampler.rng.random() < 0.2
    return noun if bare else with_article(noun)


def _pair(sampler: _CaptionSampler, scene: Scene, relation: str) -> str:
    first, second = (_noun(sampler, *kind, 0.93) for kind in scene.kinds)
    if sampler.rng.random() < 0.55:
        return f"{with_article(first)} {sampler.phrase(RELATION_WORDS[relation])} {with_article(second)}"
    if relation not in ("left of", "right of"):
        return f"{with_article(first)} and {with_article(second)}"
    return f"{with_article(first)} {sampler.rng.choice(_BESIDE)} {with_article(second)}"


def _place(sampler: _CaptionSampler, scene: Scene) -> str:
    if scene.place == "centre":
        return sampler.phrase(PLACE_WORDS["centre"]) if sampler.rng.random() < 0.12 else ""
    return sampler.phrase(PLACE_WORDS[scene.place]) if scene.place is not None and sampler.includes(0.85) else ""


def _backdrop(sampler: _CaptionSampler, backdrop: Backdrop) -> str:
    if backdrop.colour is None:
        return sampler.phrase(SCENERY_WORDS[backdrop.kind]) if sampler.includes(0.92) else ""
    if not sampler.includes(0.35 if backdrop.colour == "white" and backdrop.kind == "plain" else 0.9):
        return ""
    colour = sampler.word(backdrop.colour, COLOUR_WORDS.get(backdrop.colour, ()))
    if backdrop.kind == "gradient":
        return sampler.phrase((f"on {with_article(colour)} gradient background", f"on {with_article(colour)} gradient"))
    background = f"{with_article(colour)} background"
    return sampler.phrase((f"on {background}", f"on {colour}", f"against {background}"))


def _style(sampler: _CaptionSampler, scene: Scene) -> str:
    if scene.style == "flat" and sampler.rng.random() < 0.92:
        return ""
    return sampler.phrase(STYLE_WORDS[scene.style]) if sampler.includes(0.95) else ""


def _keywords(sampler: _CaptionSampler, scene: Scene) -> str:
    shape, colour = scene.kinds[0]
    words = [colour, shape]
    if scene.backdrop.colour is not None:
        words.append(scene.backdrop.colour)
    return sampler.rng.choice([*words, colour])
