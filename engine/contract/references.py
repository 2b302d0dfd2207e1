"""The pictures that a prompt brings, and what each is for: in the prompt itself, of `--sref`, and of `--cref`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.contract.jobs import JobSpec


class PictureUse(StrEnum):
    """What a picture in a prompt is for: its content, its style, or the character in it."""

    IMAGE = "image"
    STYLE = "style"
    CHARACTER = "character"


ABILITY_OF = {PictureUse.STYLE: "style_reference", PictureUse.CHARACTER: "character_reference"}
"""What a model that can has, as in the prompt language's parameter table."""

PARAMETER_OF = {PictureUse.STYLE: "sref", PictureUse.CHARACTER: "cref"}
"""The parameter that names the pictures of a use."""


@dataclass(frozen=True, kw_only=True)
class PromptPicture:
    """A picture that a prompt brings, by its link or name, with its weight relative to the others of its use."""

    url: str
    weight: float
    use: PictureUse


def pictures_of(spec: JobSpec) -> tuple[PromptPicture, ...]:
    """Return all the pictures of a spec, in the order of a job's `image_keys`: `spec.images`, `--sref`, `--cref`.

    Style codes are no pictures, and left out.
    """
    images = tuple(PromptPicture(url=one.url, weight=one.weight, use=PictureUse.IMAGE) for one in spec.images)
    named = (_picture(word, use) for use, name in PARAMETER_OF.items() for word in _words(spec, name))
    return images + tuple(one for one in named if ":" in one.url)


def _words(spec: JobSpec, name: str) -> tuple[str, ...]:
    value = spec.parameters.get(name, ())
    return value if isinstance(value, tuple) else ()


def _picture(word: str, use: PictureUse) -> PromptPicture:
    url, _, weight = word.partition("::")
    return PromptPicture(url=url, weight=float(weight or 1), use=use)
