"""A member whose Discord is in German reads German, from the commands to what goes wrong; others read English."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import BROWSER
from tests.e2e.chat_page import ask, become, speak, told, use_menu
from tests.e2e.conftest import RunningEasel
from tests.e2e.test_chat_page import imagine, newest, pinned, wait_for_grid
from tests.e2e.test_feedback import take_screenshots

pytestmark = [*BROWSER, pytest.mark.timeout(600)]


async def test_a_german_member_reads_german(page: Page, easel: RunningEasel) -> None:
    await page.goto(easel.address)
    await become(page, "Cleo")
    await speak(page, "Deutsch")
    await page.get_by_role("textbox", name="Message #studio").fill("/h")
    await expect(page.get_by_role("option", name="/history")).to_contain_text("Deine Bilder, die neuesten zuerst")
    await take_screenshots(page, "german-0-commands")
    await ask(page, "/help ", "So fängst du an")
    await ask(page, "/info ", "Keiner deiner Aufträge wartet oder wird gemalt.")
    await ask(page, "/history ", "Du hast noch keine Bilder.")
    await take_screenshots(page, "german-1-help")
    await ask(page, "/history since: soon", "ist kein Tag.")
    panel = await ask(page, "/settings ", "Deine Einstellungen")
    await panel.get_by_role("button", name="Privat machen").click()
    await expect(panel.get_by_role("button", name="Öffentlich machen")).to_be_visible()
    await take_screenshots(page, "german-2-settings")
    await panel.get_by_role("button", name="Alles zurücksetzen").click()
    await expect(panel.get_by_role("button", name="Privat machen")).to_be_visible()

    await imagine(page, "#studio", "a blue fish")
    grid = await pinned(page, newest(page, "a blue fish"))
    await wait_for_grid(grid)
    await grid.get_by_role("button", name="😍").click()
    await expect(told(page, "Mit 😍 bewertet.")).to_be_visible()
    await use_menu(page, grid, "Rezept")
    await expect(told(page, "Modell starter · Größe")).to_contain_text("Cleo used Rezept")
    await use_menu(page, grid, "Melden")
    form = page.get_by_role("dialog")
    await expect(form).to_contain_text("Was stimmt damit nicht?")
    await take_screenshots(page, "german-3-report")
    await form.get_by_role("button", name="Cancel").click()
    await ask(page, "/privacy ", "Über dich gespeichert")
    await take_screenshots(page, "german-4-privacy")
    await speak(page, "English")
    await ask(page, "/history ", "Your pictures")
    await become(page, "Ben")
    await expect(page.get_by_text("bewertet")).to_have_count(0)
