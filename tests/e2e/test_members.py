"""A member in a real browser: finds their way and their pictures, uses menus, and sets what they like."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import BROWSER
from tests.e2e.chat_page import ask, become, open_channel, painted, send, told, use_menu
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import PAINTED, newest, pinned, wait_for_grid
from tests.e2e.test_feedback import take_screenshots

pytestmark = [*BROWSER, pytest.mark.timeout(600)]


async def test_a_member_finds_their_way_and_their_pictures(page: Page, easel: RunningEasel) -> None:
    """Help and what is theirs; the menu of a grid; lists whose numbers bring pictures back."""
    await page.goto(easel.address)
    await become(page, "Ben")
    await find_the_way(page)
    grid = await painted(page, "a green tree on the grass")
    await use_every_entry(page, grid)
    await find_pictures(page)


async def test_what_a_member_prefers_holds_for_their_prompts(page: Page, easel: RunningEasel) -> None:
    """A suffix, a parameter of their own, remix, direct messages and the panel; all of it ends again."""
    await page.goto(easel.address)
    await become(page, "Ben")
    await ask(page, "/prefer suffix new_value: --no text", "Each of your prompts now ends with --no text")
    await ask(page, "/prefer option set option: mine value: on the sea", "--mine in your prompts stands for on the sea")
    await take_screenshots(page, "member-4-preferences")
    await ask(page, "/prefer option list ", "--mine on the sea")
    await ask(page, "/prefer auto_dm ", "auto_dm is on")
    grid = await painted(page, "a yellow boat --mine", "a yellow boat on the sea")
    await ask(page, "/prefer remix ", "Remix is on")
    await grid.get_by_role("button", name="V1").click()
    form = page.get_by_role("dialog")
    await take_screenshots(page, "member-5-remix")
    await form.get_by_role("textbox").fill("a purple boat")
    await form.get_by_role("button", name="Submit").click()
    await wait_for_grid(newest(page, "a purple boat"))
    panel = await ask(page, "/settings ", "Your settings")
    await take_screenshots(page, "member-6-settings")
    await panel.get_by_role("button", name="Make private").click()
    await expect(panel).to_contain_text("only you see what you start")
    await panel.get_by_role("button", name="Reset all of these").click()
    await expect(panel).to_contain_text("Your prompts are taken as they are.")
    await expect(panel).to_contain_text("everybody in the channel sees what you start")
    await ask(page, "/prefer option remove option: mine", "--mine is removed.")
    await ask(page, "/prefer suffix ", "Nothing is added to your prompts any more.")
    await open_channel(page, "Easel")
    sent = page.locator("[data-message-id]").filter(has_text="a yellow boat").last
    await expect(sent.get_by_role("img").first).to_be_visible()
    await take_screenshots(page, "member-7-direct-message")


async def find_the_way(page: Page) -> None:
    """Read each page of the help, and what is known of the member."""
    await ask(page, "/help ", "How to begin")
    await take_screenshots(page, "member-0-help")
    for topic, said in (
        ("prompts", "What prompts can say"),
        ("buttons", "Under four pictures"),
        ("models", "Models here"),
        ("commands", "Commands"),
    ):
        answer = await ask(page, f"/help about: {topic}", said)
    await expect(answer).not_to_contain_text("/safety")
    await take_screenshots(page, "member-1-commands")
    await ask(page, "/help parameter: --seed", "--seed")
    await ask(page, "/info ", "Your plan is")
    await ask(page, "/apikey show ", "Easel gives members no keys here.")
    await take_screenshots(page, "member-2-info")


async def use_every_entry(page: Page, grid: Locator) -> None:
    """Use each entry of the menu on the grid; it is kept in the end."""
    await use_menu(page, grid, "Recipe")
    recipe = await pinned(page, told(page, "model starter · size"))
    await expect(recipe).to_contain_text("Ben used Recipe")
    await expect(recipe).to_contain_text("a green tree on the grass --seed")
    await use_menu(page, grid, "Describe")
    await expect(newest(page, "Described for").get_by_role("listitem")).to_have_count(4, timeout=PAINTED)
    await use_menu(page, grid, "Use as picture prompt")
    form = page.get_by_role("dialog")
    words = form.get_by_role("textbox")
    await words.fill(f"{await words.input_value()}a blue tree")
    await form.get_by_role("button", name="Submit").click()
    await wait_for_grid(newest(page, "a blue tree"))
    await use_menu(page, grid, "Report")
    await form.get_by_role("radio", name="Something else").check()
    await form.get_by_role("button", name="Cancel").click()
    await use_menu(page, grid, "Delete mine")
    asked = await pinned(page, told(page, "Delete this message for everybody?"))
    await take_screenshots(page, "member-3-menu")
    await asked.get_by_role("button", name="Keep").click()
    await expect(asked).to_contain_text("Nothing was deleted.")
    await expect(grid).to_be_visible()


async def find_pictures(page: Page) -> None:
    """List the member's own pictures and the server's, and bring one back by its number and by its words."""
    listed = await ask(page, "/history ", "Your pictures")
    await expect(listed.get_by_role("img")).to_be_visible()
    await take_screenshots(page, "member-3-history")
    shown = page.locator("[data-message-id]").filter(has_text="a green tree").filter(has_not_text="Only you can see")
    before = await shown.count()
    found = await ask(page, "/search words: green tree", "a green tree on the grass")
    await found.get_by_role("button", name="1", exact=True).click()
    await expect(shown).to_have_count(before + 1)
    await wait_for_grid(shown.last)
    await send(page, "/show picture: green tree")
    await expect(shown).to_have_count(before + 2)
    await ask(page, "/search words: tree whose: This server's", 'Pictures in this server with "tree"')
    await ask(page, "/gallery show ", "Pictures in this server")
