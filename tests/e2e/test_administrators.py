"""An administrator in a real browser: every command of theirs, and what it means for two members."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import BROWSER
from tests.e2e.chat_page import ask, become, open_channel, painted, told
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import PAINTED, imagine
from tests.e2e.test_feedback import take_screenshots

pytestmark = [*BROWSER, pytest.mark.timeout(600)]


async def test_an_administrator_sets_the_rules(page: Page, easel: RunningEasel) -> None:
    """Plans, the queue, words and the panel; members meet each of them, and no others can set any."""
    await page.goto(easel.address)
    await set_plans(page)
    await look_after_the_queue(page)
    await forbid_words(page)
    panel = await ask(page, "/server settings ", "Easel in this server")
    for part, said in (("Gallery", "gallery"), ("Limits", "plan"), ("Safety", "unsafe"), ("General", "Jobs.")):
        await panel.get_by_role("button", name=part, exact=True).click()
        await expect(panel).to_contain_text(re.compile(said, re.IGNORECASE))
        await take_screenshots(page, f"administrator-3-{part.lower()}")
    await panel.get_by_role("button", name="Pause").click()
    await expect(panel).to_contain_text("Paused: nobody can start jobs here")
    await panel.locator("[data-custom-id='e1:servercollecting:v1']").click()
    await expect(panel).to_contain_text("Nothing that happens here is used or published.")
    await become(page, "Ben")
    await imagine(page, "#studio", "a red star")
    await expect(told(page, "administrators have paused Easel here")).to_be_visible()
    await page.get_by_role("textbox", name="Message #studio").fill("/server")
    await expect(page.get_by_role("option", name="/server settings")).to_have_count(0)
    await page.get_by_role("textbox", name="Message #studio").fill("")
    await become(page, "Ada")
    panel = await ask(page, "/server settings ", "Paused: nobody can start jobs here")
    await panel.get_by_role("button", name="Resume").click()
    await panel.locator("[data-custom-id='e1:servercollecting:v1']").click()
    await expect(panel).to_contain_text("Members can start jobs here.")
    await ask(page, "/consent server collecting: on", "may be used")
    await ask(page, "/server changes ", "ended the pause")
    await take_screenshots(page, "administrator-4-changes")
    await ask(page, "/export status ", "export")


async def set_plans(page: Page) -> None:
    """Give a role a plan, which its member reads, and take it away."""
    await ask(page, "/plan list ", "This server has no plans")
    await ask(page, "/plan set plan: gold gpu_per_day: 30m queue: 60", "gold: 30 min of GPU time a day")
    await set_numbers(page)
    await ask(page, "/plan role role: @Patrons plan: gold", "has the plan gold now.")
    await ask(page, "/plan default plan: gold", "Members whose roles have no plan have gold now.")
    await ask(page, "/plan list ", "gold (@Patrons, the default)")
    await take_screenshots(page, "administrator-0-plans")
    await become(page, "Cleo")
    await ask(page, "/info ", "Your plan is gold")
    await become(page, "Ada")
    await ask(page, "/plan default ", "have the standard one now.")
    await ask(page, "/plan remove plan: gold", "The plan gold is removed.")


async def set_numbers(page: Page) -> None:
    """Set the numbers of jobs in the plan by the form of the panel."""
    panel = await ask(page, "/server settings ", "Easel in this server")
    await panel.get_by_role("button", name="Limits", exact=True).click()
    await panel.get_by_role("button", name="Numbers of jobs…").click()
    form = page.get_by_role("dialog")
    await form.get_by_role("combobox").click()
    await page.get_by_role("option", name="gold").click()
    await form.get_by_role("textbox", name="Jobs of a member that are painted at once").fill("2")
    await form.get_by_role("textbox", name="Jobs of one prompt by --repeat").fill("9")
    await take_screenshots(page, "administrator-0-numbers")
    await form.get_by_role("button", name="Submit").click()
    await expect(panel).to_contain_text("2 jobs at once, 60 unfinished jobs, --repeat up to 9")


async def look_after_the_queue(page: Page) -> None:
    """Look at the queue, stop it, wait until it is empty, and let it go on."""
    await ask(page, "/queue list ", "Painted: 0. Waiting: 0.")
    await ask(page, "/queue pause ", "This server is paused")
    await ask(page, "/queue drain ", "Nothing of this server is painted any more.")
    await ask(page, "/queue resume ", "Members can start jobs again.")
    await ask(page, "/queue quarantine ", "No job of this server is in quarantine.")
    await ask(page, "/queue cost days: The last 30 days", "last 30 days")
    await take_screenshots(page, "administrator-1-queue")


async def forbid_words(page: Page) -> None:
    """Forbid a word, which a member meets, and allow it again."""
    await ask(page, "/safety words add words: gore, blood*", "may no longer have gore, blood*")
    await ask(page, "/safety words list ", "may not have blood*, gore")
    await ask(page, "/safety words test prompt: a bloody star", "would be refused, because of blood*")
    await ask(page, "/safety pictures ", "Unsafe pictures in other channels: Not at all")
    await take_screenshots(page, "administrator-2-safety")
    await become(page, "Ben")
    await imagine(page, "#studio", "a star with gore")
    refused = told(page, 'does not allow "gore"')
    await expect(refused.get_by_role("button", name="Appeal")).to_be_visible()
    await take_screenshots(page, "administrator-2-refused")
    await become(page, "Ada")
    for word in ("gore", "blood*"):
        await ask(page, f"/safety words remove word: {word}", f"may have {word} again")


async def test_the_gallery_is_filled_by_votes_and_opened_to_the_web(page: Page, easel: RunningEasel) -> None:
    """What one member likes is posted; what its owner agrees to publish is on the page, until it is closed."""
    await page.goto(easel.address)
    await ask(
        page, "/gallery channel set: #gallery threshold: 1", "Pictures that 1 member likes are posted in #gallery"
    )
    opened = await ask(page, "/gallery page open: True", "Everybody with this address sees it.")
    address = await opened.get_by_role("link").get_attribute("href")
    assert address and "/gallery/" in address
    await become(page, "Ben")
    grid = await painted(page, "a red heart at sunset")
    await agree_to_publish(page)
    await become(page, "Cleo")
    await grid.get_by_role("button", name="😍").click()
    await expect(told(page, "Rated 😍")).to_be_visible()
    await open_channel(page, "gallery")
    post = page.locator("[data-message-id]").filter(has_text="a red heart at sunset").last
    await expect(post.get_by_role("img").first).to_be_visible(timeout=PAINTED)
    await take_screenshots(page, "gallery-0-post")
    await visit(page, address)
    await open_channel(page, "studio")
    best = await ask(page, "/gallery show best: Best of the day", "Best of the day")
    await expect(best).to_contain_text("a red heart at sunset")
    await become(page, "Ada")
    await ask(page, "/gallery channel clear: True", "Nothing more is posted in the gallery channel.")
    await ask(page, "/gallery page open: False", "There is no page any more.")
    response = await page.request.get(address)
    assert response.status == 404


async def agree_to_publish(page: Page) -> None:
    """Agree to it in `/privacy`."""
    form = await ask(page, "/privacy ", "Stored of you")
    await form.get_by_role("button", name="Change choices").click()
    await form.get_by_role("button", name="Publish: off").click()
    await expect(form.get_by_role("button", name="Publish: on")).to_be_visible()
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_contain_text("Publish: on.")


async def visit(page: Page, address: str) -> None:
    """Open the web gallery in another tab, and the picture in it by keyboard."""
    tab = await page.context.new_page()
    await tab.goto(address)
    await expect(tab.locator(".tiles img").first).to_be_visible()
    await take_screenshots(tab, "gallery-1-page")
    await tab.locator(".tiles a").first.press("Enter")
    await expect(tab.locator("h1")).to_have_text("a red heart at sunset")
    await take_screenshots(tab, "gallery-2-picture")
    await tab.close()
