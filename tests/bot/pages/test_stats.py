"""The statistics page: in a browser, in both themes, and what it answers to others."""

from __future__ import annotations

import io
import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Literal

import aiohttp
import pytest
from aiohttp import web
from PIL import Image
from playwright.async_api import Page, expect

from bot.pages.adapters import AdapterFigures
from bot.pages.stats import StatsPage
from bot.store.learning.adapters import add_evaluation, record_adapter
from engine.contract.feedback import Consent, Verb
from engine.store.database import Database
from engine.store.objects import Objects
from tests.bot.store.learning.test_adapters import FIRST
from tests.browser import NARROW, SCREENSHOTS, WIDE, Watch, browsing
from tests.engine.feedback.exports.community import Painted, SmallCommunity


@pytest.fixture
async def address(database: Database, objects: Objects) -> AsyncIterator[str]:
    """The page's address, on a free port."""
    app = web.Application()
    app.add_routes(AdapterFigures(database, objects).routes())
    app.add_routes(StatsPage(database, objects).routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/stats"
    await runner.cleanup()


# How many words of a chart are cut off at its edge, or run into the next word of its axis.
_UNREADABLE = """() => [...document.querySelectorAll(".chart svg")].flatMap((chart) => {
  const boxes = (of) => [...of.querySelectorAll("text")]
    .filter((word) => word.getAttribute("opacity") !== "0").map((word) => word.getBoundingClientRect());
  const edge = chart.getBoundingClientRect();
  const cut = boxes(chart).filter((box) => box.left < edge.left - 1 || box.right > edge.right + 1);
  const meets = (box, index, all) => index && box.top === all[index - 1].top && box.left < all[index - 1].right;
  const touching = [...chart.querySelectorAll(".role-axis-label")].flatMap((axis) => boxes(axis).filter(meets));
  return [...cut, ...touching];
}).length"""


async def press_at_random(community: SmallCommunity) -> Painted:
    """Store ratings and upscales of six members about four jobs; return the last."""
    chance = random.Random(5)
    members = [await community.join(Consent.USE) for _ in range(6)]
    community.seed = 9_000
    for prompt in ("a red circle", "a blue square on a white background", "a green triangle", "a yellow star"):
        painted = await community.paint(members[0], prompt)
        for member in members:
            slot = int(chance.random() < 0.3)
            await community.press(painted, slot, member, Verb.RATE, chance.randint(1, 4))
            await community.press(painted, slot, member)
    return painted


async def learn_three_times(database: Database, objects: Objects) -> None:
    """Store three adapters with their figures, the newest with pictures before and after and blind votes."""
    buffer = io.BytesIO()
    Image.new("RGB", (512, 128), "teal").save(buffer, "JPEG")
    key = await objects.put(buffer.getvalue(), ".jpg")
    for number in range(1, 4):
        log = [{"step": step, "loss": 0.69 - step * number / 5000, "accuracy": 0.6} for step in range(10, 210, 10)]
        figures = {"distance": 0.01 * number, "log": log}
        adapter = replace(FIRST, sha256=f"{number}" * 64, figures=figures)
        won = {"count": 100 + 20 * number, "total": 200, "low": 0.45 + 0.1 * number, "high": 0.6 + 0.1 * number}
        members = {"wins": 30, "total": 40, "low": 0.6, "high": 0.86}
        evaluation = {"win_rate": won} | ({"votes": members} if number == 3 else {})
        async with database.begin() as connection:
            await record_adapter(connection, adapter, [])
            await add_evaluation(connection, adapter.sha256, evaluation, key if number == 3 else None)


@pytest.mark.browser
async def test_the_page_shows_what_was_learnt(database: Database, objects: Objects, address: str) -> None:
    """Loss, win rate and distance by round, and the pictures; in light, dark and on a phone, by keyboard."""
    await learn_three_times(database, objects)
    SCREENSHOTS.mkdir(exist_ok=True)
    watch = Watch()
    async with browsing() as browser:
        page = await browser.new_page(viewport=WIDE)
        page.on("console", watch.on_console)
        page.on("pageerror", watch.on_exception)
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await page.goto(address)
            await expect(page.locator("#adapter-charts svg")).to_have_count(3)
            sheet = page.locator("#adapter-sheets img")
            await sheet.scroll_into_view_if_needed()
            await expect(sheet).to_have_js_property("naturalWidth", 512)
            assert await page.evaluate(_UNREADABLE) == 0
            await page.screenshot(path=SCREENSHOTS / f"adapters-{theme}.png", full_page=True)
        await page.set_viewport_size(NARROW)
        for chart in await page.locator("#adapter-charts svg").all():
            await expect(chart).to_have_attribute("width", re.compile(r"(2\d|3[0-3])\d"))
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate(_UNREADABLE) == 0
        await page.screenshot(path=SCREENSHOTS / "adapters-phone.png", full_page=True)
        wins = page.locator("#adapter-charts article", has_text="Win rate by round")
        await wins.locator("summary").focus()
        await page.keyboard.press("Enter")
        await expect(wins.locator("tbody tr")).to_have_count(4)
        await expect(wins.locator("tbody tr").last).to_contain_text("members, blind")
    assert watch.unexpected() == []


async def test_an_adapter_without_pictures_has_none(database: Database, objects: Objects, address: str) -> None:
    await learn_three_times(database, objects)
    async with aiohttp.ClientSession() as session:
        for name, status in (("3", 200), ("2", 404), ("9", 404)):
            async with session.get(f"{address}/adapters/learned-{name * 12}.jpg") as answer:
                assert answer.status == status


async def complaints_of(page: Page, address: str, theme: Literal["light", "dark"]) -> list[str]:
    """Walk through the page and return what its console complains about."""
    watch = Watch()
    page.on("console", watch.on_console)
    page.on("pageerror", watch.on_exception)
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await page.goto(address)
    titles = page.locator(".chart h2")
    await expect(titles).to_contain_text(["Presses a day", "How the presses are spread", "Upscale", "model", "prompt"])
    await expect(page.locator(".chart svg")).to_have_count(5)
    await expect(page.locator("#figures dd").first).to_have_text("48")
    assert await page.locator("#best li").count() > 1
    await page.locator("#worst img").last.scroll_into_view_if_needed()
    for picture in await page.locator(".sheet img").all():
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("complete", True)
        assert await picture.evaluate("picture => picture.naturalWidth") > 0
    return watch.unexpected()


@pytest.mark.browser
async def test_the_page_draws_charts_and_pictures(database: Database, objects: Objects, address: str) -> None:
    """In light, dark and phone width, by keyboard too, without the console complaining."""
    painted = await press_at_random(SmallCommunity(database=database, objects=objects))
    SCREENSHOTS.mkdir(exist_ok=True)
    async with browsing() as browser:
        page = await browser.new_page(viewport=WIDE)
        for theme in ("light", "dark"):
            assert await complaints_of(page, address, theme) == []
            assert await page.evaluate(_UNREADABLE) == 0
            await page.screenshot(path=SCREENSHOTS / f"stats-{theme}.png", full_page=True)
        await page.set_viewport_size(NARROW)
        for chart in await page.locator(".chart svg").all():
            await expect(chart).to_have_attribute("width", re.compile(r"(2\d|3[0-3])\d"))
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate(_UNREADABLE) == 0
        await page.screenshot(path=SCREENSHOTS / "stats-phone.png", full_page=True)
        await page.locator("summary").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("table").first).to_contain_text("Rate")
        await page.locator("input[value='30']").focus()
        await page.keyboard.press("ArrowLeft")
        await expect(page.locator("input[value='7']")).to_be_checked()
        await expect(page.locator("#status")).to_have_text("")
        for picture in painted.pictures:
            await objects.delete(picture.object_key)
        await page.reload()
        await page.locator("#best li, #worst li", has_text="a yellow star").first.scroll_into_view_if_needed()
        await expect(page.get_by_text("File missing").first).to_be_visible()


