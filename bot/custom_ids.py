"""The grammar of button ids, `e1:<verb>:<job>[:<index>][@<origin>]`: which button it is, never who may press it.

The verb and the form of its index are declared by the verb's class in `bot/buttons`. A verb never changes its meaning:
a new meaning is a new verb, and a new grammar is a new number after the `e`. Buttons about the member and no job are
`e1:<verb>:v<number>`, with the version of the text that they stand under; those that lead to a page of a list are
`e1:<verb>:p<number>`. The buttons of an answer to one member name in their origin the message that they are about,
`<message>.<picture>.<ms>`: its id, the picture that it shows by itself, 0 for none, and how many milliseconds after it
was posted it showed that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

MAX_LENGTH = 100
"""Discord's limit on a custom_id, in characters."""

GENERATED_ID = re.compile("[0-9a-f]{32}", re.ASCII)
"""Ids that discord.py generates for components which it keeps in memory and answers itself."""

NO_INDEX = ""
ONE_TO_FOUR = ":(?P<index>[1-4])"
"""The picture as members count, or the rating."""
ONE_TO_FOUR_OR_ALL = f"(?:{ONE_TO_FOUR})?"
"""The picture as members count; without an index, all that the message shows."""
ONE_OR_TWO = ":(?P<index>[12])"
TWO_OR_FOUR = ":(?P<index>[24])"
"""By how much a picture grows."""
ONE_TO_THREE = ":(?P<index>[1-3])"
ONE_TO_FIVE = ":(?P<index>[1-5])"
ONE_TO_NINE = ":(?P<index>[1-9])"
"""A cell of a picture, from left to right and top to bottom."""
PICTURE_AND_RATING = ":(?P<index>[1-4][1-4])"
"""Two digits, the picture and then the rating; only buttons under a single picture have them."""

PAGE = ":(?P<index>[1-9][0-9]?)"
"""A page of what was found."""

PAGE_VERB = "page"
"""The verb whose index may have two digits and names no picture."""

SERIES_VERB = "cancelall"
"""The verb of the button that only the message of a series has."""

_JOB = "(?P<job>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_ORIGIN = r"(?:@(?P<message>[1-9][0-9]{0,18})\.(?P<picture>[0-4])\.(?P<after>[0-9]{1,12}))?"
_TWO_DIGITS = re.compile(r":[0-9]{2,}(?:@|$)", re.ASCII)
_ANY_ID = re.compile(f"e1:(?P<verb>[a-z]+):{_JOB}(?::(?P<index>[1-9][0-9]?))?{_ORIGIN}", re.ASCII)

_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class AnswerOrigin:
    """The message that an answer to one member is about.

    slot: of the picture, 0 to 3, that it shows by itself; None for a grid.
    shown_at: when it showed that, in whole milliseconds, not before it was posted.
    """

    message_id: int
    slot: int | None
    shown_at: datetime


@dataclass(frozen=True, kw_only=True)
class ButtonId:
    """A parsed id; `index` is None where the verb has none, `origin` where the button's own message is meant."""

    verb: str
    job_id: UUID
    index: int | None = None
    origin: AnswerOrigin | None = None


def pattern(verb: str, index: str) -> re.Pattern[str]:
    """Return the pattern of the verb's ids, with `index` one of the forms above; to be used with `fullmatch`."""
    return re.compile(f"e1:(?P<verb>{verb}):{_JOB}{index}{_ORIGIN}", re.ASCII)


def text_from_id(button: ButtonId) -> str:
    """Return the custom_id."""
    index = "" if button.index is None else f":{button.index}"
    return f"e1:{button.verb}:{button.job_id}{index}{_text_from_origin(button.origin)}"


def id_from_match(match: re.Match[str]) -> ButtonId:
    """Return the id that a pattern of this module matched."""
    index = match.groupdict().get("index")
    return ButtonId(
        verb=match["verb"],
        job_id=UUID(match["job"]),
        index=int(index) if index else None,
        origin=_origin_from_match(match),
    )


def id_from_text(text: str) -> ButtonId | None:
    """Return the id, of whatever verb, or None when the text does not follow the grammar."""
    match = _ANY_ID.fullmatch(text)
    return id_from_match(match) if match else None


def may_tell_slot(text: str) -> bool:
    """Return whether `single_picture_slot` may know a slot of what the text says: whether its index has two digits."""
    return _TWO_DIGITS.search(text) is not None


def single_picture_slot(button: ButtonId) -> int | None:
    """Return the slot, 0 to 3, of the picture that the button's message shows by itself.

    None where the id does not say so: only two-digit indexes do.
    """
    if button.index is None or button.index < 10 or button.verb == PAGE_VERB:
        return None
    return button.index // 10 - 1


def text_pattern(verb: str) -> re.Pattern[str]:
    """Return the pattern of the ids of a verb about the member; to be used with `fullmatch`."""
    return re.compile(f"e1:(?P<verb>{verb}):v(?P<version>[1-9][0-9]{{0,3}})", re.ASCII)


def text_from_version(verb: str, version: int) -> str:
    """Return the custom_id of a verb about the member, under a text of this version."""
    return f"e1:{verb}:v{version}"


def page_pattern(verb: str) -> re.Pattern[str]:
    """Return the pattern of the ids of a verb that shows a page of a list; to be used with `fullmatch`."""
    return re.compile(f"e1:(?P<verb>{verb}):p(?P<page>[1-9][0-9]{{0,5}})", re.ASCII)


def text_from_page(verb: str, page: int) -> str:
    """Return the custom_id of a verb that shows a page of a list, counted from 1."""
    return f"e1:{verb}:p{page}"


def _text_from_origin(origin: AnswerOrigin | None) -> str:
    if origin is None:
        return ""
    picture = 0 if origin.slot is None else origin.slot + 1
    after = max(0, (origin.shown_at - _posted_at(origin.message_id)) // _MS)
    return f"@{origin.message_id}.{picture}.{after}"


def _origin_from_match(match: re.Match[str]) -> AnswerOrigin | None:
    if match["message"] is None:
        return None
    message_id, picture = int(match["message"]), int(match["picture"])
    return AnswerOrigin(
        message_id=message_id,
        slot=picture - 1 if picture else None,
        shown_at=_posted_at(message_id) + int(match["after"]) * _MS,
    )


def _posted_at(message_id: int) -> datetime:
    return _DISCORD_EPOCH + (message_id >> 22) * _MS
