"""The public gallery of a guild: who gets in, what they see, and that strangers get nothing else."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.async_api import expect

from bot.policy.visibility import PAGES_SINCE_VERSION
from bot.replies import gallery_replies
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_opinions import single
from tests.bot.commands.test_search import delivered_grids
from tests.bot.conftest import BotStarter, started_with_pages
from tests.bot.reading import text_of
from tests.bot.rows import until_closed
from tests.bot.test_gallery import gallery, until_counted, vote
from tests.browser import NARROW, SCREENSHOTS, WIDE, Watch, browsing

Grid = Callable[..., Any]
LINK = re.compile(r"<(http://[^>]+)>")
SOURCE = re.compile(r'(?:src|href)="(/gallery/[^"]+)"')


@pytest.fixture
async def bot(start_bot: BotStarter) -> AsyncIterator[Any]:
    """A running bot with pages that strangers reach."""
    async with started_with_pages(start_bot) as task:
        yield task


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever opens links."""
    async with aiohttp.ClientSession() as session:
        yield session


async def open_page(ada: MemberClient) -> str:
    """Return the address of the page, which an administrator opens."""
    found = LINK.search(text_of(await gallery(ada, "page", open=True)))
    assert found
    return found[1]


async def agree(database: Database, *, version: int = PAGES_SINCE_VERSION, publishes: bool = True) -> None:
    """Let everybody agree to publishing, or take it back."""
    agreed = sa.text("UPDATE members SET consent_version = :version, may_publish = :publishes")
    async with database.begin() as connection:
        await connection.execute(agreed, {"version": version, "publishes": publishes})


async def read(web: aiohttp.ClientSession, address: str) -> tuple[int, str]:
    """Return the status of a page and what it says."""
    async with web.get(address) as response:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return response.status, await response.text()


async def test_the_page_shows_what_its_members_publish(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, database: Database, web: aiohttp.ClientSession
) -> None:
    """Without names and ids; nothing before they agree to this text, and nothing once they do not or it is closed."""
    grid, *_ = await delivered_grids(
        painted_grid, database, "a <b>red</b> circle", "a circle of <@1191168914227200009>"
    )
    _, hidden, _ = await painted_grid("a circle after dark", channel="after-dark")
    _, direct, _ = await painted_grid("a circle in private", channel="dm")
    for job in (hidden, direct):
        await until_closed(database, job.id)
    address = await open_page(ada)
    site = address.split("/gallery/")[0]
    assert "There are no pictures here yet." in (await read(web, address))[1]
    await agree(database, version=PAGES_SINCE_VERSION - 1)
    assert "There are no pictures here yet." in (await read(web, address))[1]
    await agree(database)
    status, html = await read(web, address)
    assert (status, html.count("<img ")) == (200, 1)
    assert "a &lt;b&gt;red&lt;/b&gt; circle" in html and str(ada.guild_id) not in html
    assert not re.search(r"\d{17,}", html.split("<main")[1].split("</main>")[0].replace("-", "g"))
    (job_path,) = [
        path for path in SOURCE.findall(html) if path.startswith(f"/gallery/{address[-16:]}/") and ".webp" not in path
    ]
    status, shown = await read(web, site + job_path)
    assert status == 200 and shown.count("<img ") == 4 and "<dt>Model</dt>" in shown
    assert "picture 2 of 4" in shown
    (thumbnail, *_) = [path for path in SOURCE.findall(html) if path.endswith(".webp")]
    async with web.get(site + thumbnail) as response:
        assert response.status == 200 and "max-age=604800" in response.headers["Cache-Control"]
        with Image.open(io.BytesIO(await response.read())) as image:
            assert image.format == "WEBP" and max(image.size) <= 384

    await vote(cleo, grid)
    await until_counted(database)
    assert (await read(web, f"{address}?best=week"))[1].count("<img ") == 1
    for wrong in ("?best=year", "?page=0", "?before=then", "?best=all&page=99"):
        assert (await read(web, address + wrong))[0] == 404
    for path in (
        thumbnail.replace("384", "385"),
        thumbnail.replace("/1-", "/2-"),
        f"{job_path[:-4]}0000",
        "/gallery/none",
        "/gallery/%00",
    ):
        status, said = await read(web, site + path)
        assert status == 404 and "<h1>Not here</h1>" in said
    status, _ = await read(web, f"{address}/{hidden.id}")
    assert status == 404
    await agree(database, publishes=False)
    assert "<img " not in (await read(web, address))[1]
    assert (await read(web, site + thumbnail))[0] == 404
    assert text_of(await gallery(ada, "page", open=False)) == str(gallery_replies.PAGE_CLOSED)
    assert (await read(web, address))[0] == 404
    assert await open_page(ada) != address


