"""What members do to a part of a picture and to prompts, in a real browser: cells, masks, describe and shorten."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import BROWSER, take_screenshot
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import PAINTED, imagine, newest, pinned, wait_for_grid
from tests.e2e.test_feedback import private, take_screenshots

pytestmark = [*BROWSER, pytest.mark.timeout(600)]


async def paint_mask(page: Page, link: str, prompt: str) -> None:
    """Open the page of the link in another tab, paint a stroke by mouse and a dab by keyboard, and send it."""
    tab = await page.context.new_page()
    await tab.goto(link)
    board = tab.locator("#board")
    # It is shown when the picture has been loaded.
    await expect(board).to_be_visible()
    box = await board.bounding_box()
    assert box
    await tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
    await tab.mouse.down()
    await tab.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5, steps=5)
    await tab.mouse.up()
    await board.press("ArrowDown")
    await board.press("Space")
    await tab.locator("#prompt").fill(prompt)
    await take_screenshots(tab, "e2e-mask")
    await tab.locator("#send").click()
    await expect(tab.locator("#status")).to_have_text(re.compile("Your job has started"))
    await tab.close()


async def test_a_part_is_painted_anew_and_prompts_are_suggested(page: Page, easel: RunningEasel) -> None:
    """By cells, by a mask painted on the bot's page, and by name; then the picture is described, a prompt shortened."""
    await page.goto(easel.address)
    await imagine(page, "#studio", "a blue house on the grass --seed 5")
    grid = await pinned(page, newest(page, "a blue house"))
    await wait_for_grid(grid)
    await grid.get_by_role("button", name="U1").click()
    picture = page.locator("[data-message-id]", has_text="Image #1", has=page.get_by_role("img")).last
    await expect(picture.get_by_role("button", name="Vary (Region)")).to_be_visible(timeout=PAINTED)
    picture = await pinned(page, picture)

    await picture.get_by_role("button", name="Vary (Region)").click()
    asked = await pinned(page, private(page, "Which part do you want to paint anew?"))
    await asked.get_by_role("button", name="5", exact=True).click()
    await expect(asked).to_contain_text("Chosen: 5.")
    await take_screenshots(page, "e2e-region")
    await asked.get_by_role("button", name="Paint these cells").click()
    await wait_for_grid(newest(page, "Variations (Region)"))

    await asked.get_by_role("button", name="Paint a mask").click()
    link = private(page, "Paint over what is to become new").get_by_role("link")
    address = await link.get_attribute("href")
    assert address and "/masks/" in address
    await paint_mask(page, address, "a red house on the grass")
    masked = newest(page, "a red house on the grass")
    await wait_for_grid(masked)
    await take_screenshot(page, "e2e-masked")

    await asked.get_by_role("button", name="Name it").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("What to paint anew").fill("blue")
    await form.get_by_label("Prompt for what is painted anew").fill("a red boat")
    await take_screenshot(page, "e2e-named")
    await form.get_by_role("button", name="Submit").click()
    await wait_for_grid(newest(page, "a red boat"))

    await picture.get_by_role("button", name="⋯").click()
    await private(page, "Image #1").get_by_role("button", name="Describe").click()
    described = await pinned(page, newest(page, "Described for"))
    await expect(described.get_by_role("listitem")).to_have_count(4, timeout=PAINTED)
    await described.get_by_role("button", name="1", exact=True).click()
    await take_screenshots(page, "e2e-described")

    box = page.get_by_role("textbox", name="Message #studio")
    await box.click()
    await box.press_sequentially("/shorten prompt: two yellow stars at night")
    await page.keyboard.press("Enter")
    shortened = await pinned(page, newest(page, "Shortened for"))
    await expect(shortened).to_contain_text("Shorter:", timeout=PAINTED)
    await take_screenshots(page, "e2e-shortened")
    await shortened.get_by_role("button", name="1", exact=True).click()
    await wait_for_grid(newest(page, "stars"))
