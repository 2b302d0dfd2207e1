"""What an export is asked for, and what it tells of itself when it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.feedback.records import ConsentRecord

# Called with the number of rows written and the total.
ReportProgress = Callable[[int, int], None]


class Restart(StrEnum):
    """What an export uses of one to the same folder that was killed.

    nothing: it begins anew. pictures: those that had been copied; all else is of another moment of the log.
    finished: all that had been finished, as nothing has changed since.
    """

    NOTHING = "nothing"
    PICTURES = "pictures"
    FINISHED = "finished"


def ignore_restart(restart: Restart) -> None:
    """Tell nobody that an export was killed before."""


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What to export, and to which folder.

    since, until: days in UTC, the first that counts and the first that no longer does; None for no bound.
    model: name of the model that painted the pictures; None for any.
    min_weight: of a label, as docs/preferences.md has them.
    split_seed: what splits are drawn with.
    release: what the data set is called; letters, digits, `-` and `_`.
    is_moved: whether the folder will be somewhere else, so that no file may be named by its whole path.
    guild_id: Discord's id of the one guild whose presses and pictures are exported; None for all there is.
    read_publishers: returns the members who agree to publishing now, as far as the connection's transaction sees.
    read_agreeing: returns the members who agree now to what the raw export is for; None for those who agree to
        publishing.
    read_record: returns by which versions of the text members agreed, and how many were removed; None if unknown.
    credentials: what published pictures are signed with.
    restarted: called when an export to the same folder was killed, with what this one uses of it.
    """

    folder: Path
    report: ReportProgress
    read_publishers: Callable[[AsyncConnection], Awaitable[set[UUID]]]
    since: date | None = None
    until: date | None = None
    model: str | None = None
    min_weight: float = 0.0
    split_seed: int = 0
    release: str = "easel"
    is_moved: bool = False
    guild_id: int | None = None
    read_agreeing: Callable[[AsyncConnection], Awaitable[set[UUID]]] | None = None
    read_record: Callable[[AsyncConnection], Awaitable[ConsentRecord]] | None = None
    credentials: ContentCredentials = UNSIGNED
    restarted: Callable[[Restart], None] = ignore_restart


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export holds.

    counts: of what it holds, by its plural, such as "pairs".
    splits: rows of each split, of those that have any.
    left_out: how much was left out, by reason.
    damaged: keys of pictures whose file is missing or altered.
    """

    counts: Mapping[str, int]
    splits: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()


class Refusal(StrEnum):
    """Why there is no export.

    nobody_agreed: no member has agreed to what the export is for.
    nothing_left: nothing of what members agreed to has a label, where the format needs one, and fits the request.
    withdrawn: somebody whose data it would hold withdrew their consent, or was erased, while it was written.
    """

    NOBODY_AGREED = "nobody_agreed"
    NOTHING_LEFT = "nothing_left"
    WITHDRAWN = "withdrawn"


class ExportRefused(Exception):
    """There is no export; nothing was left in its place. `exported` says what was left out."""

    def __init__(self, reason: Refusal, exported: Exported) -> None:
        super().__init__(reason.value)
        self.reason, self.exported = reason, exported
