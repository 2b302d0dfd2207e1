"""What the store is told of one interaction of a member, whether by command or by button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.contract.feedback import Surface


@dataclass(frozen=True, kw_only=True)
class Token:
    """What answers an interaction until `expires_at`; its text is never shown or logged."""

    text: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at!r})"


@dataclass(frozen=True, kw_only=True)
class InteractionContext:
    """One interaction of a member.

    id: Discord's id of the interaction, the same however often it is delivered.
    message_id: the message whose button it was; None for a command.
    shown_slot: the one picture, 0 to 3, that the message shows by itself; None for a grid's message or a command.
    latency: from the message's last change to the press, both by Discord's clock; None for a command.
    is_administrator: whether the member administers the guild at this moment; False outside guilds.
    """

    id: str
    discord_id: int
    channel_id: int
    message_id: int | None
    shown_slot: int | None
    surface: Surface
    token: Token
    latency: timedelta | None
    is_administrator: bool
    at: datetime
