"""Whether members may start jobs where they are: in no guild that is paused, and only in the channels that it names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.policy.pauses import check_pause
from engine.contract.errors import RequestError


@dataclass(frozen=True, kw_only=True)
class GuildRules:
    """What a guild has set: whether it is paused, and the channels where jobs are started; everywhere without any."""

    is_paused: bool = False
    channels: frozenset[int] = frozenset()


NO_GUILD_RULES = GuildRules()


class ChannelNotAllowed(RequestError):
    """Jobs of the guild are started in `channels` alone."""

    def __init__(self, *, channels: frozenset[int]) -> None:
        super().__init__(channels=sorted(channels))
        self.channels = channels

    def among(self, known: Collection[int]) -> ChannelNotAllowed:
        """Return the same with those of the channels that are known to be there."""
        return ChannelNotAllowed(channels=self.channels.intersection(known))


def check_guild_rules(rules: GuildRules, channel_id: int, thread_parent_id: int | None) -> None:
    """Check that a job may be started in the channel, which may be a thread of another one.

    Raises: GuildPaused, ChannelNotAllowed.
    """
    check_pause(is_paused=rules.is_paused)
    check_channel(rules, channel_id, thread_parent_id)


def check_channel(rules: GuildRules, channel_id: int, thread_parent_id: int | None) -> None:
    """Check that pictures may be posted for all to see in the channel, which may be a thread of another one.

    Raises: ChannelNotAllowed.
    """
    if rules.channels and rules.channels.isdisjoint((channel_id, thread_parent_id)):
        raise ChannelNotAllowed(channels=rules.channels)
