"""Private pictures in a real browser: only their member sees them, and their buttons work; and no bot."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import BROWSER
from tests.e2e.chat_page import become, open_channel
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import PAINTED, PRIVATE, command, imagine, pinned, wait_for_grid
from tests.e2e.test_feedback import private, take_screenshots

pytestmark = [*BROWSER, pytest.mark.timeout(600)]

PROMPT = "a yellow moon on the sea"


async def painted(page: Page, message: Locator) -> Locator:
    """Return the message once it shows a private grid."""
    grid = await pinned(page, message)
    await wait_for_grid(grid)
    await expect(grid).to_contain_text(PRIVATE)
    return grid


async def test_private_pictures_are_seen_by_their_member_alone(page: Page, easel: RunningEasel) -> None:
    """U1 and V1 are private too; another member finds nothing; ✉️ and a server without the bot reach who asks."""
    await page.goto(easel.address)
    await become(page, "Ben")
    await imagine(page, "#studio", f"{PROMPT} --stealth")
    waiting = await pinned(page, page.locator("[data-message-id]").filter(has_text=PROMPT).first)
    await take_screenshots(page, "e2e-private-0-waiting")
    grid = await painted(page, waiting)
    await grid.get_by_role("button", name="U1").click()
    single = await pinned(page, private(page, f"{PROMPT} --stealth - Image #1"))
    await expect(single.get_by_role("button", name="✉️")).to_be_visible(timeout=PAINTED)
    await grid.get_by_role("button", name="V1").click()
    await painted(page, private(page, f"{PROMPT} - Variations by"))
    await take_screenshots(page, "e2e-private-1-varied")
    await single.get_by_role("button", name="✉️").click()
    await expect(private(page, "Sent to your direct messages.")).to_be_visible()

    await become(page, "Cleo")
    await expect(page.locator("[data-message-id]").filter(has_text=PROMPT)).to_have_count(0)
    await command(page, "/search words: moon whose: server")
    await expect(private(page, "Nothing was found.")).to_be_visible()
    await expect(page.get_by_text(PROMPT)).to_have_count(0)
    await take_screenshots(page, "e2e-private-2-search")

    await become(page, "Ben")
    await open_channel(page, "Easel")
    sent = page.locator("[data-message-id]").filter(has_text=PROMPT).last
    await expect(sent).to_contain_text("seed")
    await expect(sent.get_by_role("img").first).to_be_visible()
    await take_screenshots(page, "e2e-private-3-sent")
    await open_channel(page, "terrace")
    await imagine(page, "#terrace", "a red star")
    star = await pinned(page, page.locator("[data-message-id]").filter(has_text="a red star").last)
    await wait_for_grid(star)
    await take_screenshots(page, "e2e-private-4-elsewhere")


async def test_private_pictures_in_a_direct_message(page: Page, easel: RunningEasel) -> None:
    """Only the two of them read there, so that the option makes no difference that its member would see."""
    await page.goto(easel.address)
    await become(page, "Cleo")
    await open_channel(page, "Easel")
    await imagine(page, "@Easel", "a white moon in the night sky private: True")
    grid = await pinned(page, page.locator("[data-message-id]").filter(has_text="a white moon in the night sky").last)
    await wait_for_grid(grid)
    await take_screenshots(page, "e2e-private-5-direct")
    await become(page, "Ben")
    await open_channel(page, "studio")
    await command(page, "/search words: white moon whose: server")
    await expect(private(page, "Nothing was found.")).to_be_visible()
    await expect(page.get_by_text("a white moon")).to_have_count(0)
