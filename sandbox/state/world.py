"""The state of the local Discord. Each change publishes a `WorldEvent` to the listeners."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sandbox.state.clock import Clock
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.files import AttachmentFiles, FileStore
from sandbox.state.flags import BOT_PERMISSIONS, EVERY_PERMISSION, MEMBER_PERMISSIONS, Permissions
from sandbox.state.links import Links
from sandbox.state.records import (
    Application,
    Channel,
    ChannelType,
    Command,
    Guild,
    GuildMember,
    Interaction,
    Json,
    Message,
    Reaction,
    ThreadState,
    User,
    WorldEvent,
)
from sandbox.state.snowflakes import Snowflakes
from sandbox.state.tables import Note, Table

MAX_REACTIONS = 20
MAX_MESSAGES = 10_000
CHANNELS, COMMANDS, INTERACTIONS = "channels", "commands", "interactions"
T = TypeVar("T")


class World:
    """All records of this Discord. Records are replaced, never mutated; `on_change` is told of each."""

    def __init__(
        self,
        *,
        clock: Clock,
        links: Links,
        application: Application,
        users: tuple[User, ...],
        guilds: tuple[Guild, ...],
        channels: tuple[Channel, ...],
    ) -> None:
        self.clock = clock
        self.links = links
        self.snowflakes = Snowflakes(clock)
        self.application = application
        self.users = {user.id: user for user in users}
        self.guilds = {guild.id: guild for guild in guilds}
        self.on_change: Note = lambda table, number, record: None
        self.seeded = channels
        self.channels: Table[Channel] = Table(CHANNELS, self._note)
        self.messages: dict[int, Table[Message]] = {}
        for channel in channels:
            self.place_channel(channel)
        self.nonces: dict[tuple[int, int, int | str], int] = {}
        self.commands: Table[Command] = Table(COMMANDS, self._note)
        self.interactions: Table[Interaction] = Table(INTERACTIONS, self._note)
        self.interaction_ids: dict[str, int] = {}
        self.deadlines: dict[int, Callable[[], None]] = {}
        self.files: AttachmentFiles = FileStore()
        self.listeners: list[Callable[[WorldEvent], None]] = []

    def _note(self, table: str, number: int, record: object | None) -> None:
        self.on_change(table, number, record)

    @property
    def bot(self) -> User:
        """The application's bot user."""
        return self.users[self.application.id]

    def publish(self, event: WorldEvent) -> None:
        """Call every listener in order of registration."""
        for listener in tuple(self.listeners):
            listener(event)

    def user(self, user_id: int) -> User:
        """Return a user. Raises: ApiError when it does not exist."""
        return _found_or_error(self.users.get(user_id), ErrorCode.UNKNOWN_USER)

    def guild(self, guild_id: int) -> Guild:
        """Return a guild. Raises: ApiError when it does not exist."""
        return _found_or_error(self.guilds.get(guild_id), ErrorCode.UNKNOWN_GUILD)

    def channel(self, channel_id: int) -> Channel:
        """Return a channel. Raises: ApiError when it does not exist."""
        return _found_or_error(self.channels.get(channel_id), ErrorCode.UNKNOWN_CHANNEL)

    def message(self, channel_id: int, message_id: int) -> Message:
        """Return a message of that channel. Raises: ApiError when it does not exist."""
        return _found_or_error(self.find_message(channel_id, message_id), ErrorCode.UNKNOWN_MESSAGE)

    def find_message(self, channel_id: int, message_id: int | None) -> Message | None:
        """Return a message of that channel, None when it does not exist."""
        log = self.messages.get(channel_id)
        return log.get(message_id or 0) if log else None

    def member(self, guild_id: int, user_id: int) -> GuildMember:
        """Return a guild's member. Raises: ApiError when the guild or the member is unknown."""
        found = [member for member in self.guild(guild_id).members if member.user_id == user_id]
        return _found_or_error(found[0] if found else None, ErrorCode.UNKNOWN_MEMBER)

    def is_bot_in(self, guild_id: int) -> bool:
        """Tell whether the application is installed in a guild."""
        return self.guilds[guild_id].has_member(self.application.id)

    @property
    def bot_guilds(self) -> list[Guild]:
        """The guilds in which the application is installed."""
        return [guild for guild in self.guilds.values() if self.is_bot_in(guild.id)]

    def dm_with(self, user_id: int) -> Channel:
        """Return the bot's DM channel with a user, creating it on first use."""
        self.user(user_id)
        known = next((channel for channel in self.channels.values() if channel.recipient_id == user_id), None)
        dm = known or Channel(id=self.snowflakes.next(), type=ChannelType.DM, recipient_id=user_id)
        return known or self.place_channel(dm)

    def place_channel(self, channel: Channel) -> Channel:
        """Add a channel without messages and return it. Nobody is told."""
        self.channels[channel.id] = channel
        self.messages[channel.id] = Table(message_table(channel.id), self._note)
        return channel

    def permissions(self, user_id: int, channel: Channel) -> int:
        """Return a user's permissions in a channel; in a thread they are its parent's."""
        if user_id == self.application.id:
            if channel.guild_id is not None and not self.is_bot_in(channel.guild_id):
                return 0
            return int(BOT_PERMISSIONS) & ~self.parent_or_self(channel).denied
        if channel.guild_id is None:
            return int(MEMBER_PERMISSIONS) if user_id == channel.recipient_id else 0
        guild, member = self.guild(channel.guild_id), self.member(channel.guild_id, user_id)
        return EVERY_PERMISSION if member.administrator else int(MEMBER_PERMISSIONS) | guild.role_permissions(member)

    def may_see(self, user_id: int, channel: Channel) -> bool:
        """Tell whether a user can view a channel: a guild's for its members, a DM for its two participants."""
        if channel.guild_id is None:
            return user_id in (channel.recipient_id, self.application.id)
        is_inside = self.guild(channel.guild_id).has_member(user_id)
        return is_inside and bool(self.permissions(user_id, channel) & Permissions.VIEW_CHANNEL)

    def guild_channels(self, guild_id: int) -> list[Channel]:
        """Return a guild's channels without its threads."""
        return [channel for channel in self.channels.values() if channel.guild_id == guild_id and not channel.thread]

    def active_threads(self, guild_id: int) -> list[Channel]:
        """Return a guild's threads that are not archived and whose channel the bot can view."""
        threads = [channel for channel in self.channels.values() if channel.guild_id == guild_id]
        return [
            channel
            for channel in threads
            if channel.thread and not channel.thread.archived and self.may_see(self.application.id, channel)
        ]

    def parent_or_self(self, channel: Channel) -> Channel:
        """Return a thread's parent, and any other channel itself."""
        return self.channels[channel.parent_id] if channel.parent_id else channel

    def add_thread(self, thread: Channel) -> None:
        """Add a new thread, without messages."""
        self.place_channel(thread)
        self.publish(WorldEvent(kind="THREAD_CREATE", channel_id=thread.id))

    def update_channel(self, channel: Channel) -> None:
        """Replace the channel with the same id."""
        self.channels[channel.id] = channel
        kind = "THREAD_UPDATE" if channel.thread else "CHANNEL_UPDATE"
        self.publish(WorldEvent(kind=kind, channel_id=channel.id))

    def remove_channel(self, channel_id: int) -> None:
        """Delete a channel with its threads, messages and their files. The bot hears nothing of its threads."""
        threads = [channel.id for channel in self.channels.values() if channel.parent_id == channel_id]
        for thread_id in threads:
            self._remove_one(thread_id, to_bot=False)
        self._remove_one(channel_id, to_bot=True)

    def _remove_one(self, channel_id: int, *, to_bot: bool) -> None:
        for message_id in list(self.messages[channel_id]):
            self._remove_files(self.messages[channel_id].pop(message_id), None)
        kind = "THREAD_DELETE" if self.channels[channel_id].thread else "CHANNEL_DELETE"
        self.publish(WorldEvent(kind=kind, channel_id=channel_id, to_bot=to_bot))
        del self.channels[channel_id], self.messages[channel_id]

    def message_by_nonce(self, channel_id: int, author_id: int, nonce: int | str) -> Message | None:
        """Return the author's message with that nonce, if it still exists."""
        return self.find_message(channel_id, self.nonces.get((channel_id, author_id, nonce)))

    def add_message(self, message: Message) -> None:
        """Post a message. Unless only its recipient sees it, it unarchives an archived thread."""
        channel = self.channels[message.channel_id]
        if channel.thread and message.visible_to is None:
            self._count_in_thread(channel, channel.thread)
        log = self.messages[message.channel_id]
        log[message.id] = message
        if len(log) > MAX_MESSAGES:
            self._remove_files(log.pop(next(iter(log))), None)
        if message.nonce is not None:
            self.nonces[message.channel_id, message.author_id, message.nonce] = message.id
        if message.visible_to is None:
            self.channels[channel.id] = replace(self.channels[channel.id], last_message_id=message.id)
        self.publish(_message_event("MESSAGE_CREATE", message))

    def _count_in_thread(self, channel: Channel, thread: ThreadState) -> None:
        active = replace(thread, num_sent=thread.num_sent + 1)
        self.channels[channel.id] = replace(channel, thread=active)
        if thread.archived:
            opened = replace(active, archived=False, archive_changed_at=self.clock.now())
            self.update_channel(replace(channel, thread=opened))

    def update_message(self, message: Message) -> None:
        """Replace the message with the same id and remove the files it no longer has."""
        before = self.messages[message.channel_id][message.id]
        self.messages[message.channel_id][message.id] = message
        self._remove_files(before, message)
        self.publish(_message_event("MESSAGE_UPDATE", message))

    def remove_message(self, message: Message) -> None:
        """Delete a message and its files."""
        del self.messages[message.channel_id][message.id]
        self._remove_files(message, None)
        self.publish(_message_event("MESSAGE_DELETE", message))

    def remove_messages(self, channel_id: int, messages: tuple[Message, ...]) -> None:
        """Delete several messages: one event for the bot, one per message for chat pages."""
        for message in messages:
            del self.messages[channel_id][message.id]
            self._remove_files(message, None)
            self.publish(replace(_message_event("MESSAGE_DELETE", message), to_bot=False))
        ids = [str(message.id) for message in messages]
        self.publish(WorldEvent(kind="MESSAGE_DELETE_BULK", channel_id=channel_id, data={"ids": ids}, to_members=False))

    def _remove_files(self, before: Message, after: Message | None) -> None:
        kept = {attachment.id for attachment in after.attachments} if after else set()
        for attachment in before.attachments:
            if attachment.id not in kept:
                self.files.remove(attachment.id)

    def add_reaction(self, message: Message, emoji: str, user_id: int) -> None:
        """Add a user's reaction; does nothing when it already exists.

        Raises: ApiError when the message has 20 different reactions.
        """
        reactions = {reaction.emoji: reaction.user_ids for reaction in message.reactions}
        if user_id in reactions.get(emoji, ()):
            return
        if emoji not in reactions and len(reactions) >= MAX_REACTIONS:
            raise api_error(ErrorCode.TOO_MANY_REACTIONS)
        reactions[emoji] = (*reactions.get(emoji, ()), user_id)
        self._set_reactions(message, reactions)
        self._publish_reaction("MESSAGE_REACTION_ADD", message, emoji, user_id)

    def remove_reaction(self, message: Message, emoji: str, user_id: int) -> None:
        """Remove a user's reaction if it exists."""
        reactions = {reaction.emoji: reaction.user_ids for reaction in message.reactions}
        if user_id not in reactions.get(emoji, ()):
            return
        reactions[emoji] = tuple(other for other in reactions[emoji] if other != user_id)
        self._set_reactions(message, reactions)
        self._publish_reaction("MESSAGE_REACTION_REMOVE", message, emoji, user_id)

    def _set_reactions(self, message: Message, reactions: dict[str, tuple[int, ...]]) -> None:
        kept = tuple(Reaction(emoji=emoji, user_ids=ids) for emoji, ids in reactions.items() if ids)
        self.messages[message.channel_id][message.id] = replace(message, reactions=kept)

    def _publish_reaction(self, kind: str, message: Message, emoji: str, user_id: int) -> None:
        data: Json = {"user_id": str(user_id), "emoji": emoji_from_text(emoji)}
        self.publish(WorldEvent(kind=kind, channel_id=message.channel_id, message=message, data=data))


def message_table(channel_id: int) -> str:
    """Return the name of a channel's table of messages."""
    return f"messages/{channel_id}"


def emoji_from_text(text: str) -> Json:
    """Return Discord's emoji object for a Unicode emoji, or for a custom one written `name:id`."""
    name, _, emoji_id = text.partition(":")
    return {"id": emoji_id or None, "name": name}


def _message_event(kind: str, message: Message) -> WorldEvent:
    return WorldEvent(
        kind=kind,
        channel_id=message.channel_id,
        message=message,
        visible_to=message.visible_to,
        to_bot=message.visible_to is None,
    )


def _found_or_error(value: T | None, code: ErrorCode) -> T:
    if value is None:
        raise api_error(code)
    return value
