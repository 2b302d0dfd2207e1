"""What members do in the chat page: be somebody, somewhere, in a language; send commands, and use menus of messages."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from tests.e2e.test_chat_page import PRIVATE, imagine, newest, pinned, wait_for_grid


async def become(page: Page, name: str) -> None:
    """Go on as the member of that name."""
    await page.get_by_role("button", name="Switch member").click()
    await page.get_by_role("option", name=name).click()
    await expect(page.get_by_role("button", name=f"You are {name}")).to_be_visible()


async def open_channel(page: Page, name: str) -> None:
    """Open a channel of the list, whatever is unread there."""
    await page.get_by_role("navigation").get_by_role("button", name=re.compile(f"^{name}(,|$)")).click()


async def speak(page: Page, language: str) -> None:
    """Let the member's Discord be in that language."""
    await page.get_by_role("button", name="Language of your Discord").click()
    await page.get_by_role("option", name=language).click()
    await expect(page.get_by_role("button", name=f"Language of your Discord: {language}")).to_be_visible()


async def send(page: Page, typed: str) -> None:
    """Send a command in the open channel; it names its options, and is followed by a blank where it has none."""
    await page.get_by_role("textbox", name="Message ").fill(typed)
    await page.keyboard.press("Enter")


def told(page: Page, text: str) -> Locator:
    """The newest answer to the member alone that says this, and is not the question for consent, which quotes it."""
    answers = page.locator("[data-message-id]").filter(has_text=text).filter(has_text=PRIVATE)
    return answers.filter(has_not=page.locator("[data-custom-id^='e1:training:']")).last


async def ask(page: Page, typed: str, said: str) -> Locator:
    """Send a command, and return the answer that says this to its member alone.

    Older answers may say the same, and so does the question for consent after it, which quotes it.
    """
    saying = page.locator("[data-message-id]").filter(has_text=said).filter(has_text=PRIVATE)
    before = await saying.count()
    await send(page, typed)
    await expect(saying).not_to_have_count(before)
    return await pinned(page, saying.nth(before))


async def painted(page: Page, prompt: str, shown: str = "") -> Locator:
    """Imagine in #studio, and return the grid once it is there; its message may say another prompt."""
    await imagine(page, "#studio", prompt)
    grid = await pinned(page, newest(page, shown or prompt))
    await wait_for_grid(grid)
    return grid


async def use_menu(page: Page, message: Locator, entry: str) -> None:
    """Choose an entry of the message's menu."""
    await message.hover()
    toolbar = page.get_by_role("toolbar", name="Message actions")
    await toolbar.get_by_role("button", name="Apps").click()
    await page.get_by_role("option", name=entry, exact=True).click()
