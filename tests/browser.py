"""A real browser for tests: finds Chromium or Chrome, watches its console, takes screenshots.

A conftest imports the fixtures `browser`, `context`, `page` and `watch`; a test module says `pytestmark = BROWSER`. One
browser serves the whole session, so these tests, and async fixtures of theirs, run in the session's event loop; what
runs in another loop opens its own with `browsing`. It knows no page of ours.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

BROWSER = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SCREENSHOTS = Path(__file__).parent / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE: ViewportSize = {"width": 1280, "height": 860}
NARROW: ViewportSize = {"width": 380, "height": 760}
PATIENCE_MS = 60_000
"""How long a page may take to show an expected state. Playwright's default of 5 s is too short under load."""


def installed_browser() -> str | None:
    """The path of a Chromium or Chrome on this machine, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


async def _fetch_browser() -> None:
    """Installs Playwright's own Chromium, or skips the test with the reason."""
    driver = shutil.which("playwright") or "playwright"
    try:
        process = await asyncio.create_subprocess_exec(
            driver, "install", "chromium", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except FileNotFoundError:
        pytest.skip("no Chromium or Chrome is installed, and Playwright's command is missing")
    output, _ = await process.communicate()
    if process.returncode:
        pytest.skip(f"no Chromium or Chrome is installed, and Playwright could not fetch one: {output[-300:]!r}")


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A headless Chromium; skips the test with the reason if none is available."""
    executable = installed_browser()
    if executable is None:
        await _fetch_browser()
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as driver:
        launched = await driver.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The session's browser."""
    async with browsing() as launched:
        yield launched


class Watch:
    """The console errors and warnings, uncaught exceptions and policy violations of a page."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: list[str] = []

    def expect(self, part: str) -> None:
        """Allow complaints that contain `part`, for tests that cause them on purpose."""
        self.expected.append(part)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.location.get("url", "")
            self.complaints.append(f"{message.type}: {message.text} ({where})")

    def on_exception(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error}")

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.expected)]


@pytest.fixture
def watch() -> Watch:
    """The page's complaints; an unexpected one fails the test at its end."""
    return Watch()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A new browser context, without state from other tests."""
    opened = await browser.new_context(viewport=WIDE, reduced_motion="reduce", locale="en-GB", timezone_id="UTC")
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, watch: Watch) -> AsyncIterator[Page]:
    """A blank page; the test fails if it logs an error, throws, or violates its content security policy."""
    opened = await context.new_page()
    opened.on("console", watch.on_console)
    opened.on("pageerror", watch.on_exception)
    yield opened
    await opened.close()
    assert not watch.unexpected(), "the page complained:\n" + "\n".join(watch.unexpected())


@asynccontextmanager
async def leaving(page: Page) -> AsyncIterator[None]:
    """Take the page away at the end, before its server ends: what it asked for meanwhile would be an error."""
    yield
    await page.goto("about:blank")


async def take_screenshot(page: Page, name: str) -> Path:
    """Save a screenshot to tests/screenshots/{name}.png, once fonts and the pictures in view have loaded.

    Pictures out of view may be loaded lazily: not before somebody scrolls to them.
    """
    await page.evaluate(
        """Promise.all([document.fonts.ready, ...[...document.images].filter((image) => {
            const { top, bottom } = image.getBoundingClientRect();
            return bottom > 0 && top < innerHeight;
        }).map((image) => image.decode().catch(() => null))])"""
    )
    await asyncio.to_thread(os.makedirs, SCREENSHOTS, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    await page.screenshot(path=path)
    return path
