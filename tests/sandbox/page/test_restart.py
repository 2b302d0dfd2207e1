"""The chat page stays open while the real sandbox is restarted."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from playwright.async_api import Page, expect

from sandbox.server import serve
from tests.bot.clocks import UnhurriedClock
from tests.browser import BROWSER, Watch
from tests.sandbox.page.discord_objects import button, row
from tests.sandbox.page.fake_discord import png
from tests.sandbox.raw_bot import RawBot

pytestmark = BROWSER


async def test_an_open_page_goes_on_after_a_restart(page: Page, watch: Watch, tmp_path: Path) -> None:
    """The same messages, pictures and buttons are there, what was typed too; then an administrator starts anew."""
    for noise in ("WebSocket", "ERR_CONNECTION_REFUSED", "404"):
        watch.expect(noise)
    grid = {"content": "a grid", "components": [row(button("U1", "u1"))]}
    async with serve(folder=tmp_path / "chat", clock=UnhurriedClock()) as before, aiohttp.ClientSession() as http:
        await page.goto(before.url)
        await RawBot(http, before).post_message(grid, files=[("grid.png", png(64, 64, "#b3402e"))])
        await expect(page.get_by_role("button", name="Enlarge picture: grid.png")).to_be_visible()
        await page.get_by_role("textbox", name="Message #studio").fill("half a mess")
    await expect(page.get_by_text("Connection lost")).to_be_visible()
    port = int(before.url.rpartition(":")[2])
    async with serve(folder=tmp_path / "chat", clock=UnhurriedClock(), port=port) as after:
        await expect(page.get_by_text("Connection lost")).to_be_hidden()
        await expect(page.get_by_role("textbox", name="Message #studio")).to_have_value("half a mess")
        await page.reload()
        tile = page.get_by_role("button", name="Enlarge picture: grid.png")
        await expect(tile).to_have_attribute("data-state", "shown")
        await page.get_by_role("button", name="U1").click()
        await expect(page.get_by_role("button", name="U1")).to_have_attribute("aria-busy", "true")
        assert [item.data["custom_id"] for item in after.world.interactions.values()] == ["u1"]
        await page.get_by_role("button", name="Clear the chat").click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Clear", exact=True).click()
        await expect(tile).to_have_count(0)
        await page.goto("about:blank")
