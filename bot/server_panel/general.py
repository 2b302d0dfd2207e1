"""The first page: where Easel answers and in which language, the switches, and the operator's announcements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.language import LANGUAGES
from bot.replies import announcement_replies, guild_queue_replies, server_replies
from bot.server_panel.frame import Item, SettingsPage, chosen_channel, control_id, panel_of, row, section, texts
from bot.store.guild_queue import GuildQueue
from bot.store.guilds.settings import GuildSettings

CHANNELS_VERB, LANGUAGE_VERB = "serverchannels", "serverlanguage"
PAUSE_VERB, COLLECTING_VERB, REMOVE_VERB = "serverpause", "servercollecting", "serverremove"
ANNOUNCING_VERB, ANNOUNCEMENTS_VERB = "serverannouncing", "serverannouncements"
SHARING_VERB = "serversharing"
AS_MEMBER = "member"

_MAX_CHANNELS = 25
_STARTABLE = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
]
ANNOUNCED_IN = [discord.ChannelType.text, discord.ChannelType.news]


@dataclass(frozen=True, kw_only=True)
class ServerState:
    """What the panel shows.

    gone: chosen channels that are no longer there. is_closed: whether the bot cannot post in that of announcements.
    note: what came of the last press, if that has to be said.
    """

    settings: GuildSettings
    queue: GuildQueue
    is_collecting: bool
    gone: frozenset[int] = frozenset()
    is_closed: bool = False
    note: str = ""


def general_page(state: ServerState) -> discord.ui.LayoutView:
    """Return the panel."""
    parts = [
        *_channels(state),
        *texts(str(server_replies.LANGUAGE)),
        row(_language(state.settings.language)),
        discord.ui.Separator[Any](),
        *_switches(state),
        *_announcements(state),
        *texts(str(server_replies.ELSEWHERE)),
    ]
    return panel_of(SettingsPage.GENERAL, state.note, parts)


def _channels(state: ServerState) -> Sequence[Item]:
    there = [one for one in state.settings.channels if one not in state.gone]
    said = server_replies.channels(there) if there else str(server_replies.EVERYWHERE)
    if state.settings.channels and not there:
        said = str(server_replies.NO_CHANNEL_LEFT)
    select = discord.ui.ChannelSelect[Any](
        custom_id=control_id(CHANNELS_VERB),
        channel_types=_STARTABLE,
        placeholder=str(server_replies.CHANNELS_HINT),
        min_values=0,
        max_values=_MAX_CHANNELS,
        default_values=list(map(chosen_channel, there)),
    )
    shown: list[Item] = [discord.ui.TextDisplay(said), row(select)]
    if state.gone:
        shown.append(section(server_replies.deleted(len(state.gone)), REMOVE_VERB, str(server_replies.REMOVE_LABEL)))
    return shown


def _language(chosen: str | None) -> discord.ui.Select[Any]:
    names = {AS_MEMBER: str(server_replies.AS_MEMBER)}
    names |= {one: server_replies.LANGUAGE_NAMES[one] for one in LANGUAGES}
    options = [
        discord.SelectOption(label=label, value=value, default=value == (chosen or AS_MEMBER))
        for value, label in names.items()
    ]
    return discord.ui.Select(
        custom_id=control_id(LANGUAGE_VERB),
        options=options,
        placeholder=str(server_replies.LANGUAGE_HINT),
    )


def _switches(state: ServerState) -> Sequence[Item]:
    paused = (server_replies.PAUSED, server_replies.RESUME_LABEL)
    running = (server_replies.RUNNING, server_replies.PAUSE_LABEL)
    used = (server_replies.COLLECTING, server_replies.CLOSE_LABEL)
    unused = (server_replies.NOT_COLLECTING, server_replies.OPEN_LABEL)
    shared = (server_replies.SHARING, server_replies.FORBID_LABEL)
    unshared = (server_replies.NOT_SHARING, server_replies.ALLOW_LABEL)
    jobs, turn = paused if state.queue.is_paused else running
    collecting, switch = used if state.is_collecting else unused
    sharing, allow = shared if state.settings.shares_adapters else unshared
    return [
        section(f"{jobs}\n{guild_queue_replies.counted(state.queue)}", PAUSE_VERB, str(turn)),
        section(str(collecting), COLLECTING_VERB, str(switch)),
        section(str(sharing), SHARING_VERB, str(allow)),
    ]


def _announcements(state: ServerState) -> Sequence[Item]:
    channel_id = state.settings.announcements
    said, label = str(announcement_replies.OFF), announcement_replies.ON_LABEL
    if channel_id is not None:
        said, label = announcement_replies.posted_in(channel_id), announcement_replies.OFF_LABEL
        said += f"\n{announcement_replies.channel_closed(channel_id)}" if state.is_closed else ""
    select = discord.ui.ChannelSelect[Any](
        custom_id=control_id(ANNOUNCEMENTS_VERB),
        channel_types=ANNOUNCED_IN,
        placeholder=str(announcement_replies.CHANNEL_HINT),
        min_values=0,
        default_values=[chosen_channel(channel_id)] if channel_id is not None and not state.is_closed else [],
    )
    return [section(said, ANNOUNCING_VERB, str(label)), row(select)]
