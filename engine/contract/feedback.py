"""Feedback events: append-only facts about who pressed what, with what was shown.

Preferences are derived from events elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID


class Verb(StrEnum):
    """What a member did.

    favourite, best and report name a picture; choose answers a pair; delete withdraws the member's own result; save
    sends the picture to the member's direct messages.
    """

    UPSCALE = "upscale"
    VARY = "vary"
    REROLL = "reroll"
    RATE = "rate"
    CANCEL = "cancel"
    FAVOURITE = "favourite"
    BEST = "best"
    CHOOSE = "choose"
    REPORT = "report"
    DELETE = "delete"
    SAVE = "save"


class Rating(IntEnum):
    """The four ratings, worst to best; an event's `value` holds the number."""

    AWFUL = 1
    BAD = 2
    GOOD = 3
    GREAT = 4


class Surface(StrEnum):
    """Where the button was pressed."""

    GUILD = "guild"
    DM = "dm"
    PRIVATE = "private"


class Consent(StrEnum):
    """What the member has agreed to; each level includes the ones before it."""

    USE = "use"
    TRAIN = "train"
    PUBLISH = "publish"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture that was shown, and its slot (0 to 3)."""

    picture_id: UUID
    slot: int


@dataclass(frozen=True, kw_only=True)
class Event:
    """A feedback event.

    press_id: unique per press, so that a press delivered twice is recorded once.
    picture_id: the picture the press is about; None for the whole grid.
    value: the rating for `rate`, otherwise None.
    shown: the pictures that were shown, by slot; empty only when nothing was painted yet.
    is_owner: whether the member owns the job.
    latency: time from showing the message to the press.
    consent: the member's consent at the time of the press.
    """

    id: UUID
    press_id: str
    member_id: UUID
    verb: Verb
    job_id: UUID
    picture_id: UUID | None
    value: int | None
    shown: tuple[Shown, ...]
    surface: Surface
    is_owner: bool
    latency: timedelta | None
    model: str | None
    model_hash: str | None
    consent: Consent
    at: datetime
