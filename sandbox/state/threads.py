"""Opening and changing threads and forum posts, and who may write in them when.

Sources: Discord's documentation of threads; for responses to interactions in locked threads, issues 6884 and 7707 of
discord/discord-api-docs.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.flags import MessageFlags, Permissions
from sandbox.state.records import Channel, ChannelType, Message, ThreadState
from sandbox.state.world import World

AUTO_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


def open_thread(
    world: World,
    parent: Channel,
    *,
    name: str,
    owner_id: int,
    auto_archive_after: timedelta = timedelta(days=1),
    message: Message | None = None,
) -> Channel:
    """Open a thread in a text channel, or a post in a forum, without messages, and return it.

    message: the message of the parent that the thread is about, if any; the thread has its id.
    Raises: ApiError 50024 in a thread or a DM, 50013 without permission, 160004 when the message has a thread.
    """
    if parent.type not in (ChannelType.TEXT, ChannelType.FORUM):
        raise api_error(ErrorCode.WRONG_CHANNEL_TYPE)
    # In a forum, SEND_MESSAGES stands for creating posts.
    is_forum = parent.type is ChannelType.FORUM
    needed = Permissions.SEND_MESSAGES if is_forum else Permissions.CREATE_PUBLIC_THREADS
    check_permission(world, owner_id, parent, needed)
    if message and message.id in world.channels:
        raise api_error(ErrorCode.ALREADY_HAS_THREAD)
    now = world.clock.now()
    state = ThreadState(
        owner_id=owner_id, created_at=now, archive_changed_at=now, auto_archive_after=auto_archive_after
    )
    thread = Channel(
        id=message.id if message else world.snowflakes.next(),
        type=ChannelType.PUBLIC_THREAD,
        name=name,
        nsfw=parent.nsfw,
        guild_id=parent.guild_id,
        parent_id=parent.id,
        thread=state,
    )
    world.add_thread(thread)
    if message:
        world.update_message(replace(message, flags=message.flags | int(MessageFlags.HAS_THREAD)))
    return thread


@dataclass(frozen=True, kw_only=True)
class ThreadChange:
    """What changes in a thread; None keeps a field."""

    archived: bool | None = None
    locked: bool | None = None
    name: str | None = None
    auto_archive_after: timedelta | None = None

    @property
    def only_unarchives(self) -> bool:
        """Tell whether the thread is unarchived and nothing else changes."""
        return self == ThreadChange(archived=False)


def change_thread(world: World, channel: Channel, user_id: int, change: ThreadChange) -> Channel:
    """Change a thread as a user, and return it.

    Raises: ApiError 50024 for another channel, 50013 without permission: whoever may write unarchives a thread, its
    owner does more, and locking or changing a locked one needs MANAGE_THREADS.
    """
    thread = thread_state(channel)
    is_moderation = thread.locked or change.locked is not None
    is_free = not is_moderation and (user_id == thread.owner_id or change.only_unarchives)
    needed = Permissions.SEND_MESSAGES_IN_THREADS if is_free else Permissions.MANAGE_THREADS
    check_permission(world, user_id, channel, needed)
    changed = replace(
        thread,
        locked=thread.locked if change.locked is None else change.locked,
        auto_archive_after=change.auto_archive_after or thread.auto_archive_after,
    )
    if change.archived is not None and change.archived != thread.archived:
        changed = replace(changed, archived=change.archived, archive_changed_at=world.clock.now())
    channel = replace(channel, name=change.name or channel.name, thread=changed)
    world.update_channel(channel)
    return channel


def thread_state(channel: Channel) -> ThreadState:
    """Return a thread's state. Raises: ApiError 50024 for another channel."""
    if channel.thread is None:
        raise api_error(ErrorCode.WRONG_CHANNEL_TYPE)
    return channel.thread


def check_permission(world: World, user_id: int, channel: Channel, needed: Permissions) -> None:
    """Raise ApiError 50013 when a user lacks a permission in a channel."""
    if needed & ~world.permissions(user_id, channel):
        raise api_error(ErrorCode.MISSING_PERMISSIONS)


def needed_to_post(channel: Channel) -> Permissions:
    """Return the permission to send messages in a channel."""
    return Permissions.SEND_MESSAGES_IN_THREADS if channel.thread else Permissions.SEND_MESSAGES


def check_takes_posts(world: World, channel: Channel, user_id: int) -> None:
    """Raise ApiError when a channel takes no message from a user who has the permission to send.

    50008 for a forum, 160005 for a locked thread, 40058 for another user's post without its first message.
    """
    if channel.type is ChannelType.FORUM:
        raise api_error(ErrorCode.NOT_A_TEXT_CHANNEL)
    if is_locked_for(world, channel, user_id):
        raise api_error(ErrorCode.THREAD_LOCKED)
    if channel.thread and awaits_first_message(world, channel) and user_id != channel.thread.owner_id:
        raise api_error(ErrorCode.POST_NOT_BEGUN)


def check_takes_edits(world: World, channel: Channel, user_id: int) -> None:
    """Raise ApiError 50083 for an archived thread and 160005 for a locked one: their messages cannot be edited."""
    check_takes_reactions(channel)
    if is_locked_for(world, channel, user_id):
        raise api_error(ErrorCode.THREAD_LOCKED)


def check_takes_reactions(channel: Channel) -> None:
    """Raise ApiError 50083 for an archived thread."""
    if channel.thread and channel.thread.archived:
        raise api_error(ErrorCode.THREAD_ARCHIVED)


def check_takes_responses(world: World, channel: Channel, user_id: int) -> None:
    """Raise ApiError 50083 for a locked thread, and otherwise what a post gets: an interaction's response to all."""
    if is_locked_for(world, channel, user_id):
        raise api_error(ErrorCode.THREAD_ARCHIVED)
    check_takes_posts(world, channel, user_id)


def is_locked_for(world: World, channel: Channel, user_id: int) -> bool:
    """Tell whether a thread is locked and a user is not one of those who may write there all the same."""
    is_moderator = world.permissions(user_id, channel) & Permissions.MANAGE_THREADS
    return bool(channel.thread and channel.thread.locked and not is_moderator)


def awaits_first_message(world: World, channel: Channel) -> bool:
    """Tell whether a channel is a forum post that its author has not written in yet."""
    is_post = world.parent_or_self(channel).type is ChannelType.FORUM
    return bool(is_post and channel.thread and not channel.thread.num_sent)
