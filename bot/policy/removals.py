"""Whether a result that was taken out of a channel may be posted there again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from engine.contract.errors import RequestError

Slots = frozenset[int | None]
"""Pictures by their slot, 0 to 3, and the whole grid for None."""


class PictureRemoved(RequestError):
    """Moderators of the guild have removed it there."""


class DeletedByOwner(RequestError):
    """Its owner has deleted it there, and can alone bring it back."""


@dataclass(frozen=True, kw_only=True)
class Removals:
    """What of a job was taken out of a guild: by those who moderate it, and by the job's owner."""

    by_moderators: Slots = frozenset()
    by_owner: Slots = frozenset()


def check_shown(removals: Removals, slots: Collection[int], *, is_owner: bool) -> None:
    """Check that these pictures of the job may be posted in the guild.

    Raises: PictureRemoved, DeletedByOwner.
    """
    wanted = {None, *slots}
    if wanted & removals.by_moderators:
        raise PictureRemoved
    if wanted & removals.by_owner and not is_owner:
        raise DeletedByOwner
