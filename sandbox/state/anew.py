"""Empties the chat while it is open."""

from dataclasses import replace

from sandbox.state.records import WorldEvent
from sandbox.state.world import World


def start_anew(world: World) -> None:
    """Delete every message and thread, and put the channels back as they were at first. Commands stay registered."""
    first = {channel.id: channel for channel in world.seeded}
    for channel in tuple(world.channels.values()):
        if channel.id not in first and channel.id in world.channels:
            world.remove_channel(channel.id)
    for channel_id, log in tuple(world.messages.items()):
        world.remove_messages(channel_id, tuple(log.values()))
    for channel in first.values():
        if channel.id not in world.channels:
            world.place_channel(channel)
            world.publish(WorldEvent(kind="CHANNEL_CREATE", channel_id=channel.id))
        world.update_channel(replace(channel, last_message_id=None))
