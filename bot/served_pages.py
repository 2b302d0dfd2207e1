"""The pages that the bot serves beside its health: put together from what they read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import discord
from aiohttp import web

from bot.gallery.places import public_channels
from bot.pages.adapters import AdapterFigures
from bot.pages.exports import ExportFiles
from bot.pages.gallery import GalleryPages
from bot.pages.masks import MaskPages
from bot.pages.stats import StatsPage
from bot.regions import start_masked
from bot.services import Services


def pages_of(client: discord.Client, services: Services) -> Sequence[web.RouteDef]:
    """Return the routes of the pages."""

    def channels_of(guild_id: int) -> Sequence[int] | None:
        guild = client.get_guild(guild_id)
        return public_channels(guild) if guild else None

    pages = list(AdapterFigures(services.database, services.objects).routes())
    pages += list(StatsPage(services.database, services.objects).routes())
    pages += MaskPages(services.database, services.objects, partial(start_masked, services)).routes()
    pages += GalleryPages(services.database, services.objects, channels_of).routes()
    if services.exports is not None:
        pages += ExportFiles(services.database, services.exports).routes()
    return pages
