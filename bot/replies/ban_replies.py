"""What a member reads whom an operator has banned, or moderators of a server have timed out or banned there."""

from __future__ import annotations

from datetime import datetime

from bot.language import _
from bot.policy.restrictions import GuildRestriction


def banned(reason: object, until: object) -> str:
    """Return that the member is banned, until when unless for good, and why."""
    if isinstance(until, datetime):
        end = f"<t:{int(until.timestamp())}:f>"
        what = _("You are banned from using Easel until {end}. Please contact the server's operator about it.", end=end)
    else:
        what = _("You are banned from using Easel. Please contact the server's operator about it.")
    return _with_reason(what, reason)


def restricted(restriction: GuildRestriction) -> str:
    """Return that the member may start nothing in the server, until when unless for good, and why."""
    if restriction.until:
        end = f"<t:{int(restriction.until.timestamp())}:f>"
        what = _("Moderators of this server have timed you out: you can start nothing here until {end}.", end=end)
    else:
        what = _("Moderators of this server have banned you from using Easel here.")
    return _with_reason(what, restriction.reason)


def _with_reason(what: str, reason: object) -> str:
    return _("{what} Reason: {reason}", what=what, reason=reason)