async def test_only_pictures_that_are_shown_are_served(database: Database, objects: Objects, address: str) -> None:
    community = SmallCommunity(database=database, objects=objects)
    member = await community.join(Consent.USE)
    shown, other = await community.paint(member, "a red circle"), await community.paint(member, "a secret")
    await community.press(shown, 0, member, Verb.RATE, 4)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{address}/summary?days=all") as answer:
            best = (await answer.json())["best"]
        assert best[0]["pictures"] == [str(shown.pictures[0].id)]
        for picture, status in ((shown.pictures[0], 200), (shown.pictures[1], 404), (other.pictures[0], 404)):
            async with session.get(f"{address}/pictures/{picture.id}") as answer:
                assert answer.status == status


@pytest.mark.parametrize(
    ("path", "headers", "status", "words"),
    [
        ("", {"Host": "stats.example.org"}, 403, "served on 127.0.0.1 only"),
        ("/summary", {"Host": "stats.example.org:80"}, 403, "served on 127.0.0.1 only"),
        ("/summary?days=soon", {}, 400, "Choose one of 7, 30"),
        ("/pictures/nothing", {}, 404, "no such picture"),
        ("/../stats.py", {}, 404, ""),
    ],
)
async def test_other_requests_are_refused(
    address: str, path: str, headers: dict[str, str], status: int, words: str
) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{address}{path}", headers=headers) as answer:
        assert answer.status == status
        assert words in await answer.text()
        if words:
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
