"""Accessibility of the chat page: contrast, names, keyboard, narrow screens, long logs. It saves screenshots."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser import BROWSER, NARROW, WIDE, take_screenshot
from tests.sandbox.page.discord_objects import (
    ADA,
    BEN,
    EASEL,
    button,
    grid_buttons,
    message,
    picture,
    row,
    sandbox_state,
)
from tests.sandbox.page.fake_discord import FakeDiscord, png

pytestmark = BROWSER
JSON = dict[str, Any]


def conversation() -> list[JSON]:
    """A bit of everything that members see."""
    asked = {"id": "5", "type": 2, "user": ADA, "name": "imagine"}
    grid = message(
        EASEL,
        f"**a red circle on a blue table, soft morning light** - <@{ADA['id']}> (fast)",
        age=timedelta(minutes=50),
        type=20,
        attachments=[picture("grid.png")],
        components=grid_buttons(),
        interaction_metadata=asked,
        reactions=[{"emoji": {"id": None, "name": "⭐"}, "count": 2, "me": True}],
    )
    single = message(
        EASEL,
        f"**a red circle** - Image #2 <@{BEN['id']}>",
        age=timedelta(minutes=20),
        type=19,
        message_reference={"message_id": grid["id"]},
        referenced_message=grid,
        attachments=[picture("preview.png", 128, 128)],
        components=[row(button("Vary", "v", style=1), button("Off", "o", disabled=True), button("Stop", "s", style=4))],
    )
    info = {"title": "Your info", "description": "**Queued**: 2", "color": 0x4054C4, "footer": {"text": "since Monday"}}
    return [
        message(BEN, "Try `--ar 16:9`, and a ||surprise||\n> with *care*\n-# please", age=timedelta(hours=30)),
        grid,
        single,
        message(EASEL, embeds=[info], age=timedelta(minutes=9)),
        message(EASEL, "Your queue is **full**.", flags=64),
    ]


@pytest.fixture
def busy(discord: FakeDiscord) -> FakeDiscord:
    """A fake sandbox with a conversation in #studio."""
    discord.state = sandbox_state(studio=conversation(), gallery=[message(BEN, "hi")])
    discord.pictures = {"grid.png": png(512, 512, "#b3402e"), "preview.png": png(128, 128, "#356b8c")}
    return discord


# The contrast of each text with what is painted behind it, as WCAG 2.2 counts it.
TOO_FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, under) => top.map((c, i) => i < 3 ? c * top[3] / 255 + under[i] * (1 - top[3] / 255) : 255);
  const behind = (node) => {
    if (!node) return [255, 255, 255, 255];
    const own = rgba(getComputedStyle(node).backgroundColor);
    return own[3] === 255 ? own : over(own, behind(node.parentElement));
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const isSeen = node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!isSeen || !walk.currentNode.data.trim()) continue;
    if (node.closest(":disabled, noscript, .spoiler, .avatar[data-hue=bot]")) continue;
    const ground = behind(node);
    const [a, b] = [light(over(rgba(getComputedStyle(node).color), ground)), light(ground)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) faint.push(`${node.className || node.tagName} "${node.textContent}" ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("size", "viewport"), [("wide", WIDE), ("narrow", NARROW)])
async def test_both_themes_are_readable(
    page: Page, busy: FakeDiscord, scheme: Any, size: str, viewport: ViewportSize
) -> None:
    """Every text has a contrast of at least 4.5 to 1, and nothing is wider than the screen."""
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size(viewport)
    await page.goto(busy.url)
    await expect(page.get_by_text("Your queue is full.")).to_be_in_viewport()
    await take_screenshot(page, f"page-{scheme}-{size}")
    assert await page.evaluate(TOO_FAINT) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert await page.get_by_role("log").evaluate("node => node.scrollWidth <= node.clientWidth")


async def test_a_narrow_screen_opens_the_channels_on_demand(page: Page, busy: FakeDiscord) -> None:
    """At 380 pixels the channels come with a button, go with Escape or once chosen; commands use the width."""
    await page.set_viewport_size(NARROW)
    # The menu that slides in takes the focus like the one that is there at once.
    await page.emulate_media(reduced_motion="no-preference")
    await page.goto(busy.url)
    gallery = page.get_by_role("button", name="gallery")
    await expect(gallery).to_be_hidden()
    await page.get_by_role("button", name="Channels and members").click()
    await expect(page.get_by_role("button", name="studio")).to_be_focused()
    await take_screenshot(page, "page-narrow-channels")
    await page.keyboard.press("Escape")
    await expect(gallery).to_be_hidden()
    await expect(page.get_by_role("button", name="Channels and members")).to_be_focused()
    await page.keyboard.press("Enter")
    await gallery.click()
    await expect(gallery).to_be_hidden()
    await expect(page.get_by_role("log", name="Messages in gallery")).to_be_visible()
    await page.keyboard.type("/imagine a red circle negative: blue")
    for option in ("prompt: What to paint", "negative: What to leave out"):
        slot = page.locator(".slot", has=page.get_by_label(option))
        assert (await slot.evaluate("node => node.offsetWidth")) > 0.9 * NARROW["width"]
    await take_screenshot(page, "page-narrow-command")


NAMELESS = """() => [...document.querySelectorAll("button, a, input, textarea, [role=button], [role=combobox]")]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length))
  .map((node) => node.outerHTML.slice(0, 120))"""


async def test_landmarks_and_names(page: Page, busy: FakeDiscord) -> None:
    """The page has its landmarks, one first heading, and every control has a name."""
    await page.goto(busy.url)
    await expect(page.get_by_text("Your queue is full.")).to_be_visible()
    for role in ("main", "complementary", "navigation", "log"):
        await expect(page.get_by_role(role)).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert await page.evaluate(NAMELESS) == []


async def test_messages_are_walked_by_keyboard(page: Page, busy: FakeDiscord) -> None:
    """Up from an empty box reaches the newest message, arrows go on, its tools follow, Escape returns."""
    await page.goto(busy.url)
    box = page.get_by_role("textbox", name="Message #studio")
    await expect(box).to_be_focused()
    await page.keyboard.press("ArrowUp")
    rows = page.locator("[data-message-id]")
    await expect(rows.last).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(rows.nth(3)).to_be_focused()
    await expect(rows.nth(3).get_by_role("button", name="Reply", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(box).to_be_focused()


async def test_a_long_log_opens_at_its_end_and_is_whole(page: Page, discord: FakeDiscord) -> None:
    """Of five hundred messages the newest show at once, the rest on the way up, and what comes is followed."""
    every = [message(EASEL, f"**line {n}** - <@{ADA['id']}>", components=grid_buttons()) for n in range(500)]
    discord.state = sandbox_state(studio=every)
    await page.goto(discord.url)
    await discord.until(lambda: discord.sockets)
    await expect(page.get_by_text("line 499")).to_be_in_viewport()
    await discord.push("MESSAGE_CREATE", message(BEN, "and one more"))
    await expect(page.get_by_text("and one more")).to_be_in_viewport()
    rows = page.locator("[data-message-id]")
    for shown in range(51, 501, 50):
        await expect(rows).to_have_count(shown)
        await page.get_by_role("log").evaluate("node => { node.scrollTop = 0; }")
    await expect(rows).to_have_count(501)
    await expect(rows.first).to_contain_text("line 0")
