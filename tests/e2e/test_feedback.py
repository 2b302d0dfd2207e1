"""What members say about pictures, in a real browser: rated, taken back, chosen, saved, compared, reported, deleted."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import BROWSER, NARROW, WIDE, take_screenshot
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import PAINTED, PRIVATE, command, imagine, newest, pinned, rows, wait_for_grid
from tests.easel.command import run_easel

pytestmark = [*BROWSER, pytest.mark.timeout(600)]

NUM_PAIRS = 10


def private(page: Page, text: str) -> Locator:
    """The newest answer that only the member sees and that contains the text."""
    return page.locator("[data-message-id]").filter(has_text=text).filter(has_text=PRIVATE).last


def button(message: Locator, verb: str, index: int | None = None) -> Locator:
    """A button of the message, by its verb, and by its index where it has one and is in an answer."""
    has_index = "" if index is None else f"[data-custom-id*=':{index}@']"
    return message.locator(f"button[data-custom-id^='e1:{verb}:']{has_index}")


async def take_screenshots(page: Page, name: str) -> None:
    """Take one in light, one in dark and one as wide as a phone."""
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await take_screenshot(page, f"{name}-{scheme}")
    await page.set_viewport_size(NARROW)
    await take_screenshot(page, f"{name}-phone")
    await page.set_viewport_size(WIDE)
    await page.emulate_media(color_scheme="light")


async def agree(page: Page) -> None:
    """Agree to training and publishing in the form that follows a member's first command."""
    question = page.locator("[data-message-id]").filter(has=page.get_by_role("button", name="Train models: off"))
    form = await pinned(page, question.filter(has_text=PRIVATE).last)
    await form.get_by_role("button", name="Train models: off").click()
    await expect(form.get_by_role("button", name="Train models: on")).to_be_visible()
    await form.get_by_role("button", name="Publish: off").click()
    await expect(form.get_by_role("button", name="Publish: on")).to_be_visible()
    await take_screenshots(page, "e2e-feedback-0-notice")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. Train models: on. Publish: on.")).to_be_visible()


async def paint(page: Page, prompt: str) -> Locator:
    """Imagine in #studio, and return the grid once it is there."""
    await imagine(page, "#studio", prompt)
    grid = await pinned(page, newest(page, prompt.split(" --")[0]))
    await wait_for_grid(grid)
    return grid


async def test_rate_choose_save_compare_report_delete_export_and_erase(
    page: Page, easel: RunningEasel, tmp_path: Path
) -> None:
    """Every press is told to its member alone and stored; ten pairs are compared in one message; all is erased."""
    await page.goto(easel.address)
    grid = await paint(page, "a green heart on a checkerboard --seed 5")
    await agree(page)

    await grid.get_by_role("button", name="🙂").click()
    await expect(private(page, "Rated 🙂")).to_be_visible()
    await grid.get_by_role("button", name="😍").click()
    changed = await pinned(page, private(page, "Rating changed from 🙂 to 😍"))
    await take_screenshots(page, "e2e-feedback-1-rated")
    await changed.get_by_role("button", name="Take back").click()
    await expect(changed).to_contain_text("Your rating 😍 was taken back.")

    await button(grid, "more").click()
    choices = await pinned(page, private(page, "Which is the best of the four?"))
    await button(choices, "best", 3).click()
    await expect(choices).to_contain_text("Best of the four: #3")
    await button(choices, "favourite", 1).click()
    await expect(choices).to_contain_text("Your favourites: #1")
    await take_screenshots(page, "e2e-feedback-2-choices")

    await grid.get_by_role("button", name="U2").click()
    picture = await pinned(page, newest(page, "--seed 5 - Image #2"))
    await picture.get_by_role("button", name="❤️").click()
    await expect(private(page, "Added to your favourites")).to_be_visible()
    await picture.get_by_role("button", name="✉️").click()
    await expect(private(page, "Sent to your direct messages.")).to_be_visible()
    await take_screenshots(page, "e2e-feedback-3-picture")

    await paint(page, "a purple fish on the sea --seed 6")
    await compare(page)
    await report_and_delete(page, grid, picture)

    export = tmp_path / "export"
    done = await run_easel("export", "raw", "-o", str(export), home=easel.home)
    assert done.code == 0, done.err
    verbs = [event["verb"] for event in rows(export, "events")]
    assert [verbs.count(verb) for verb in ("best", "save", "choose", "report", "delete")] == [1, 1, NUM_PAIRS, 1, 1]

    await export_here(page, tmp_path)
    await erase(page, grid)


