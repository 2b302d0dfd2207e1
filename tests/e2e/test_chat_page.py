"""End to end in a real browser: chat page, sandbox, bot, Postgres, engine and back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import BROWSER, take_screenshot
from tests.e2e.conftest import RunningEasel
from tests.easel.command import run_easel

pytestmark = [*BROWSER, pytest.mark.timeout(600)]

PAINTED = 180_000
"""The timeout for a grid in milliseconds; much longer than it takes, for machines under load."""


PRIVATE = "Only you can see this"


async def imagine(page: Page, channel: str, prompt: str) -> None:
    """Type /imagine with its option and a prompt into the channel's box and send it."""
    box = page.get_by_role("textbox", name=f"Message {channel}")
    await box.click()
    await box.press_sequentially(f"/imagine prompt: {prompt}")
    await page.keyboard.press("Enter")


def newest(page: Page, text: str) -> Locator:
    """The newest message that contains the text, of those that everybody sees; evaluated on each use."""
    return page.locator("[data-message-id]").filter(has_text=text, has_not_text=PRIVATE).last


async def pinned(page: Page, message: Locator) -> Locator:
    """A locator of that one message, even if newer ones quote it."""
    number = await message.get_attribute("data-message-id")
    return page.locator(f"[data-message-id='{number}']")


async def wait_for_grid(message: Locator) -> None:
    """Wait for the message's finished grid and all its buttons."""
    await expect(message.get_by_role("button", name="U1")).to_be_visible(timeout=PAINTED)
    for name in ("U4", "V1", "V4", "😖", "😍"):
        await expect(message.get_by_role("button", name=name)).to_be_enabled()
    await expect(message.locator("img").first).to_be_visible()


async def command(page: Page, name: str) -> None:
    """Type a command into the box of #studio and send it."""
    box = page.get_by_role("textbox", name="Message #studio")
    await box.click()
    await box.press_sequentially(name)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")


async def allow_training(page: Page) -> None:
    """Agree to training in `/privacy`, whatever was agreed to before."""
    await command(page, "/privacy")
    form = await pinned(page, page.locator("[data-message-id]").filter(has_text="Stored of you").last)
    await form.get_by_role("button", name="Change choices").click()
    switch = form.get_by_role("button", name="Train models")
    if "off" in await switch.inner_text():
        await switch.click()
    await expect(switch).to_have_text("Train models: on")
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_contain_text("Saved. Train models: on.")


