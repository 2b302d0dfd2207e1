"""What is stored of a member's interaction, whether a command or a button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.contract.feedback import Surface


@dataclass(frozen=True, kw_only=True)
class InteractionToken:
    """The token that answers an interaction until `expires_at`; its text is never shown or logged."""

    text: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"InteractionToken(expires_at={self.expires_at!r})"


@dataclass(frozen=True, kw_only=True)
class Languages:
    """In which languages an interaction is answered: to its member alone, or for all who may read in the channel.

    direct: of direct messages to the member, where a language that is set for the guild does not hold.
    """

    member: str = "en"
    channel: str = "en"
    direct: str = "en"


@dataclass(frozen=True, kw_only=True)
class InteractionContext:
    """One interaction of a member.

    id: Discord's id of the interaction, the same however often it is delivered.
    message_id: the message that the button is about, which is the one that has it, or the one that an answer to this
        member alone is about; None for a command.
    token: None where the answer is a message of its own.
    shown_slot: the one picture, 0 to 3, that the message shows by itself; None for a grid or a command.
    latency: from the message's last edit to the press, by Discord's clock; None for a command.
    is_administrator: whether the member is an administrator of the guild; False outside guilds.
    is_nsfw_channel: whether Discord restricts the channel by age; None if it did not say.
    guild_id: None outside guilds.
    role_ids: the member's roles in the guild, as Discord says with the interaction; everyone's has the guild's id.
    is_bot_there: whether the bot is in the channel; if not, its member has installed it, and it answers there alone.
    """

    id: str
    discord_id: int
    channel_id: int
    message_id: int | None
    shown_slot: int | None
    surface: Surface
    token: InteractionToken | None
    latency: timedelta | None
    is_administrator: bool
    at: datetime
    is_nsfw_channel: bool | None = None
    guild_id: int | None = None
    thread_parent_id: int | None = None
    role_ids: tuple[int, ...] = ()
    is_bot_there: bool = True
    languages: Languages = Languages()
