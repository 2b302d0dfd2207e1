"""Describes a picture: of the prompts that a vocabulary makes, those that its CLIP finds nearest to the picture."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image
from torch import Tensor

from engine.contract.suggestions import Suggestions
from engine.models.loading.clip import LoadedClip

NUM_PROMPTS = 4

_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
_PLACES = (
    *(f"on a {colour} background" for colour in _COLOURS),
    *("in the night sky", "at sunset", "on the grass", "on the sea", "on a checkerboard"),
)


def describe(clip: LoadedClip, image: Image.Image, subjects: Sequence[str]) -> Suggestions:
    """Return four prompts for an image in RGB, the nearest first.

    subjects: what may be in it, such as "circle". Texts c are ranked by cos(e(image), e(c)), in three rounds: where it
    is, every subject in every colour there, and the best four of them in every place.
    Source: Radford et al. 2021 (CLIP), section 3.1.

    Raises: ModelBroken.
    """
    picture = clip.embed_image(image)
    place = _nearest(clip, picture, _PLACES)[0]
    things = [f"{_article(colour)} {colour} {subject}" for subject in _objects(subjects) for colour in _COLOURS]
    best = _nearest(clip, picture, [f"{thing} {place}" for thing in things])[:NUM_PROMPTS]
    found = [text.removesuffix(f" {place}") for text in best]
    placed = [_nearest(clip, picture, [f"{thing} {place}" for place in _PLACES])[0] for thing in found]
    return Suggestions(prompts=tuple(_nearest(clip, picture, placed)))


def _objects(subjects: Sequence[str]) -> list[str]:
    """Return the subjects that are no places."""
    return [subject for subject in subjects if not any(subject in place for place in _PLACES)]


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _nearest(clip: LoadedClip, picture: Tensor, texts: Sequence[str]) -> list[str]:
    scores = (clip.embed_texts(texts) @ picture[0]).tolist()
    return [text for _, text in sorted(zip(scores, texts, strict=True), key=lambda one: -one[0])]
