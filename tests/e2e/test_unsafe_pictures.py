"""A service with a classifier and an address for programs, in a real browser: what is withheld, and a member's key.

The classifier finds every picture unsafe, so that the service is not the one that other tests share.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from engine.models.registry.registry import SHIPPED
from tests.browser import BROWSER, leaving
from tests.e2e.chat_page import ask, become, open_channel
from tests.e2e.conftest import WEIGHTS, RunningEasel, serving
from tests.e2e.test_chat_page import PAINTED, imagine, newest, pinned, wait_for_grid
from tests.e2e.test_feedback import take_screenshots
from tests.engine.painter.classifiers import save_classifier
from tests.sharing import made_once

pytestmark = [*BROWSER, pytest.mark.timeout(600)]

ADDRESS = "https://images.example.org"


@pytest_asyncio.fixture(loop_scope="session")
async def strict_easel(shared_folder: Path) -> AsyncIterator[RunningEasel]:
    """A service whose classifier finds everything unsafe, and which gives members keys."""
    home = Path(tempfile.mkdtemp(prefix="e2e-", dir=shared_folder))
    classifier = made_once(shared_folder / "strict-classifier", partial(save_classifier, finds_all=True))
    models_file = home / "models.toml"
    shipped = SHIPPED.read_text().replace("../../starter/weights", str(WEIGHTS))
    models_file.write_text(f'{shipped}\n[classifiers.tiny]\nfolder = "{classifier}"\n')
    async with serving(home, models_file, EASEL_API_URL=ADDRESS) as running:
        yield running
    shutil.rmtree(home, ignore_errors=True)


async def withheld(page: Page, prompt: str) -> Locator:
    """Imagine in #studio, and return the message once it says that the result is not shown."""
    await imagine(page, "#studio", prompt)
    message = await pinned(page, newest(page, prompt))
    await expect(message).to_contain_text("A result of @Ben is not shown here.", timeout=PAINTED)
    await expect(message.get_by_role("img", name=prompt)).to_have_count(0)
    return message


async def test_what_is_withheld_is_appealed_against_and_members_have_keys(
    page: Page, strict_easel: RunningEasel
) -> None:
    """One service for both, as it takes seconds to start."""
    async with leaving(page):
        await page.goto(strict_easel.address)
        await appeal(page)
        await hide(page)
        await use_a_key(page)


async def appeal(page: Page) -> None:
    """Let the member ask why and appeal, and a moderator show the result."""
    await ask(page, "/safety pictures ", "Unsafe pictures in other channels: Not at all")
    await ask(page, "/safety channel set: #gallery", "Reports are posted in #gallery.")
    await become(page, "Ben")
    message = await withheld(page, "a red fish on the sea")
    await message.get_by_role("button", name="Why?").click()
    why = await pinned(page, page.locator("[data-message-id]").filter(has_text="A classifier finds this result").last)
    await take_screenshots(page, "unsafe-0-withheld")
    await why.get_by_role("button", name="Appeal").click()
    await expect(why).to_contain_text("Your appeal is with the moderators of this server.")
    await take_screenshots(page, "unsafe-1-appealed")
    await become(page, "Dora")
    await open_channel(page, "gallery")
    case = await pinned(page, newest(page, "against a result that is not shown"))
    await case.get_by_role("button", name=re.compile("^Enlarge picture")).click()
    await expect(case.get_by_text("Spoiler")).to_have_count(0)
    await take_screenshots(page, "unsafe-2-case")
    await case.get_by_role("button", name="Accept").click()
    await expect(case).to_contain_text("Appeal accepted by @Dora")
    await become(page, "Ben")
    await open_channel(page, "studio")
    await wait_for_grid(message)
    await take_screenshots(page, "unsafe-3-shown")


async def hide(page: Page) -> None:
    """Put unsafe pictures behind a spoiler, which a press takes away."""
    await become(page, "Ada")
    await ask(page, "/safety pictures elsewhere: Behind a spoiler", "other channels: Behind a spoiler")
    await become(page, "Ben")
    await imagine(page, "#studio", "a blue boat on the grass")
    grid = await pinned(page, newest(page, "a blue boat on the grass"))
    await wait_for_grid(grid)
    await expect(grid.get_by_text("Spoiler")).to_be_visible()
    await take_screenshots(page, "unsafe-4-spoiler")
    await grid.get_by_role("button", name=re.compile("^Enlarge picture")).click()
    await expect(grid.get_by_text("Spoiler")).to_have_count(0)


async def use_a_key(page: Page) -> None:
    """Get a key, which is shown once, and end it."""
    made = await ask(page, "/apikey create ", "Your key, which is shown only this once")
    await expect(made).to_contain_text(f"{ADDRESS}/v1")
    await take_screenshots(page, "unsafe-5-key")
    secret = await made.locator("pre").inner_text()
    known = await ask(page, "/apikey show ", "It was made")
    await expect(known).not_to_contain_text(secret.strip())
    await ask(page, "/apikey create ", "You have a key already")
    await ask(page, "/apikey revoke ", "Your key is revoked")
    await ask(page, "/apikey show ", "You have no key.")
    await take_screenshots(page, "unsafe-6-revoked")
