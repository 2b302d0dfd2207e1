"""End to end in a real browser: pictures that a member attaches to commands."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import BROWSER, take_screenshot
from tests.e2e.chat_page import send
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import PAINTED, newest, wait_for_grid
from tests.engine.uploads.pictures import WHOLE

pytestmark = [*BROWSER, pytest.mark.timeout(600)]


async def attach(page: Page, label: str, name: str) -> None:
    """Choose a file for an option of the command that is being written."""
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name=label).click()
    await (await choosing.value).set_files({"name": name, "mimeType": "image/png", "buffer": WHOLE[name]()})


async def test_attach_a_picture_and_blend_two(page: Page, easel: RunningEasel) -> None:
    """`/imagine` starts from a picture or keeps its edges, `/blend` starts from two, and `/describe` describes one."""
    await page.goto(easel.address)
    box = page.get_by_role("textbox", name="Message #studio")
    await box.click()
    await box.press_sequentially("/imagine prompt: a red circle --iw 2")
    await page.get_by_role("button", name="+ image", exact=True).click()
    await attach(page, "image: A picture to start from", "photo.jpg")
    await page.get_by_role("button", name="Send", exact=True).click()
    await wait_for_grid(newest(page, "a red circle --iw 2"))
    await take_screenshot(page, "e2e-7-attached")

    await box.click()
    await box.press_sequentially("/imagine prompt: a blue house --control tiny")
    await page.get_by_role("button", name="+ image", exact=True).click()
    await attach(page, "image: A picture to start from", "photo.jpg")
    await page.get_by_role("button", name="Send", exact=True).click()
    await wait_for_grid(newest(page, "a blue house --control tiny"))
    await take_screenshot(page, "e2e-7-controlled")

    await box.click()
    await box.press_sequentially("/blend ")
    await attach(page, "image1: A picture to blend", "photo.png")
    await attach(page, "image2: A picture to blend", "palette.png")
    await page.get_by_role("button", name="Send", exact=True).click()
    await wait_for_grid(newest(page, "picture:").filter(has_not_text="a red circle"))
    await take_screenshot(page, "e2e-8-blended")

    await box.click()
    await box.press_sequentially("/describe ")
    await attach(page, "image: The picture", "photo.png")
    await page.get_by_role("button", name="Send", exact=True).click()
    described = newest(page, "Described for")
    await expect(described.get_by_role("listitem")).to_have_count(4, timeout=PAINTED)


async def test_a_film_leads_from_one_prompt_to_another(page: Page, easel: RunningEasel) -> None:
    await page.goto(easel.address)
    await send(page, "/interpolate from: a red ring --steps 4 to: a blue ring")
    film = newest(page, "a red ring")
    await wait_for_grid(film)
    await take_screenshot(page, "e2e-9-film")
