"""What a feedback event is: an append-only fact about who pressed what, with what was shown.

Preferences are derived from events elsewhere; nothing here judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID


class Verb(StrEnum):
    """What a member did."""

    UPSCALE = "upscale"
    VARY = "vary"
    REROLL = "reroll"
    RATE = "rate"
    CANCEL = "cancel"


class Rating(IntEnum):
    """The four faces, worst to best; the number is what an event's `value` holds."""

    AWFUL = 1
    BAD = 2
    GOOD = 3
    GREAT = 4


class Surface(StrEnum):
    """Where the press happened."""

    GUILD = "guild"
    DM = "dm"
    PRIVATE = "private"


class Consent(StrEnum):
    """What the member has agreed to; each step includes the ones before it."""

    USE = "use"
    TRAIN = "train"
    PUBLISH = "publish"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One picture that was in view, and in which slot (0 to 3)."""

    picture_id: UUID
    slot: int


@dataclass(frozen=True, kw_only=True)
class Event:
    """One feedback fact.

    press_id: unique to the press, so that a repeated delivery of it is recorded once.
    picture_id: the picture pressed on; None when the verb concerns the whole grid.
    value: the rating for `rate`, otherwise None.
    shown: the pictures in view, by slot; empty only when nothing was painted yet.
    is_owner: whether the presser owns the job.
    latency: time between the message being shown and the press.
    consent: what was in force at the press.
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
