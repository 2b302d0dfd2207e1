"""Presses as the log records them, for tests: members and pictures are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from engine.contract.feedback import Shown, Surface, Verb
from engine.feedback.preferences.answers import presses_by_rater
from engine.feedback.preferences.community import Community, measure_community
from engine.feedback.preferences.derive import Preferences, derive_preferences
from engine.feedback.records import NOT_ASKED, Action, Choice, Impression, ImpressionKind, Press, ShownPicture

KINDS = {1: ImpressionKind.PICTURE, 2: ImpressionKind.PAIR}
START = datetime(2026, 11, 1, tzinfo=UTC)


def id_of(number: int) -> UUID:
    """Return the id that stands for a number; ids are ordered as their numbers."""
    return UUID(int=number)


def number_of(identity: UUID) -> int:
    """Return the number that an id stands for."""
    return identity.int


def impression(pictures: Sequence[int], *, prompt: str = "a cat", models: Sequence[str] = ("tiny",)) -> Impression:
    """Return an impression of the pictures by slot; it and its job are known by the first and the number of them."""
    shown = tuple(
        ShownPicture(
            picture_id=id_of(picture),
            slot=slot,
            seed=picture,
            model=models[slot % len(models)],
            model_hash=None,
            adapters=(),
            settings_hash="",
        )
        for slot, picture in enumerate(pictures)
    )
    identity = id_of(10**6 + 1000 * pictures[0] + pictures[-1])
    return Impression(
        id=identity,
        kind=KINDS.get(len(pictures), ImpressionKind.GRID),
        message_id=None,
        job_id=None if len(pictures) == 2 else identity,
        member_id=id_of(0),
        pictures=shown,
        prompt_hash=prompt,
        prompt_source=None,
        parent_job_id=None,
        parent_picture_id=None,
        operation="imagine",
        surface=Surface.GUILD,
        is_nsfw_channel=False,
        ui_version=1,
        consent=NOT_ASKED,
        shown_at=START,
    )


def press(
    verb: Verb,
    pictures: Sequence[int],
    picture: int | None = None,
    *,
    at: int,
    by: int = 1,
    value: int | None = None,
    choice: Choice | None = None,
    replaces: int | None = None,
    owner: bool = True,
    seconds: float | None = 5.0,
    prompt: str = "a cat",
    models: Sequence[str] = ("tiny",),
) -> Press:
    """Return the press on a message that shows `pictures`, about one of them or all; `at` is its id and its time."""
    shown = impression(pictures, prompt=prompt, models=models)
    action = Action(
        press_id=at,
        impression_id=shown.id,
        message_id=None,
        job_id=shown.job_id,
        member_id=id_of(by),
        is_owner=owner,
        verb=verb,
        slot=None if picture is None else list(pictures).index(picture),
        picture_id=None if picture is None else id_of(picture),
        value=value,
        choice=choice,
        variation=None,
        replaces=replaces,
        shown=tuple(Shown(picture_id=id_of(shown), slot=slot) for slot, shown in enumerate(pictures)),
        model=models[0],
        model_hash=None,
        surface=Surface.GUILD,
        latency=None if seconds is None else timedelta(seconds=seconds),
        consent=NOT_ASKED,
        at=START + timedelta(seconds=at),
    )
    return Press(action, shown)


def rate(pictures: Sequence[int], picture: int | None, value: int, *, at: int, by: int = 1) -> Press:
    """Return a rating of a picture of a grid, or of the grid."""
    return press(Verb.RATE, pictures, picture, at=at, by=by, value=value)


def choose(left: int, right: int, choice: Choice, *, at: int, by: int = 1) -> Press:
    """Return an answer to a pair."""
    return press(Verb.CHOOSE, (left, right), at=at, by=by, choice=choice)


def prefer(winner: int, loser: int, *, at: int, by: int = 1) -> Press:
    """Return an answer to a pair, the sides by the number of the press."""
    if at % 2:
        return choose(winner, loser, Choice.LEFT, at=at, by=by)
    return choose(loser, winner, Choice.RIGHT, at=at, by=by)


def community_of(presses: Iterable[Press]) -> Community:
    """Return what is measured of the presses, which are one prompt cluster."""
    listed = list(presses)
    return measure_community(presses_by_rater(listed).items(), [listed])


def derive(*presses: Press) -> Preferences:
    """Return the preferences of the presses, with what is measured of them."""
    return derive_preferences(presses, community_of(presses))


def winners(preferences: Preferences) -> dict[tuple[int, int], int | None]:
    """Return the winner of each labelled pair, by their numbers; None for none."""
    return {
        (number_of(pair.first), number_of(pair.second)): None if pair.winner is None else number_of(pair.winner)
        for pair in preferences.pairs
    }


def with_slot_shown_as(given: Press, slots: Sequence[int]) -> Press:
    """Return the press with the slots of its message renumbered."""
    shown = tuple(replace(one, slot=slot) for one, slot in zip(given.action.shown, slots, strict=True))
    return given._replace(action=replace(given.action, shown=shown))
