"""Moderators in a real browser: what two members report and a third one appeals against, decided by two moderators."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.browser import BROWSER, PATIENCE_MS, WIDE, Watch
from tests.e2e.chat_page import ask, become, open_channel, painted, told, use_menu
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import imagine, newest, pinned, wait_for_grid
from tests.e2e.test_feedback import take_screenshots

pytestmark = [*BROWSER, pytest.mark.timeout(600)]

PROMPT = "a purple cloud at night"


async def report(page: Page, grid: Locator, picture: str, reason: str) -> None:
    """Report one picture of the grid by the menu of its message."""
    await use_menu(page, grid, "Report")
    form = page.get_by_role("dialog")
    await form.get_by_role("radio", name=picture).check()
    await form.get_by_role("radio", name=reason).check()
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_have_count(0)


def case_of(page: Page, title: str) -> Locator:
    """The message of the case in the moderators' channel."""
    return page.locator("[data-message-id]").filter(has_text=title).filter(has_not_text="Only you can see").last


async def appeal(page: Page, refused: Locator) -> None:
    """Appeal against what was refused."""
    message = await pinned(page, refused)
    await message.get_by_role("button", name="Appeal").click()
    await expect(message).to_contain_text("Your appeal is with the moderators of this server.")


async def test_reports_and_appeals_are_decided(page: Page, browser: Browser, watch: Watch, easel: RunningEasel) -> None:
    """Of two moderators at once one decides; a time out and a ban are met, appealed against and ended."""
    # Of two who press at once, the slower one may press a button that is gone.
    watch.expect("404 (Not Found)")
    await page.goto(easel.address)
    context = await browser.new_context(viewport=WIDE, reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    dora = await context.new_page()
    await dora.goto(easel.address)
    await become(dora, "Dora")
    await open_channel(dora, "gallery")
    await ask(page, "/safety channel set: #gallery", "Reports are posted in #gallery.")
    await become(page, "Ben")
    grid = await painted(page, PROMPT)
    await become(page, "Cleo")
    for picture, reason in (("Image #1", "Violence or gore"), ("Image #3", "Something else"), ("Image #4", "Sexual")):
        await report(page, grid, picture, reason)
    await decide_together(page, dora)
    await time_out(page, dora)
    await ban(page, dora, grid)
    await ask(page, "/safety channel clear: True", "Reports are posted nowhere any more.")
    await dora.goto("about:blank")
    await context.close()


async def pressed_in_time(button: Locator) -> bool:
    """Press the button; False if the other moderator's press has taken it away before."""
    try:
        await button.dispatch_event("click", timeout=5_000)
    except PlaywrightTimeout:
        return False
    return True


async def decide_together(page: Page, dora: Page) -> None:
    """Let a member try, and then two moderators press different buttons of the same case at once."""
    await open_channel(page, "gallery")
    await case_of(page, "Image #1 of").get_by_role("button", name="Remove").click()
    await expect(told(page, "You need the permission Time out members or Manage Messages")).to_be_visible()
    await become(page, "Ada")
    await open_channel(page, "gallery")
    here, there = case_of(page, "Image #1 of"), case_of(dora, "Image #1 of")
    await expect(there.get_by_role("button", name="Keep")).to_be_visible()
    await here.scroll_into_view_if_needed()
    await take_screenshots(page, "moderators-0-cases")
    pressed = await asyncio.gather(
        pressed_in_time(here.get_by_role("button", name="Keep")),
        pressed_in_time(there.get_by_role("button", name="Remove")),
    )
    decided = 0
    for one in (one for one, in_time in zip((page, dora), pressed, strict=True) if in_time):
        case = case_of(one, "Image #1 of")
        await expect(case.get_by_role("button", name="Keep")).to_have_count(0)
        # Who is slower reads how it was decided, or finds the button gone.
        answer = told(one, "by @").or_(case.get_by_role("alert")).first
        await expect(answer).to_contain_text(re.compile("by @|no longer|does not exist"))
        said = await answer.inner_text()
        decided += "by @" in said and "This was decided before you pressed" not in said
    assert decided == 1


async def time_out(page: Page, dora: Page) -> None:
    """Time the owner out; they appeal, and are let in again and told so."""
    await case_of(dora, "Image #3 of").get_by_role("button", name="Time out…").click()
    form = dora.get_by_role("dialog")
    await form.get_by_role("radio", name="1 day").check()
    await form.get_by_role("textbox").fill("Read the rules")
    await form.get_by_role("radio", name="Leave it").check()
    await take_screenshots(dora, "moderators-1-time-out")
    await form.get_by_role("button", name="Submit").click()
    await expect(told(dora, "Timed out until")).to_be_visible()
    await become(page, "Ben")
    await open_channel(page, "studio")
    await imagine(page, "#studio", "a red cloud")
    await appeal(page, told(page, "Moderators of this server have timed you out"))
    await take_screenshots(page, "moderators-2-appealed")
    case = case_of(dora, "against a time out")
    await case.get_by_role("button", name="Accept").click()
    await expect(case).to_contain_text("Appeal accepted by")
    await take_screenshots(dora, "moderators-3-accepted")
    await open_channel(page, "Easel")
    await expect(page.get_by_text("Your time out there is over.").last).to_be_visible()
    await open_channel(page, "studio")
    await imagine(page, "#studio", "a red cloud on the sea --steps 4")
    await wait_for_grid(newest(page, "a red cloud on the sea"))


async def ban(page: Page, dora: Page, grid: Locator) -> None:
    """Ban the owner and remove the picture; an administrator finds them in the list and lets them in again."""
    await case_of(dora, "Image #4 of").get_by_role("button", name="Ban…").click()
    form = dora.get_by_role("dialog")
    await form.get_by_role("textbox").fill("Spam")
    await form.get_by_role("button", name="Submit").click()
    await expect(told(dora, "Banned, picture removed by")).to_be_visible()
    await expect(grid).to_have_count(0)
    await imagine(page, "#studio", "a red cloud")
    await expect(told(page, "Moderators of this server have banned you from using Easel here.")).to_be_visible()
    await take_screenshots(page, "moderators-4-banned")
    await become(page, "Ada")
    await ask(page, "/safety members ", "@Ben: banned, by @Dora")
    await ask(page, "/safety allow member: Ben", "can start jobs in this server again.")
    await ask(page, "/safety cases ", "Allowed again by @Ada")
    await take_screenshots(page, "moderators-5-list")
