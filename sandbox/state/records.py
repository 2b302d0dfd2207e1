"""Discord's objects as frozen records. Embeds and components stay JSON."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from functools import reduce
from operator import or_
from typing import Any

Json = dict[str, Any]


class ChannelType(IntEnum):
    TEXT = 0
    DM = 1
    PUBLIC_THREAD = 11
    FORUM = 15


class MessageType(IntEnum):
    DEFAULT = 0
    REPLY = 19
    CHAT_INPUT_COMMAND = 20


class InteractionType(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class CallbackType(IntEnum):
    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE_MESSAGE = 7
    AUTOCOMPLETE_RESULT = 8
    MODAL = 9


@dataclass(frozen=True, kw_only=True)
class User:
    id: int
    username: str
    global_name: str | None = None
    bot: bool = False
    takes_direct_messages: bool = True
    locale: str = "en-US"


@dataclass(frozen=True, kw_only=True)
class Application:
    """The bot's application; its bot user has the same id. `privileged_intents`: whether they are enabled.

    installers: the users who have installed it for themselves.
    """

    id: int
    name: str
    token: str
    owner_id: int
    privileged_intents: bool = True
    installers: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class GuildRole:
    """A role. `permissions`: what it adds to those of every member."""

    id: int
    name: str
    permissions: int = 0


@dataclass(frozen=True, kw_only=True)
class GuildMember:
    guild_id: int
    user_id: int
    joined_at: datetime
    administrator: bool = False
    role_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Guild:
    id: int
    name: str
    owner_id: int
    members: tuple[GuildMember, ...]
    roles: tuple[GuildRole, ...] = ()
    preferred_locale: str = "en-US"

    def has_member(self, user_id: int) -> bool:
        """Tell whether a user is a member."""
        return any(member.user_id == user_id for member in self.members)

    def role_permissions(self, member: GuildMember) -> int:
        """Return what a member's roles add to the permissions of every member."""
        return reduce(or_, (role.permissions for role in self.roles if role.id in member.role_ids), 0)


@dataclass(frozen=True, kw_only=True)
class ThreadState:
    """What a thread has beyond a channel. `num_sent`: the messages ever sent, deleted ones included.

    An archived thread takes posts alone, which unarchive it; a locked one takes nothing from users without
    MANAGE_THREADS. `archive_changed_at`: when it was last archived or unarchived.
    """

    owner_id: int
    created_at: datetime
    archive_changed_at: datetime
    auto_archive_after: timedelta = timedelta(days=1)
    archived: bool = False
    locked: bool = False
    num_sent: int = 0


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A text or forum channel of a guild, a thread of the channel `parent_id`, or the bot's DM with `recipient_id`.

    `denied`: the bot's denied permissions; a thread has its parent's. A thread in a forum is a post.
    """

    id: int
    type: ChannelType
    name: str = ""
    topic: str | None = None
    nsfw: bool = False
    position: int = 0
    guild_id: int | None = None
    recipient_id: int | None = None
    denied: int = 0
    last_message_id: int | None = None
    parent_id: int | None = None
    thread: ThreadState | None = None


@dataclass(frozen=True, kw_only=True)
class Attachment:
    id: int
    filename: str
    size_bytes: int
    content_type: str
    width_px: int | None = None
    height_px: int | None = None
    description: str | None = None
    ephemeral: bool = False


@dataclass(frozen=True, kw_only=True)
class Reaction:
    emoji: str
    user_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message. `visible_to`: the only member who sees it, None for everyone. `interaction_id`: its interaction."""

    id: int
    channel_id: int
    author_id: int
    created_at: datetime
    type: MessageType = MessageType.DEFAULT
    content: str = ""
    edited_at: datetime | None = None
    flags: int = 0
    attachments: tuple[Attachment, ...] = ()
    embeds: tuple[Json, ...] = ()
    components: tuple[Json, ...] = ()
    mentions: tuple[int, ...] = ()
    mention_everyone: bool = False
    nonce: int | str | None = None
    reference: tuple[int, int] | None = None
    interaction_id: int | None = None
    visible_to: int | None = None
    reactions: tuple[Reaction, ...] = ()
    tts: bool = False


@dataclass(frozen=True, kw_only=True)
class Command:
    """A registered command. `body` is its JSON without ids."""

    id: int
    version: int
    guild_id: int | None
    body: Json


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """An interaction. `callback_type` is None until the bot responds; `failed` after three seconds without a response.

    A failed interaction takes no response. `message_id` is the message with the component, `response_id` the
    response message (for an update, the same message), `opener_id` the interaction that opened the submitted modal.
    """

    id: int
    token: str
    type: InteractionType
    member_id: int
    channel_id: int
    guild_id: int | None
    data: Json
    nonce: str | None
    created_at: datetime
    message_id: int | None = None
    opener_id: int | None = None
    callback_type: CallbackType | None = None
    acknowledged_at: datetime | None = None
    failed: bool = False
    response_id: int | None = None
    modal: Json | None = None


@dataclass(frozen=True, kw_only=True)
class WorldEvent:
    """A change in the world. Gateway sessions and chat pages each receive their own view of it.

    `visible_to`: the only member who may see it, None for the whole channel. `to_bot`, `to_members`: who receives it.
    """

    kind: str
    channel_id: int | None = None
    message: Message | None = None
    data: Json = field(default_factory=dict)
    visible_to: int | None = None
    to_bot: bool = True
    to_members: bool = True
