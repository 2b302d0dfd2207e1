"""Whether members of a guild may start jobs: not while its administrators have paused it."""

from __future__ import annotations

from engine.contract.errors import RequestError


class GuildPaused(RequestError):
    """The guild is paused; its administrators can resume it."""


def check_pause(*, is_paused: bool) -> None:
    """Check that a guild takes new jobs.

    Raises: GuildPaused.
    """
    if is_paused:
        raise GuildPaused()
