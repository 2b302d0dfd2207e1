"""What the pages of the panel have in common: its title, the buttons that lead to the other pages, and small parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import discord

from bot.custom_ids import text_from_version
from bot.language import Phrase
from bot.replies import server_replies

Item = discord.ui.Item[Any]

_VERSION = 1


class SettingsPage(StrEnum):
    """A page, by the verb of the button that leads there."""

    GENERAL = "servergeneral"
    GALLERY = "servergallery"
    LIMITS = "serverlimits"
    SAFETY = "serversafety"


_LABELS: Mapping[SettingsPage, Phrase] = {
    SettingsPage.GENERAL: server_replies.GENERAL_LABEL,
    SettingsPage.GALLERY: server_replies.GALLERY_LABEL,
    SettingsPage.LIMITS: server_replies.LIMITS_LABEL,
    SettingsPage.SAFETY: server_replies.SAFETY_LABEL,
}


def panel_of(page: SettingsPage, note: str, parts: Sequence[Item]) -> discord.ui.LayoutView:
    """Return the panel with these parts.

    note: what came of the last press, if that has to be said.
    """
    panel = discord.ui.LayoutView(timeout=None)
    panel.add_item(
        discord.ui.Container(
            *texts(str(server_replies.TITLE), note), *parts, discord.ui.Separator(), discord.ui.ActionRow(*_pages(page))
        )
    )
    return panel


def control_id(verb: str) -> str:
    """Return the id of the control with the verb."""
    return text_from_version(verb, _VERSION)


def section(text: str, verb: str, label: str) -> Item:
    """Return a text with a button beside it."""
    return discord.ui.Section(text, accessory=button(verb, label))


def button(verb: str, label: str) -> discord.ui.Button[Any]:
    """Return a button."""
    return discord.ui.Button(label=label, custom_id=control_id(verb))


def row(*items: Item) -> Item:
    """Return the items side by side."""
    return discord.ui.ActionRow(*items)


def texts(*shown: str) -> Sequence[Item]:
    """Return the texts below each other, without empty ones."""
    return [discord.ui.TextDisplay(text) for text in shown if text]


def chosen_channel(channel_id: int) -> discord.SelectDefaultValue:
    """Return the channel as one that is chosen already."""
    return discord.SelectDefaultValue(id=channel_id, type=discord.SelectDefaultValueType.channel)


def _pages(shown: SettingsPage) -> list[discord.ui.Button[Any]]:
    return [
        discord.ui.Button(
            label=str(label),
            custom_id=control_id(page),
            disabled=page is shown,
            style=discord.ButtonStyle.primary if page is shown else discord.ButtonStyle.secondary,
        )
        for page, label in _LABELS.items()
    ]