def rows(export: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of one file of a raw export."""
    return [json.loads(line) for line in (export / f"{table}.jsonl").read_text().splitlines()]


async def upscale_both_ways(page: Page, single: Locator) -> None:
    """Press both buttons under a single picture, choose a size, and wait for the larger picture."""
    for kind, factor, size in (("Subtle", "4x", "512 x 512"), ("Creative", "2x", "256 x 256")):
        await single.get_by_role("button", name=f"Upscale ({kind})").click()
        asked = page.locator("[data-message-id]").filter(has_text=f"Upscale ({kind})").filter(has_text=PRIVATE).last
        await expect(asked).to_contain_text(f"{factor}: {size} pixels")
        await asked.get_by_role("button", name=factor).click()
        larger = newest(page, f"Upscaled to {size}")
        await expect(larger.get_by_role("button", name="Vary (Strong)")).to_be_visible(timeout=PAINTED)
        await expect(larger.get_by_role("img")).to_be_visible()
        await take_screenshot(page, f"e2e-5-{kind.lower()}")


async def test_imagine_rate_upscale_and_vary(page: Page, easel: RunningEasel, tmp_path: Path) -> None:
    """A member imagines, rates, changes the rating, upscales and varies; once they agree, an export has every press."""
    await page.goto(easel.address)
    await imagine(page, "#studio", "a red circle on a blue background --seed 3")
    await expect(newest(page, "a red circle").get_by_role("button", name="Cancel")).to_be_visible()
    await take_screenshot(page, "e2e-1-waiting")
    grid = await pinned(page, newest(page, "a red circle"))
    await wait_for_grid(grid)
    await take_screenshot(page, "e2e-2-grid")

    await grid.get_by_role("button", name="😍").click()
    await expect(page.get_by_text("Rated 😍")).to_be_visible()
    await grid.get_by_role("button", name="🙂").click()
    await expect(page.get_by_text("Rating changed from 😍 to 🙂")).to_be_visible()
    await take_screenshot(page, "e2e-3-rated")

    upscale = grid.get_by_role("button", name="U2")
    for _ in range(3):
        await upscale.click()
    upscaled = page.locator("[data-message-id]", has_text="Image #2", has=page.get_by_role("img"))
    await expect(upscaled.get_by_role("img")).to_be_visible(timeout=PAINTED)
    # Those of the three that came before it was posted are silent.
    await upscale.click()
    await expect(page.get_by_text("Image #2 is already here").last).to_be_visible()
    await expect(upscaled).to_have_count(1)
    await take_screenshot(page, "e2e-4-upscaled")

    await grid.get_by_role("button", name="V3").click()
    await wait_for_grid(newest(page, "Variations by"))
    await take_screenshot(page, "e2e-5-varied")
    await allow_training(page)

    export = tmp_path / "export"
    done = await run_easel("export", "raw", "-o", str(export), home=easel.home)
    assert done.code == 0, done.err
    # Other tests press on other prompts in the same service.
    own = {job["id"] for job in rows(export, "jobs") if "a red circle on a blue background" in json.dumps(job)}
    events = [event for event in rows(export, "events") if event["job_id"] in own]
    assert [(event["verb"], event["value"]) for event in events] == [
        ("rate", 4),
        ("rate", 3),
        ("upscale", None),
        ("vary", None),
    ]
    assert all([shown["slot"] for shown in event["shown"]] == [0, 1, 2, 3] for event in events)
    assert len([picture for picture in rows(export, "pictures") if picture["job_id"] in own]) == 8

    await upscale_both_ways(page, upscaled)
    for button, title in (("Zoom Out 2x", "Zoom Out by"), ("⬅️", "Pan by")):
        await upscaled.get_by_role("button", name=button).click()
        await wait_for_grid(newest(page, title))
        await take_screenshot(page, f"e2e-6-{title.split()[0].lower()}")


async def test_imagine_in_a_direct_message(page: Page, easel: RunningEasel) -> None:
    """The direct message with the bot works like a channel, and a re-roll there paints the prompt again."""
    await page.goto(easel.address)
    await page.get_by_role("link", name="Easel").or_(page.get_by_role("button", name="Easel")).first.click()
    await imagine(page, "@Easel", "a yellow star in the night sky")
    grid = await pinned(page, newest(page, "a yellow star"))
    await wait_for_grid(grid)
    await grid.get_by_role("button", name="🔄").click()
    await expect(page.locator("[data-message-id]").filter(has_text="a yellow star")).to_have_count(2)
    await wait_for_grid(newest(page, "a yellow star"))
    await take_screenshot(page, "e2e-6-direct-message")


async def test_a_batch_of_forty_is_one_message_until_it_is_cancelled(page: Page, easel: RunningEasel) -> None:
    """It counts what waits, is painted and done, with the steps and the time left; a press takes its Cancel away."""
    await page.goto(easel.address)
    await imagine(page, "#studio", "a {red, blue} heart --repeat 20 --steps 12")
    series = await pinned(page, newest(page, "40 grids"))
    cancel = series.get_by_role("button", name="Cancel")
    await expect(series).to_contain_text(re.compile(r"40 grids: .*\d\d waiting, about .* left"))
    await expect(series).to_contain_text(re.compile(r"painting \([1-9]\d?%.* waiting"))
    await expect(series).to_contain_text(re.compile(r"40 grids: [1-9]\d? done"), timeout=PAINTED)
    await expect(newest(page, "heart").get_by_role("button", name="U1")).to_be_in_viewport()
    await cancel.click()
    await expect(cancel).to_have_count(0)
    await expect(series).to_contain_text(re.compile(r"40 grids: [1-9]\d? done, [1-9]\d? cancelled"))


async def test_wrong_flags_are_shown_with_a_caret(page: Page, easel: RunningEasel) -> None:
    """An invalid prompt gets an ephemeral error with a caret under the mistake and the closest name."""
    await page.goto(easel.address)
    await imagine(page, "#studio", "a fox --stepz 3")
    answer = page.locator("[data-message-id]").filter(has_text="--stepz").filter(has_text=PRIVATE).last
    await expect(answer).to_contain_text("Did you mean --steps?")
    await expect(answer).to_contain_text(PRIVATE)
    await take_screenshot(page, "e2e-7-fault")
