"""Dispatches world events to bot sessions: shards, intents, hidden content."""

from collections.abc import Callable

from sandbox.gateway.sessions import Session
from sandbox.payloads.interactions import interaction_json
from sandbox.payloads.messages import message_json
from sandbox.payloads.objects import channel_json, guild_create_json, member_json
from sandbox.state.flags import Intents
from sandbox.state.records import Interaction, Json, Message, WorldEvent
from sandbox.state.world import World

GUILD_INTENTS = {
    "MESSAGE_CREATE": Intents.GUILD_MESSAGES,
    "MESSAGE_UPDATE": Intents.GUILD_MESSAGES,
    "MESSAGE_DELETE": Intents.GUILD_MESSAGES,
    "MESSAGE_DELETE_BULK": Intents.GUILD_MESSAGES,
    "MESSAGE_REACTION_ADD": Intents.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE": Intents.GUILD_MESSAGE_REACTIONS,
    "TYPING_START": Intents.GUILD_MESSAGE_TYPING,
    "GUILD_CREATE": Intents.GUILDS,
    "GUILD_DELETE": Intents.GUILDS,
    "GUILD_ROLE_DELETE": Intents.GUILDS,
    "CHANNEL_CREATE": Intents.GUILDS,
    "CHANNEL_UPDATE": Intents.GUILDS,
    "CHANNEL_DELETE": Intents.GUILDS,
    "THREAD_CREATE": Intents.GUILDS,
    "THREAD_UPDATE": Intents.GUILDS,
    "THREAD_DELETE": Intents.GUILDS,
}
FROM_OUTSIDE = ("INTERACTION_CREATE", "GUILD_DELETE")
"""What a bot hears of guilds in which it is not."""

DIRECT_INTENTS = {
    "MESSAGE_CREATE": Intents.DIRECT_MESSAGES,
    "MESSAGE_UPDATE": Intents.DIRECT_MESSAGES,
    "MESSAGE_DELETE": Intents.DIRECT_MESSAGES,
    "MESSAGE_REACTION_ADD": Intents.DIRECT_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE": Intents.DIRECT_MESSAGE_REACTIONS,
    "TYPING_START": Intents.DIRECT_MESSAGE_TYPING,
}


def dispatch_event(world: World, session: Session, event: WorldEvent) -> None:
    """Send a session its view of an event, if it subscribes to it."""
    if not event.to_bot or event.kind not in PAYLOADS:
        return
    guild_id = _guild_of(world, event)
    if guild_id is not None and not world.is_bot_in(guild_id) and event.kind not in FROM_OUTSIDE:
        return
    if session.covers(guild_id) and _wants(session, event.kind, guild_id):
        session.dispatch(event.kind, PAYLOADS[event.kind](world, session, event))


def _guild_of(world: World, event: WorldEvent) -> int | None:
    if event.channel_id is None:
        return int(event.data["guild_id"])
    return world.channels[event.channel_id].guild_id


def _wants(session: Session, kind: str, guild_id: int | None) -> bool:
    if kind == "INTERACTION_CREATE":
        return True
    return bool(session.intents & (GUILD_INTENTS if guild_id else DIRECT_INTENTS).get(kind, Intents(0)))


def _guild_part(world: World, event: WorldEvent) -> Json:
    guild_id = world.channels[event.channel_id or 0].guild_id
    return {"guild_id": str(guild_id)} if guild_id else {}


def _message_body(world: World, session: Session, event: WorldEvent) -> Json:
    message = _of(event)
    body = message_json(
        world, message, world.application.id, shows_content=shows_content(world, message, session.intents)
    )
    guild = _guild_part(world, event)
    if guild:
        member = member_json(world, world.member(int(guild["guild_id"]), message.author_id))
        body["member"] = {key: value for key, value in member.items() if key != "user"}
    return body | guild


