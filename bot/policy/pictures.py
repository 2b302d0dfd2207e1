"""What becomes of a picture that a classifier finds unsafe, by where it would be shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.contract.errors import RequestError
from engine.contract.feedback import Surface

STRICT_MARGIN = 0.02
"""By how much less a picture may be like what is unsafe where a guild is strict."""


class Showing(StrEnum):
    """How a picture is shown."""

    WITHHOLD = "withhold"
    SPOILER = "spoiler"
    SHOW = "show"


@dataclass(frozen=True, kw_only=True)
class PictureRules:
    """How a guild shows unsafe pictures: in channels that are restricted by age, and in all others.

    is_strict: whether pictures count as unsafe that the classifier lets pass by a little.
    """

    elsewhere: Showing = Showing.WITHHOLD
    age_restricted: Showing = Showing.SPOILER
    is_strict: bool = False


@dataclass(frozen=True, kw_only=True)
class ShownWhere:
    """Where a picture would be shown."""

    guild_id: int | None
    surface: Surface
    is_age_restricted: bool


class PictureWithheld(RequestError):
    """The picture is not shown where it was asked for."""


def may_be_unsafe(scores: Iterable[float | None]) -> bool:
    """Return whether any guild finds one of these scores unsafe."""
    return any(score is not None and score > -STRICT_MARGIN for score in scores)


def showing_of(scores: Iterable[float | None], where: ShownWhere, rules: PictureRules) -> Showing:
    """Return how pictures with these scores are shown together; without a score a picture is shown."""
    least = -STRICT_MARGIN if rules.is_strict else 0.0
    is_unsafe = any(score is not None and score > least for score in scores)
    return unsafe_showing(where, rules) if is_unsafe else Showing.SHOW


def unsafe_showing(where: ShownWhere, rules: PictureRules) -> Showing:
    """Return how unsafe pictures are shown: what one member alone sees counts as restricted by age.

    Direct messages belong to no guild, and have a spoiler.
    """
    if where.guild_id is None or where.surface is Surface.DM:
        return Showing.SPOILER
    is_restricted = where.is_age_restricted or where.surface is Surface.PRIVATE
    return rules.age_restricted if is_restricted else rules.elsewhere
