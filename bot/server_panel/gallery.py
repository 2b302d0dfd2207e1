"""The page about the gallery: where pictures are posted that members like, which ones, and the page outside Discord."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.replies import gallery_replies
from bot.server_panel.frame import Item, SettingsPage, chosen_channel, control_id, panel_of, row, section, texts
from bot.store.gallery.settings import Gallery

CHANNEL_VERB, THRESHOLD_VERB = "gallerychannel", "gallerythreshold"
AUTHORS_VERB, PAGE_VERB = "galleryauthors", "gallerypage"

_THRESHOLDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100)


@dataclass(frozen=True, kw_only=True)
class GalleryState:
    """What the page shows.

    address: of the page outside Discord; None where there is none. is_lost: whether the bot cannot post in the channel.
    note: what came of the last press, if that has to be said.
    """

    gallery: Gallery
    address: str | None
    is_lost: bool
    note: str = ""


def gallery_page(state: GalleryState) -> discord.ui.LayoutView:
    """Return the panel."""
    parts = [*_channel(state), *(_posts(state.gallery) if state.gallery.channel_id else ()), _page(state)]
    return panel_of(SettingsPage.GALLERY, state.note, parts)


def _channel(state: GalleryState) -> Sequence[Item]:
    channel_id = state.gallery.channel_id
    said = str(gallery_replies.POSTS_NOTHING)
    if channel_id is not None:
        said = gallery_replies.posts(state.gallery)
        said += f"\n⚠️ {gallery_replies.channel_lost(channel_id)}" if state.is_lost else ""
    select = discord.ui.ChannelSelect[Any](
        custom_id=control_id(CHANNEL_VERB),
        channel_types=[discord.ChannelType.text],
        placeholder=str(gallery_replies.CHANNEL_HINT),
        min_values=0,
        default_values=[chosen_channel(channel_id)] if channel_id is not None and not state.is_lost else [],
    )
    return [*texts(said), row(select)]


def _posts(gallery: Gallery) -> Sequence[Item]:
    numbers = sorted({*_THRESHOLDS, gallery.threshold or 1})
    options = [
        discord.SelectOption(
            label=gallery_replies.threshold_label(number), value=f"{number}", default=number == gallery.threshold
        )
        for number in numbers
    ]
    select = discord.ui.Select[Any](custom_id=control_id(THRESHOLD_VERB), options=options)
    authors = (gallery_replies.UNNAMED, gallery_replies.NAME_LABEL)
    if gallery.names_authors:
        authors = (gallery_replies.NAMED, gallery_replies.UNNAME_LABEL)
    return [
        *texts(str(gallery_replies.THRESHOLD)),
        row(select),
        section(str(authors[0]), AUTHORS_VERB, str(authors[1])),
    ]


def _page(state: GalleryState) -> Item:
    if state.address is None:
        return section(str(gallery_replies.NO_PAGE_YET), PAGE_VERB, str(gallery_replies.OPEN_LABEL))
    return section(gallery_replies.page_at(state.address), PAGE_VERB, str(gallery_replies.CLOSE_LABEL))