def shows_content(world: World, message: Message, intents: Intents) -> bool:
    """Tell whether the bot may read a message: its own, a DM, one that mentions it, or any with the intent."""
    is_direct = world.channels[message.channel_id].guild_id is None
    is_own = message.author_id == world.application.id
    return is_direct or is_own or world.application.id in message.mentions or bool(intents & Intents.MESSAGE_CONTENT)


def _of(event: WorldEvent) -> Message:
    assert event.message is not None
    return event.message


def _deletion_body(world: World, session: Session, event: WorldEvent) -> Json:
    ids = {"id": str(_of(event).id), "channel_id": str(event.channel_id)}
    return ids | _guild_part(world, event)


def _bulk_body(world: World, session: Session, event: WorldEvent) -> Json:
    return event.data | {"channel_id": str(event.channel_id)} | _guild_part(world, event)


def _reaction_body(world: World, session: Session, event: WorldEvent) -> Json:
    return reaction_body(world, event)


def reaction_body(world: World, event: WorldEvent) -> Json:
    """Return the payload of a reaction event."""
    message, guild = _of(event), _guild_part(world, event)
    body = event.data | guild
    body |= {"channel_id": str(message.channel_id), "message_id": str(message.id), "burst": False, "type": 0}
    if guild and event.kind == "MESSAGE_REACTION_ADD":
        body["member"] = member_json(world, world.member(int(guild["guild_id"]), int(body["user_id"])))
        body["message_author_id"] = str(message.author_id)
    return body


def _typing_body(world: World, session: Session, event: WorldEvent) -> Json:
    return event.data | {"channel_id": str(event.channel_id)} | _guild_part(world, event)


def _guild_body(world: World, session: Session, event: WorldEvent) -> Json:
    shows_members = bool(session.intents & Intents.GUILD_MEMBERS)
    return guild_create_json(world, world.guild(int(event.data["guild_id"])), shows_members=shows_members)


def _left_guild_body(world: World, session: Session, event: WorldEvent) -> Json:
    return {"id": event.data["guild_id"]}


def _role_body(world: World, session: Session, event: WorldEvent) -> Json:
    return event.data


def _channel_body(world: World, session: Session, event: WorldEvent) -> Json:
    return channel_json(world, world.channels[event.channel_id or 0])


def _new_thread_body(world: World, session: Session, event: WorldEvent) -> Json:
    return _channel_body(world, session, event) | {"newly_created": True}


def _deleted_thread_body(world: World, session: Session, event: WorldEvent) -> Json:
    body = _channel_body(world, session, event)
    return {key: body[key] for key in ("id", "guild_id", "parent_id", "type")}


def _interaction_body(world: World, session: Session, event: WorldEvent) -> Json:
    interaction: Interaction = event.data["interaction"]
    pressed = world.messages[interaction.channel_id].get(interaction.message_id or 0)
    message = message_json(world, pressed, world.application.id) if pressed else None
    return interaction_json(world, interaction, message)


PAYLOADS: dict[str, Callable[[World, Session, WorldEvent], Json]] = {
    "MESSAGE_CREATE": _message_body,
    "MESSAGE_UPDATE": _message_body,
    "MESSAGE_DELETE": _deletion_body,
    "MESSAGE_DELETE_BULK": _bulk_body,
    "MESSAGE_REACTION_ADD": _reaction_body,
    "MESSAGE_REACTION_REMOVE": _reaction_body,
    "TYPING_START": _typing_body,
    "GUILD_CREATE": _guild_body,
    "GUILD_DELETE": _left_guild_body,
    "GUILD_ROLE_DELETE": _role_body,
    "CHANNEL_CREATE": _channel_body,
    "CHANNEL_UPDATE": _channel_body,
    "CHANNEL_DELETE": _channel_body,
    "THREAD_CREATE": _new_thread_body,
    "THREAD_UPDATE": _channel_body,
    "THREAD_DELETE": _deleted_thread_body,
    "INTERACTION_CREATE": _interaction_body,
}
