"""Feedback: what members can do with pictures, where, and with what consent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from uuid import UUID


class Verb(StrEnum):
    """What a member did.

    favourite, best and report name a picture; choose answers a pair; delete withdraws the member's own result; save
    sends the picture to the member's direct messages; zoom and pan paint what lies around the picture; describe asks
    for prompts for it, and imagine paints one that was suggested; animate makes a film of it.
    """

    UPSCALE = "upscale"
    VARY = "vary"
    REROLL = "reroll"
    ZOOM = "zoom"
    PAN = "pan"
    RATE = "rate"
    CANCEL = "cancel"
    FAVOURITE = "favourite"
    BEST = "best"
    CHOOSE = "choose"
    REPORT = "report"
    DELETE = "delete"
    SAVE = "save"
    DESCRIBE = "describe"
    IMAGINE = "imagine"
    ANIMATE = "animate"


class Choice(StrEnum):
    """The answer to a pair; `tie` says equally good, `both_bad` equally bad, `skip` nothing."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"


class ReportReason(StrEnum):
    """What is wrong with a reported picture.

    person: it shows a real person. copied: it is somebody else's work.
    """

    SEXUAL = "sexual"
    VIOLENT = "violent"
    HATEFUL = "hateful"
    PERSON = "person"
    COPIED = "copied"
    OTHER = "other"


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
