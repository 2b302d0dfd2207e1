"""The panels of settings in a real browser: each control does what it says, in one message that changes in place."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from bot.replies import own_settings_replies, plan_command_replies
from sandbox.server import Sandbox
from tests.bot.commands.test_settings import LIMITS
from tests.bot.conftest import BotStarter
from tests.browser import NARROW, WIDE, browsing, leaving, take_screenshot

pytestmark = pytest.mark.browser


async def panel_of(page: Page, command: str, title: str) -> Locator:
    """Send the command, and return the panel that answers it."""
    box = page.get_by_role("textbox", name="Message #studio")
    await box.click()
    await box.press_sequentially(command)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    panel = page.locator("[data-message-id]").filter(has_text=title).last
    await expect(panel).to_be_visible()
    number = await panel.get_attribute("data-message-id")
    return page.locator(f"[data-message-id='{number}']")


async def choose(page: Page, panel: Locator, verb: str, *options: str) -> None:
    """Choose the options of the panel's select."""
    await panel.locator(f"[data-custom-id='e1:{verb}:v1']").click()
    for option in options:
        await page.get_by_role("option", name=option).first.click()
    await page.keyboard.press("Escape")


async def take_screenshots(page: Page, name: str) -> None:
    """Take one in light, one in dark and one as wide as a phone."""
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await take_screenshot(page, f"{name}-{scheme}")
    await page.set_viewport_size(NARROW)
    await take_screenshot(page, f"{name}-phone")
    await page.set_viewport_size(WIDE)


async def look_through_pages(page: Page, server: Locator) -> None:
    """Change something on each page of the server's panel, and come back to the first."""
    await server.get_by_role("button", name="Gallery").click()
    await choose(page, server, "gallerychannel", "#gallery")
    await expect(server).to_contain_text("Pictures that 3 members like are posted in #gallery")
    await take_screenshots(page, "panel-gallery")
    await server.get_by_role("button", name="Limits").click()
    await server.get_by_role("button", name="Make or change a plan…").click()
    await page.get_by_role("textbox", name=str(plan_command_replies.NAME_LABEL)).fill("Gold")
    await page.get_by_role("textbox", name=str(plan_command_replies.DAY_LABEL)).fill("30m")
    await take_screenshots(page, "panel-plan-form")
    await page.get_by_role("button", name="Submit").click()
    await expect(server).to_contain_text("Gold: 30 min of GPU time a day, 40 unfinished jobs")
    await take_screenshots(page, "panel-limits")
    await server.get_by_role("button", name="Safety").click()
    await choose(page, server, "safetyelsewhere", "Behind a spoiler")
    await expect(server).to_contain_text("Unsafe pictures in other channels: Behind a spoiler")
    await take_screenshots(page, "panel-safety")
    await server.get_by_role("button", name="General").click()
    await expect(server).to_contain_text("Members start jobs in #gallery")


async def test_settings_are_changed_in_place(start_bot: BotStarter, sandbox: Sandbox) -> None:
    """By a member for their prompts, and by an administrator for the server; with words for whoever cannot see."""
    async with start_bot(limits=LIMITS), browsing() as browser:
        page = await browser.new_page(viewport=WIDE, reduced_motion="reduce", locale="en-GB")
        async with leaving(page):
            await page.goto(sandbox.url)
            own = await panel_of(page, "/settings", "Your settings")
            await choose(page, own, "ownmodel", "oil")
            await expect(own).to_contain_text("--model oil")
            await choose(page, own, "ownshape", "Wide (3:2)")
            await expect(own).to_contain_text("--model oil --ar 3:2")
            await own.get_by_role("button", name="Make private").click()
            await expect(own).to_contain_text("only you see what you start")
            await own.get_by_role("button", name="Change…").click()
            await page.get_by_role("textbox", name=str(own_settings_replies.SUFFIX_LABEL)).fill("--no text")
            await page.get_by_role("button", name="Submit").click()
            await expect(own).to_contain_text("--stealth --no text")
            await take_screenshots(page, "panel-own")

            server = await panel_of(page, "/server settings", "Easel in this server")
            await choose(page, server, "serverchannels", "#gallery")
            await expect(server).to_contain_text("Members start jobs in #gallery")
            await server.get_by_role("button", name="Pause").click()
            await expect(server).to_contain_text("Paused: nobody can start jobs here")
            await take_screenshots(page, "panel-server")
            await look_through_pages(page, server)
            await choose(page, server, "serverlanguage", "Deutsch")
            await expect(server).to_contain_text("Easel auf diesem Server")
            changes = await panel_of(page, "/server changes", "hat die Kanäle für Easel")
            await expect(changes).to_contain_text("hat Easel hier angehalten")
            await take_screenshots(page, "panel-german")
