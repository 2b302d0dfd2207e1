"""Makes the records of a world from what was stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sandbox.state.records import Channel, Command, Interaction, Json, Message
from sandbox.state.world import CHANNELS, COMMANDS, INTERACTIONS, World, message_table
from sandbox.store.chat_file import FILES, ChatUnreadable, StoredChat, StoredFile
from sandbox.store.record_json import record_from_json

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class KeptRecords:
    """The records of a stored chat, each in the order of its ids. `last_id`: the largest id ever given."""

    channels: dict[int, Channel]
    messages: dict[int, dict[int, Message]]
    commands: dict[int, Command]
    interactions: dict[int, Interaction]
    files: dict[int, StoredFile]
    last_id: int

    def restore(self, world: World) -> None:
        """Put them in the place of a new world's. Interactions without a response have failed: nobody waits for it."""
        world.snowflakes.last = max(self.last_id, world.snowflakes.last)
        world.commands.update(self.commands)
        for item in self.interactions.values():
            is_over = item.callback_type is not None or item.failed
            world.interactions[item.id] = item if is_over else replace(item, failed=True)
            world.interaction_ids[item.token] = item.id
        world.channels.clear()
        # The first channels are not in the order of their ids.
        places = {channel.id: place for place, channel in enumerate(world.seeded)}
        for channel in sorted(self.channels.values(), key=lambda item: places.get(item.id, len(places))):
            # Guilds are not stored: those of this start are there.
            if channel.guild_id is None or channel.guild_id in world.guilds:
                self._restore_channel(world, channel)
        known = {channel.guild_id or channel.recipient_id for channel in self.channels.values()}
        for channel in world.seeded:
            # A guild or a member that is new since the chat was stored.
            if (channel.guild_id or channel.recipient_id) not in known:
                world.place_channel(channel)

    def _restore_channel(self, world: World, channel: Channel) -> None:
        world.place_channel(channel)
        for message in self.messages[channel.id].values():
            is_known = message.interaction_id is None or message.interaction_id in self.interactions
            world.messages[channel.id][message.id] = message if is_known else replace(message, interaction_id=None)
            if message.nonce is not None:
                world.nonces[channel.id, message.author_id, message.nonce] = message.id


def records_from_stored(stored: StoredChat) -> KeptRecords | None:
    """Return the records; None for a chat in which nothing was stored yet.

    Raises: ChatUnreadable.
    """
    if CHANNELS not in stored.records:
        return None
    try:
        channels = _all(Channel, stored.records.get(CHANNELS, {}))
        interactions = _all(Interaction, stored.records.get(INTERACTIONS, {}))
        return KeptRecords(
            channels=channels,
            messages={
                channel_id: _all(Message, stored.records.get(message_table(channel_id), {})) for channel_id in channels
            },
            commands=_all(Command, stored.records.get(COMMANDS, {})),
            interactions=interactions,
            files=_all(StoredFile, stored.records.get(FILES, {})),
            last_id=stored.last_id,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ChatUnreadable("it is damaged") from error


def _all(kind: type[R], bodies: Mapping[int, Json]) -> dict[int, R]:
    return {number: record_from_json(kind, body) for number, body in bodies.items()}
