"""The grammar of button ids, `e1:<verb>:<job>[:<index>]`: which button it is, never who may press it or what it does.

The verb and the form of its index are declared by the verb's class in `bot/buttons`. A verb never changes its meaning:
a new meaning is a new verb, and a new grammar is a new number after the `e`. Buttons about the member and no job are
`e1:<verb>:v<number>`, with the version of the text that they stand under.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

MAX_LENGTH = 100
"""Discord's limit on a custom_id, in characters."""

GENERATED_ID = re.compile("[0-9a-f]{32}", re.ASCII)
"""Ids that discord.py generates for components which it keeps in memory and answers itself."""

NO_INDEX = ""
ONE_TO_FOUR = ":(?P<index>[1-4])"
"""The picture as members count, or the rating."""
PICTURE_AND_RATING = ":(?P<index>[1-4][1-4])"
"""Two digits, the picture and then the rating; only buttons under a single picture have them."""

SERIES_VERB = "cancelall"
"""The verb of the button that only the message of a series has."""

_JOB = "(?P<job>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_ANY_ID = re.compile(f"e1:(?P<verb>[a-z]+):{_JOB}(?::(?P<index>[1-9][0-9]?))?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class ButtonId:
    """A parsed id; `index` is None where the verb has none."""

    verb: str
    job_id: UUID
    index: int | None = None


def pattern(verb: str, index: str) -> re.Pattern[str]:
    """Return the pattern of the verb's ids, with `index` one of the forms above; to be used with `fullmatch`."""
    return re.compile(f"e1:(?P<verb>{verb}):{_JOB}{index}", re.ASCII)


def text_from_id(button: ButtonId) -> str:
    """Return the custom_id."""
    tail = "" if button.index is None else f":{button.index}"
    return f"e1:{button.verb}:{button.job_id}{tail}"


def id_from_match(match: re.Match[str]) -> ButtonId:
    """Return the id that a pattern of this module matched."""
    index = match.groupdict().get("index")
    return ButtonId(verb=match["verb"], job_id=UUID(match["job"]), index=int(index) if index else None)


def id_from_text(text: str) -> ButtonId | None:
    """Return the id, of whatever verb, or None when the text does not follow the grammar."""
    match = _ANY_ID.fullmatch(text)
    return id_from_match(match) if match else None


def single_picture_slot(button: ButtonId) -> int | None:
    """Return the slot, 0 to 3, of the picture that the button's message shows by itself.

    None where the id does not say so: only two-digit indexes do.
    """
    return None if button.index is None or button.index < 10 else button.index // 10 - 1


def text_pattern(verb: str) -> re.Pattern[str]:
    """Return the pattern of the ids of a verb about the member; to be used with `fullmatch`."""
    return re.compile(f"e1:(?P<verb>{verb}):v(?P<version>[1-9][0-9]{{0,3}})", re.ASCII)


def text_from_version(verb: str, version: int) -> str:
    """Return the custom_id of a verb about the member, under a text of this version."""
    return f"e1:{verb}:v{version}"
