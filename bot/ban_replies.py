"""What a member reads whom an operator has banned, or moderators of a server have timed out or banned there."""

from __future__ import annotations

from datetime import datetime

from bot.policy.restrictions import GuildRestriction


def banned(reason: object, until: object) -> str:
    """Return that the member is banned, until when unless for good, and why."""
    end = f" until <t:{int(until.timestamp())}:f>" if isinstance(until, datetime) else ""
    return f"You are banned from using Easel{end}. Please contact the server's operator about it. Reason: {reason}"


def restricted(restriction: GuildRestriction) -> str:
    """Return that the member may start nothing in the server, until when unless for good, and why."""
    if restriction.until:
        end = int(restriction.until.timestamp())
        what = f"Moderators of this server have timed you out: you can start nothing here until <t:{end}:f>."
    else:
        what = "Moderators of this server have banned you from using Easel here."
    return f"{what} Reason: {restriction.reason}"
