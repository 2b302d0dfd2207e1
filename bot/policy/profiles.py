"""When a member can paint in the style of their own votes, and what is missing until then."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.policy.adapters import ProfileOff
from engine.contract.errors import RequestError
from engine.contract.training import PROFILE_VOTES, UsableAdapter

_ASKS = re.compile(r"(?:--|[–—―])(?:p|profile|personalize)(?![\w-])", re.IGNORECASE)


class ProfileUncounted(RequestError):
    """The member's votes are still to be counted, or learnt from: the next training does."""


class ProfileNeedsVotes(RequestError):
    """The member's style needs `missing` more votes than they have given."""

    def __init__(self, *, missing: int) -> None:
        super().__init__(missing=missing)
        self.missing = missing


class TrainingNotAgreed(RequestError):
    """The member has not agreed to training, without which no style of theirs is trained."""


@dataclass(frozen=True, kw_only=True)
class MemberProfile:
    """What there is of the style that a member's votes make.

    num_votes: how many they had when that was last counted; None if it has not been. adapter: None until it is trained.
    """

    is_wanted: bool = False
    num_votes: int | None = None
    adapter: UsableAdapter | None = None


def asks_for_profile(text: str) -> bool:
    """Return whether a prompt asks for the member's style."""
    return _ASKS.search(text) is not None


def usable_profile(profile: MemberProfile) -> UsableAdapter:
    """Return the adapter of the member's style.

    Raises: ProfileOff, ProfileUncounted, ProfileNeedsVotes.
    """
    if not profile.is_wanted:
        raise ProfileOff()
    if profile.adapter is not None:
        return profile.adapter
    if profile.num_votes is not None and profile.num_votes < PROFILE_VOTES:
        raise ProfileNeedsVotes(missing=PROFILE_VOTES - profile.num_votes)
    raise ProfileUncounted()