async def compare(page: Page) -> None:
    """Compare ten pairs; each takes the place of the one before, and the count goes up."""
    await command(page, "/rank")
    pair = await pinned(page, private(page, "Which one is better?"))
    await expect(pair.get_by_role("img", name=re.compile("two pictures, left and right"))).to_be_visible()
    await take_screenshots(page, "e2e-feedback-4-pair")
    for number in range(1, NUM_PAIRS + 1):
        await pair.get_by_role("button", name="⬅️ Left" if number % 2 else "👎 Both bad").click()
        await expect(pair).to_contain_text(f"You have compared {number} pair")
    await pair.get_by_role("button", name="Stop").click()
    await expect(pair).to_contain_text(f"Thank you. You have compared {NUM_PAIRS} pairs.")
    await expect(pair.get_by_role("img", name=re.compile("two pictures"))).to_have_count(0)


async def report_and_delete(page: Page, grid: Locator, picture: Locator) -> None:
    """Report a picture of the grid with a reason, and delete the message of the single picture."""
    await button(grid, "more").click()
    choices = await pinned(page, private(page, "🏆"))
    await choices.get_by_role("button", name="Report").click()
    form = page.get_by_role("dialog")
    await form.get_by_role("radio", name="Image #4").check()
    await form.get_by_role("radio", name="Something else").check()
    await take_screenshots(page, "e2e-feedback-5-report")
    await form.get_by_role("button", name="Submit").click()
    await expect(choices).to_contain_text("Thank you. The report is stored")

    await button(picture, "more").click()
    choices = await pinned(page, private(page, "what do you want to do?"))
    await choices.get_by_role("button", name="Delete").click()
    await choices.get_by_role("button", name="Delete for everybody").click()
    await expect(choices).to_contain_text("Deleted.")
    await expect(picture).to_have_count(0)


async def export_here(page: Page, folder: Path) -> None:
    """Export the prompts of the server, and save the file that only the member sees."""
    await command(page, "/export start format: prompts")
    await expect(private(page, "The export prompts is being made.")).to_be_visible()
    done = await pinned(page, private(page, "prompts, "))
    await take_screenshots(page, "e2e-feedback-6-export")
    async with page.expect_download() as download:
        await done.get_by_role("link", name="easel-prompts.zip").click()
    await (await download.value).save_as(folder / "prompts.zip")
    with zipfile.ZipFile(folder / "prompts.zip") as archive:
        texts = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".txt")]
    assert "a purple fish on the sea" in "".join(texts)
    await command(page, "/export status")
    await expect(private(page, "asked for")).to_contain_text("prompts")


async def erase(page: Page, grid: Locator) -> None:
    """Erase everything of the member; the messages with their pictures disappear."""
    await command(page, "/privacy")
    summary = await pinned(page, private(page, "Stored of you"))
    await summary.get_by_role("button", name="Erase my data").click()
    await expect(summary).to_contain_text("This erases, for good")
    await take_screenshots(page, "e2e-feedback-7-erase")
    await summary.get_by_role("button", name="Erase everything").click()
    await expect(summary).to_contain_text("Your data is being erased.")
    await expect(grid).to_have_count(0, timeout=PAINTED)
    await command(page, "/privacy")
    await expect(private(page, "Nothing is stored of you.")).to_be_visible()
