"""What a member looks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID


class BestOf(StrEnum):
    """Since when the jobs were asked for whose votes are compared."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


_FIRST = UUID(int=0)
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which jobs with pictures are looked for: of the member's own, or of those that a server has in its channels.

    words: as in a web search, with "quoted phrases", `or` and -left-out words; all jobs for None.
    model: by which they were painted. rating: that the member has given to a picture of them, 1 to 4.
    since, until: the days on which they were asked for, in UTC, both included.
    best: since when, if those that most members like come first. is_published: whether only those of members are wanted
        who agree to everybody seeing them on a page of the server.
    """

    is_of_server: bool = False
    words: str | None = None
    model: str | None = None
    rating: int | None = None
    since: date | None = None
    until: date | None = None
    best: BestOf | None = None
    is_published: bool = False

    @property
    def first(self) -> UUID:
        """No job that is wanted has a smaller id."""
        return _FIRST if self.since is None else _id_at(self.since)

    @property
    def end(self) -> UUID:
        """Every job that is wanted has a smaller id."""
        return _LAST if self.until in (None, date.max) else _id_at(self.until + timedelta(days=1))


def json_from_wanted(wanted: Wanted) -> dict[str, Any]:
    """Return what is not as it is by itself, JSON-ready."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(wanted).items()
        if value not in (None, False)
    }


def wanted_from_json(stored: Mapping[str, Any]) -> Wanted:
    """Return what `json_from_wanted` was given."""
    days = {name: date.fromisoformat(stored[name]) for name in ("since", "until") if name in stored}
    best = {"best": BestOf(stored["best"])} if "best" in stored else {}
    return Wanted(**{**stored, **days, **best})


def _id_at(day: date) -> UUID:
    """Return the least id of a job of the day, which is a UUIDv7: they count from 1970."""
    return UUID(int=max(0, int(datetime.combine(day, time(), UTC).timestamp() * 1000)) << 80)
