"""Whether moderators of a guild let a member start anything there; bans of the operator are another matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from engine.contract.errors import RequestError


class RestrictionKind(StrEnum):
    """As Discord calls them: a time out ends by itself, a ban does not."""

    TIME_OUT = "time_out"
    BAN = "ban"


@dataclass(frozen=True, kw_only=True)
class GuildRestriction:
    """A time out or a ban in force, in one guild: why, as its member reads it, and until when, None for a ban.

    case_id: the case whose decision it is; None before there is one.
    """

    kind: RestrictionKind
    reason: str
    until: datetime | None
    case_id: UUID | None = None


class MemberRestricted(RequestError):
    """Moderators of the guild have timed out or banned the member, as `restriction` says."""

    def __init__(self, *, restriction: GuildRestriction) -> None:
        super().__init__(restriction=restriction)
        self.restriction = restriction


def check_unrestricted(restriction: GuildRestriction | None) -> None:
    """Check that a member may start jobs in a guild.

    Raises: MemberRestricted.
    """
    if restriction:
        raise MemberRestricted(restriction=restriction)
