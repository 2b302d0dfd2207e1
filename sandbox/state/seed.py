"""The initial world: guilds with their channels, four members and the bot; in the last guild the bot is not."""

import base64
from datetime import UTC, datetime

from sandbox.state.clock import Clock
from sandbox.state.flags import MODERATOR_PERMISSIONS
from sandbox.state.links import Links
from sandbox.state.records import Application, Channel, ChannelType, Guild, GuildMember, GuildRole, User
from sandbox.state.snowflakes import snowflake_from_moment
from sandbox.state.world import World

SEEDED_AT = datetime(2024, 1, 1, tzinfo=UTC)
FIRST_ID = snowflake_from_moment(SEEDED_AT)
APPLICATION_ID = FIRST_ID + 1
ADA, BEN, CLEO, DORA = FIRST_ID + 2, FIRST_ID + 3, FIRST_ID + 4, FIRST_ID + 5
MEMBERS = (ADA, BEN, CLEO, DORA)
GUILD_ID = FIRST_ID + (10 << 22)
FOREIGN_GUILD_ID = FIRST_ID + (1000 << 22)
TOKEN = (
    base64.urlsafe_b64encode(str(APPLICATION_ID).encode()).decode().rstrip("=") + ".sandbox.this-opens-only-the-sandbox"
)

PATRONS, MODERATORS = 52, 53
"""Added to the guild's id, those of the roles that Cleo and Dora have."""

CHANNELS = (
    (ChannelType.TEXT, "studio", "Ask for pictures here", False),
    (ChannelType.TEXT, "gallery", "The best pictures", False),
    (ChannelType.TEXT, "after-dark", "Age-restricted pictures", True),
    (ChannelType.FORUM, "showcase", "A post for each series of pictures", False),
)
FOREIGN_CHANNELS = ((ChannelType.TEXT, "terrace", "A server in which Easel is not", False),)


def seeded_world(clock: Clock, links: Links, *, token: str = TOKEN, guild_count: int = 1) -> World:
    """Return the initial world. Ben has installed the application for himself, and so has it everywhere.

    token: the only valid bot token. guild_count: guilds with the same channels; their ids spread over shards.
    """
    guilds = (*(_guild(number) for number in range(guild_count)), _foreign_guild())
    return World(
        clock=clock,
        links=links,
        application=Application(
            id=APPLICATION_ID, name="Easel", token=token, owner_id=ADA, installers=frozenset({BEN})
        ),
        users=_users(),
        guilds=guilds,
        channels=tuple(channel for guild in guilds for channel in _guild_channels(guild)) + _dm_channels(),
    )


def _users() -> tuple[User, ...]:
    return (
        User(id=APPLICATION_ID, username="easel", global_name="Easel", bot=True),
        User(id=ADA, username="ada", global_name="Ada"),
        User(id=BEN, username="ben", global_name="Ben"),
        User(id=CLEO, username="cleo", global_name="Cleo"),
        User(id=DORA, username="dora", global_name="Dora"),
    )


def _guild(number: int) -> Guild:
    name = "The Atelier" if number == 0 else f"The Atelier {number + 1}"
    guild_id = GUILD_ID + (number << 22)
    patrons = GuildRole(id=guild_id + PATRONS, name="Patrons")
    moderators = GuildRole(id=guild_id + MODERATORS, name="Moderators", permissions=int(MODERATOR_PERMISSIONS))
    roles = {CLEO: (patrons.id,), DORA: (moderators.id,)}
    members = tuple(
        GuildMember(
            guild_id=guild_id,
            user_id=user_id,
            joined_at=SEEDED_AT,
            administrator=user_id == ADA,
            role_ids=roles.get(user_id, ()),
        )
        for user_id in (APPLICATION_ID, *MEMBERS)
    )
    return Guild(id=guild_id, name=name, owner_id=ADA, members=members, roles=(patrons, moderators))


def _foreign_guild() -> Guild:
    members = tuple(
        GuildMember(guild_id=FOREIGN_GUILD_ID, user_id=user_id, joined_at=SEEDED_AT, administrator=user_id == CLEO)
        for user_id in MEMBERS
    )
    return Guild(id=FOREIGN_GUILD_ID, name="The Garden", owner_id=CLEO, members=members)


def _guild_channels(guild: Guild) -> tuple[Channel, ...]:
    channels = FOREIGN_CHANNELS if guild.id == FOREIGN_GUILD_ID else CHANNELS
    return tuple(
        Channel(
            id=guild.id + 1 + position,
            type=kind,
            name=name,
            topic=topic,
            nsfw=nsfw,
            position=position,
            guild_id=guild.id,
        )
        for position, (kind, name, topic, nsfw) in enumerate(channels)
    )


def _dm_channels() -> tuple[Channel, ...]:
    return tuple(Channel(id=user_id + 100, type=ChannelType.DM, recipient_id=user_id) for user_id in MEMBERS)
