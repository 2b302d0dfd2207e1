"""The outcomes of a request to Discord: errors become one, so that one place decides what to do about each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TypeVar, get_args

import aiohttp
import discord

T = TypeVar("T")

UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, EXPIRED_TOKEN = 10008, 10015, 50027
"""Discord's codes for what no longer exists."""

_UNKNOWN_CHANNEL, _TOO_LARGE = 10003, 40005
_TAKES_NONE, _NO_SERVER = 50007, 50278


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The message shows the content."""

    message_id: int


@dataclass(frozen=True, kw_only=True)
class MessageDeleted:
    """The message was deleted."""


@dataclass(frozen=True, kw_only=True)
class ChannelDeleted:
    """The channel or thread was deleted."""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """Discord rejected the request; `can_post` is False if the bot may not post in the channel at all.

    code: Discord's for the reason; 0 where it gave none, or the request was not made.
    A rejected edit does not mean that a post is rejected: a thread that is archived takes posts alone.
    """

    cause: str
    can_post: bool
    code: int = 0


@dataclass(frozen=True, kw_only=True)
class AttachmentTooLarge:
    """The attachment exceeds the channel's limit."""


@dataclass(frozen=True, kw_only=True)
class DiscordUnavailable:
    """Discord cannot be reached or failed; the request may or may not have taken effect."""

    cause: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """The delivery's message; `replaces` is an older one of its, in whose place it was posted, or None."""

    message_id: int
    replaces: int | None


SendOutcome = Sent | MessageDeleted | ChannelDeleted | Rejected | AttachmentTooLarge | DiscordUnavailable

OUTCOME_LABELS: Mapping[type, str] = MappingProxyType(
    {kind: re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() for kind in get_args(SendOutcome)}
)
"""Each outcome as metrics name it, in snake_case."""


class DirectRefusal(Enum):
    """Why Discord sends the member no direct message.

    closed: they take none. no_server: they share no server with the bot. other: nothing that the member has chosen,
    such as a limit of Discord's.
    """

    CLOSED = auto()
    NO_SERVER = auto()
    OTHER = auto()


async def outcome_of(work: Callable[[], Awaitable[T]]) -> T | SendOutcome:
    """Return what the request returns, or the outcome that its error stands for."""
    try:
        return await work()
    except discord.NotFound as error:
        return _missing(error)
    except discord.Forbidden as error:
        return Rejected(cause=_cause(error), can_post=False, code=error.code)
    except discord.DiscordServerError as error:
        return DiscordUnavailable(cause=_cause(error))
    except discord.HTTPException as error:
        if error.status == 413 or error.code == _TOO_LARGE:
            return AttachmentTooLarge()
        if error.code == EXPIRED_TOKEN:
            return Rejected(cause=_cause(error), can_post=False)
        if error.status in (401, 429):
            return DiscordUnavailable(cause=_cause(error))
        return Rejected(cause=_cause(error), can_post=True)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return DiscordUnavailable(cause=type(error).__name__)


def refusal_of(outcome: SendOutcome) -> DirectRefusal:
    """Return why an outcome other than `Sent` sends nothing."""
    code = outcome.code if isinstance(outcome, Rejected) else 0
    return {_TAKES_NONE: DirectRefusal.CLOSED, _NO_SERVER: DirectRefusal.NO_SERVER}.get(code, DirectRefusal.OTHER)


def _missing(error: discord.NotFound) -> SendOutcome:
    if error.code == UNKNOWN_MESSAGE:
        return MessageDeleted()
    return ChannelDeleted() if error.code == _UNKNOWN_CHANNEL else Rejected(cause=_cause(error), can_post=True)


def _cause(error: discord.HTTPException) -> str:
    return f"HTTP {error.status}, Discord code {error.code}"
