"""Serves the chat page from a fake sandbox to a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from tests.browser import browser, context, page, watch
from tests.sandbox.page.discord_objects import sandbox_state
from tests.sandbox.page.fake_discord import FakeDiscord, png

__all__ = ["browser", "context", "discord", "page", "visit", "watch"]


# Used by itself so that it is there before any page and outlives it: a server waits for its open sockets.
@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def discord() -> AsyncIterator[FakeDiscord]:
    """A fake sandbox with no messages."""
    fake = FakeDiscord(state=sandbox_state())
    sizes = {"grid.png": (512, 512), "preview.png": (128, 128), "wide.png": (640, 360)}
    fake.pictures = {name: png(*size, "#b3402e") for name, size in sizes.items()}
    async with TestServer(fake.application()) as server:
        fake.url = str(server.make_url("/"))
        yield fake
        for event in fake.held.values():
            event.set()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(page: Page, discord: FakeDiscord) -> Page:
    """The chat page, opened; tests that change the state first open it themselves."""
    await page.goto(discord.url)
    await discord.until(lambda: discord.sockets)
    return page
