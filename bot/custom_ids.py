"""The grammar of button ids, `e1:<verb>:<job>[:<index>]`: which button it is, never who may press it or what it does.

Grid: `up` and `vary` with index 1 to 4, the picture as members count; `reroll`; `rate` with index 1 to 4, the face.
Picture: `judge` with a two-digit index, the picture and then the face; `vary` as on the grid.
Waiting or running: `cancel`.
A verb is never given another meaning: a new meaning is a new verb, and a new grammar is a new number after the `e`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

MAX_LENGTH = 100
"""Discord's limit on a custom_id, in characters."""

PASSING = re.compile("[0-9a-f]{32}", re.ASCII)
"""Ids that discord.py draws for components which it keeps in memory and answers itself."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class ButtonVerb(StrEnum):
    """What a button is for."""

    UP = "up"
    VARY = "vary"
    REROLL = "reroll"
    RATE = "rate"
    JUDGE = "judge"
    CANCEL = "cancel"


_INDEX = {
    ButtonVerb.UP: ":(?P<index>[1-4])",
    ButtonVerb.VARY: ":(?P<index>[1-4])",
    ButtonVerb.REROLL: "",
    ButtonVerb.RATE: ":(?P<index>[1-4])",
    ButtonVerb.JUDGE: ":(?P<index>[1-4][1-4])",
    ButtonVerb.CANCEL: "",
}


@dataclass(frozen=True, kw_only=True)
class ButtonId:
    """A parsed id; `index` is what stands there, 1 to 4 (`judge`: 11 to 44), None where the verb has none."""

    verb: ButtonVerb
    job_id: UUID
    index: int | None = None


def pattern(verb: ButtonVerb) -> re.Pattern[str]:
    """Return the pattern of the verb's ids; to be used with `fullmatch`, no other verb's pattern matches them."""
    return re.compile(f"e1:{verb}:(?P<job>{_UUID}){_INDEX[verb]}", re.ASCII)


def text_from_id(button: ButtonId) -> str:
    """Return the custom_id.

    Raises: ValueError for an index that the verb does not have.
    """
    tail = "" if button.index is None else f":{button.index}"
    text = f"e1:{button.verb}:{button.job_id}{tail}"
    if not pattern(button.verb).fullmatch(text):
        raise ValueError(f"{button.verb} has no index {button.index}")
    return text


def id_from_match(verb: ButtonVerb, match: re.Match[str]) -> ButtonId:
    """Return the id that the verb's pattern matched."""
    index = match.groupdict().get("index")
    return ButtonId(verb=verb, job_id=UUID(match["job"]), index=int(index) if index else None)


def id_from_text(text: str) -> ButtonId | None:
    """Return the id that the text is, or None when it is none of ours."""
    for verb in ButtonVerb:
        match = pattern(verb).fullmatch(text)
        if match:
            return id_from_match(verb, match)
    return None
