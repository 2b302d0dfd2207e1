"""What a member reads whom an operator has banned."""

from __future__ import annotations

from datetime import datetime


def banned(reason: object, until: object) -> str:
    """Return that the member is banned, until when unless for good, and why."""
    end = f" until <t:{int(until.timestamp())}:f>" if isinstance(until, datetime) else ""
    return f"You are banned from using Easel{end}. Please contact the server's operator about it. Reason: {reason}"
