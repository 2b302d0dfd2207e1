"""Captions: what a person might type to get a scene, in varied English, drawn at random from a seed.

A caption may leave things unsaid but never says anything untrue of its scene.
"""

from __future__ import annotations

import random

from engine.starter.world.scenes import Backdrop, Scene
from engine.starter.world.vocabulary import SHAPES

_SHAPE_WORDS = {
    "circle": ("disc", "ball", "dot"),
    "square": ("box", "block"),
    "diamond": ("rhombus",),
    "cross": ("plus sign",),
    "ring": ("hoop",),
    "moon": ("crescent moon", "crescent"),
    "house": ("home", "cottage"),
    "boat": ("sailboat", "ship"),
    "flower": ("blossom",),
    "mountain": ("peak",),
}
_COLOUR_WORDS = {
    "red": ("crimson", "scarlet"),
    "purple": ("violet",),
    "blue": ("azure",),
    "yellow": ("golden",),
    "orange": ("tangerine",),
    "green": ("emerald",),
}
_SIZE_WORDS = {"small": ("small", "little", "tiny"), "medium": ("medium",), "large": ("large", "big", "huge")}
_STYLE_WORDS = {
    "flat": ("flat style", "flat colours"),
    "outline": ("outline", "line art", "outline drawing"),
    "watercolour": ("watercolour", "watercolor painting", "soft watercolour"),
    "pixel art": ("pixel art", "pixel art picture"),
    "sketch": ("sketch", "pencil sketch", "hand drawn sketch"),
}
_SCENERY_WORDS = {
    "night sky": ("in the night sky", "at night", "on a night sky background", "under the stars"),
    "sunset": ("at sunset", "in a sunset", "on a sunset background"),
    "grass": ("on grass", "on the grass", "in a meadow", "on a grass background"),
    "sea": ("on the sea", "at sea", "in the ocean", "on a sea background"),
    "checkerboard": ("on a checkerboard", "on a checkered background", "on a checkerboard background"),
}
_SCENERY_NAMES = {
    "night sky": ("night",),
    "sunset": (),
    "grass": ("meadow",),
    "sea": ("ocean",),
    "checkerboard": ("checkered",),
}
_PLACE_WORDS = {
    "centre": ("in the centre", "in the middle", "in the center"),
    "left": ("on the left", "at the left", "on the left side"),
    "right": ("on the right", "at the right", "on the right side"),
    "top": ("at the top", "on top", "in the upper part"),
    "bottom": ("at the bottom", "in the lower part"),
}
_RELATION_WORDS = {
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
_BESIDE = ("next to", "beside", "and", "and", "with")
_COUNT_WORDS = {2: ("two", "2", "a pair of"), 3: ("three", "3"), 4: ("four", "4")}
_OPENINGS = ("a picture of", "an image of", "a drawing of", "picture of", "there is", "I want", "show me")


def subjects() -> dict[str, tuple[str, ...]]:
    """Return the shapes and sceneries that captions name, each with its other names."""
    return {shape: _SHAPE_WORDS.get(shape, ()) for shape in SHAPES} | _SCENERY_NAMES


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
        body = f"{body}, {style}" if follows else f"{_article(style)} of {body}"
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


def _article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _plural(words: str) -> str:
    if words.endswith("fish"):
        return words
    return words + ("es" if words.endswith(("s", "x")) else "s")


def _noun(sampler: _CaptionSampler, shape: str, colour: str, chance: float = 0.88) -> str:
    noun = sampler.word(shape, _SHAPE_WORDS.get(shape, ()))
    if not sampler.includes(chance):
        return noun
    return f"{sampler.word(colour, _COLOUR_WORDS.get(colour, ()))} {noun}"


def _subject(sampler: _CaptionSampler, scene: Scene) -> str:
    if scene.relation is not None:
        return _pair(sampler, scene, scene.relation)
    ((shape, colour),) = scene.kinds
    noun = _noun(sampler, shape, colour)
    if len(scene.objects) > 1:
        return f"{sampler.phrase(_COUNT_WORDS[len(scene.objects)])} {_plural(noun)}"
    if scene.size is not None and sampler.rng.random() < (0.1 if scene.size == "medium" else 0.6):
        noun = f"{sampler.phrase(_SIZE_WORDS[scene.size])} {noun}"
    bare = sampler.rng.random() < 0.2
    return noun if bare else _article(noun)


def _pair(sampler: _CaptionSampler, scene: Scene, relation: str) -> str:
    first, second = (_noun(sampler, *kind, 0.93) for kind in scene.kinds)
    if sampler.rng.random() < 0.55:
        return f"{_article(first)} {sampler.phrase(_RELATION_WORDS[relation])} {_article(second)}"
    if relation not in ("left of", "right of"):
        return f"{_article(first)} and {_article(second)}"
    return f"{_article(first)} {sampler.rng.choice(_BESIDE)} {_article(second)}"


def _place(sampler: _CaptionSampler, scene: Scene) -> str:
    if scene.place == "centre":
        return sampler.phrase(_PLACE_WORDS["centre"]) if sampler.rng.random() < 0.12 else ""
    return sampler.phrase(_PLACE_WORDS[scene.place]) if scene.place is not None and sampler.includes(0.85) else ""


def _backdrop(sampler: _CaptionSampler, backdrop: Backdrop) -> str:
    if backdrop.colour is None:
        return sampler.phrase(_SCENERY_WORDS[backdrop.kind]) if sampler.includes(0.92) else ""
    if not sampler.includes(0.35 if backdrop.colour == "white" and backdrop.kind == "plain" else 0.9):
        return ""
    colour = sampler.word(backdrop.colour, _COLOUR_WORDS.get(backdrop.colour, ()))
    if backdrop.kind == "gradient":
        return sampler.phrase((f"on {_article(colour)} gradient background", f"on {_article(colour)} gradient"))
    background = f"{_article(colour)} background"
    return sampler.phrase((f"on {background}", f"on {colour}", f"against {background}"))


def _style(sampler: _CaptionSampler, scene: Scene) -> str:
    if scene.style == "flat" and sampler.rng.random() < 0.92:
        return ""
    return sampler.phrase(_STYLE_WORDS[scene.style]) if sampler.includes(0.95) else ""


def _keywords(sampler: _CaptionSampler, scene: Scene) -> str:
    shape, colour = scene.kinds[0]
    words = [colour, shape]
    if scene.backdrop.colour is not None:
        words.append(scene.backdrop.colour)
    return sampler.rng.choice([*words, colour])