async def test_what_most_members_like_stands_for_all(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, database: Database, web: aiohttp.ClientSession
) -> None:
    """In each list, which says how many they are; with votes for the grid alone, it is the first picture."""
    (grid,) = await delivered_grids(painted_grid, database, "a red circle")
    await agree(database)
    address = await open_page(ada)
    for member in (cleo, ada):
        await vote(member, grid)
    await until_counted(database)
    html = (await read(web, f"{address}?best=week"))[1]
    assert "4 pictures · liked by 2 members" in html and "picture 1 of 4" in html
    await vote(cleo, await single(cleo, grid, "U3"))
    await until_counted(database)
    for path in ("", "?best=week"):
        html = (await read(web, address + path))[1]
        assert html.count("<img ") == 1 and "picture 3 of 4" in html and "/3-" in html


async def test_a_closed_server_publishes_nothing(
    painted_grid: Grid,
    ada: MemberClient,
    database: Database,
    web: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor does one that the bot has left; and too many strangers at once are asked to come again."""
    await delivered_grids(painted_grid, database, "a red circle")
    await agree(database)
    address = await open_page(ada)
    statuses = await asyncio.gather(*(read(web, address) for _ in range(20)))
    assert {status for status, _ in statuses} == {200}
    with monkeypatch.context() as patch:
        patch.setattr("bot.pages.gallery._WAITING", 0)
        status, said = await read(web, address)
        assert status == 503 and "Try again in a moment." in said
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE galleries SET guild_id = 1"))
    assert (await read(web, address))[0] == 404
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE galleries SET guild_id = :id"), {"id": int(ada.guild_id)})
    assert (await read(web, address))[0] == 200
    await ada.reply(await ada.command("consent", "server", collecting="off"))
    assert (await read(web, address))[0] == 404


async def test_strangers_look_at_the_gallery_in_a_browser(
    painted_grid: Grid, ada: MemberClient, database: Database
) -> None:
    """With the keyboard, on a phone, in light and dark; nothing of it needs a script."""
    said = [f"a {colour} circle on the sea at sunset" for colour in ("red", "blue", "green", "yellow", "violet")]
    await delivered_grids(painted_grid, database, *said)
    await agree(database)
    address = await open_page(ada)
    async with browsing() as browser:
        for scheme in ("light", "dark"):
            for name, viewport in (("wide", WIDE), ("narrow", NARROW)):
                context = await browser.new_context(
                    viewport=viewport, color_scheme=scheme, java_script_enabled=name == "wide"
                )
                page, watch = await context.new_page(), Watch()
                page.on("console", watch.on_console)
                await page.goto(address)
                tiles = page.locator(".tiles img")
                await expect(tiles).to_have_count(5)
                await page.screenshot(path=SCREENSHOTS / f"gallery-{name}-{scheme}.png", full_page=True)
                await page.keyboard.press("Tab")
                await expect(page.locator(".skip")).to_be_focused()
                await page.locator(".tiles a").first.press("Enter")
                await expect(page.locator(".pictures img")).to_have_count(4)
                await expect(page.locator("h1")).to_have_text(said[-1])
                await page.screenshot(path=SCREENSHOTS / f"gallery-picture-{name}-{scheme}.png", full_page=True)
                overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
                assert name == "narrow" or not await page.evaluate(overflow)
                await page.locator(".back").click()
                await expect(page.locator("h1")).to_have_text("Gallery")
                assert watch.unexpected() == []
                await context.close()
