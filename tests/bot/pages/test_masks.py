"""Painting a mask: from the link through the page to the job, and everything that gets in the way."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.async_api import Locator, Page, expect

from bot.replies import mask_replies
from bot.signed_links import signed_path
from bot.store.mask_pages import MaskPage, read_page
from bot.store.tables import mask_pages
from engine.contract.edits import Box
from engine.contract.feedback import Verb
from engine.contract.jobs import Operation
from engine.store.database import Database
from engine.store.jobs import mask_key
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_opinions import single
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.pages.test_mask_upload import SIDE, png_of
from tests.bot.reading import Message, is_grid, text_of
from tests.bot.test_erasing import erase, until_erased
from tests.browser import NARROW, SCREENSHOTS, WIDE, Watch, browsing

Grid = Callable[..., Any]
LINK = re.compile(r"<(http://[^>]+)>")


@pytest.fixture
def served() -> dict[str, Any]:
    """The options of a bot whose pages members can reach."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {"health": ("127.0.0.1", port), "public_url": f"http://127.0.0.1:{port}"}


@pytest.fixture
async def bot(start_bot: BotStarter, served: dict[str, Any]) -> AsyncIterator[Any]:
    """A running bot with pages."""
    async with start_bot(**served) as task:
        yield task


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever opens links."""
    async with aiohttp.ClientSession() as session:
        yield session


async def link_of(member: MemberClient, grid: Message, label: str = "U1") -> str:
    """Return the link that the member gets for a picture of the grid, to them alone."""
    asked = await member.reply(await member.press(await single(member, grid, label), "Vary (Region)"))
    told = await member.reply(await member.press(asked, str(mask_replies.MASK_LABEL)))
    assert told["flags"] & 64
    found = LINK.search(text_of(told))
    assert found
    return found[1]


CORNER = png_of((0, 0, 12, 9))


async def send(web: aiohttp.ClientSession, link: str, mask: bytes | None, prompt: str | None = "a star") -> Any:
    """Send a mask to the page; return the status and what it says."""
    form = aiohttp.FormData(default_to_multipart=True)
    if mask is not None:
        form.add_field("mask", mask, filename="mask.png", content_type="image/png")
    if prompt is not None:
        form.add_field("prompt", prompt)
    async with web.post(link, data=form) as answer:
        return answer.status, await answer.text()


async def page_of(database: Database, link: str) -> MaskPage:
    """Return what is stored of the page."""
    async with database.begin() as connection:
        page = await read_page(connection, UUID(link.split("/")[-3]))
    assert page is not None
    return page


async def test_a_mask_starts_one_job_that_is_answered_in_the_channel(
    start_bot: BotStarter, served: dict[str, Any], ben: MemberClient, hand: EngineHand, web: aiohttp.ClientSession
) -> None:
    """The bot may have been restarted meanwhile; the page shows the picture, and sent twice it is one job."""
    async with start_bot(**served):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        pictures = await hand.finish(await hand.only_job())
        grid = await ben.changed(waiting, is_grid)
        link = await link_of(ben, grid, "U2")
        shown = await ben.message(lambda item: "Image #2 <" in item["content"])
    async with start_bot(**served):
        async with web.get(link) as answer:
            assert answer.status == 200 and "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "private, no-store"
        async with web.get(f"{link}/about") as answer:
            assert await answer.json() == {"prompt": "a red circle", "width": SIDE, "height": SIDE}
        async with web.get(f"{link}/picture") as answer:
            assert await answer.read() == await hand.objects.get(pictures[1].object_key)
        assert await send(web, link, CORNER) == (200, str(mask_replies.STARTED))
        assert await send(web, link, CORNER) == (409, str(mask_replies.SENT_ALREADY))
        for path in ("", "/about"):
            async with web.get(link + path) as answer:
                assert (answer.status, await answer.text()) == (410, str(mask_replies.SENT_ALREADY))

        posted = await ben.message(lambda item: "Variations (Region) by" in item["content"])
        assert text_of(posted).startswith("**a star**") and posted["message_reference"]["message_id"] == shown["id"]
        _, job = await hand.jobs()
        assert job.operation is Operation.INPAINT and job.edit and job.edit.canvas and job.edit.canvas.mask
        assert job.edit.canvas.mask.box == Box(left=0, top=0, width=12, height=9)
        assert job.parent_picture_id == pictures[1].id
        stored = Image.open(io.BytesIO(await hand.objects.get(mask_key(job.edit) or "")))
        assert (stored.mode, int(np.asarray(stored).sum())) == ("1", 12 * 9)
        (action,) = [one for one in await hand.actions(pictures[1].job_id) if one.verb is Verb.VARY]
        assert (action.variation, action.message_id, len(action.shown)) == ("region", int(shown["id"]), 1)
        assert action.latency is not None and action.latency > timedelta()
        await hand.finish(job)
        await ben.changed(posted, is_grid)


WRONG: dict[str, tuple[bytes | None, str | None, int, str]] = {
    "empty": (png_of(None), "x", 400, str(mask_replies.EMPTY)),
    "large": (CORNER + bytes(2**20), "x", 413, str(mask_replies.TOO_LARGE)),
    "none": (None, "x", 400, str(mask_replies.NO_FILE)),
    "no prompt": (CORNER, None, 400, str(mask_replies.NO_FILE)),
    "prompt": (CORNER, "a star --stepz 3", 400, "Did you mean --steps?"),
    "jobs": (CORNER, "a {red, blue} star", 400, "This prompt is for 2 jobs"),
}


async def test_what_cannot_be_a_mask_is_told_and_starts_nothing(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand, web: aiohttp.ClientSession
) -> None:
    grid, _, _ = await painted_grid()
    link = await link_of(ben, grid)
    for name, (mask, prompt, status, sentence) in WRONG.items():
        given, said = await send(web, link, mask, prompt)
        assert (given, sentence in said) == (status, True), (name, given, said)
    assert len(await hand.jobs()) == 1
    # Of two pages of one picture, each starts its job, however soon after the other.
    for page in (link, await link_of(ben, grid)):
        assert await send(web, page, CORNER) == (200, str(mask_replies.STARTED))


async def test_a_link_is_for_its_member_and_for_an_hour(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, database: Database, web: aiohttp.ClientSession
) -> None:
    """Neither another member's page nor another time opens with its signature."""
    grid, _, _ = await painted_grid()
    link, other = await link_of(ben, grid, "U1"), await link_of(cleo, grid, "U2")
    page, start = await page_of(database, link), link.rsplit("/", 3)[0]
    expires, signed = link.split("/")[-2:]
    past = signed_path(page.secret, page.id, datetime.now(UTC) - timedelta(seconds=2))
    for wrong, status, sentence in (
        (f"{other.rsplit('/', 2)[0]}/{expires}/{signed}", 404, str(mask_replies.NOT_VALID)),
        (f"{start}/{page.id}/{int(expires) + 1}/{signed}", 404, str(mask_replies.NOT_VALID)),
        (f"{start}/{page.id}/soon/{signed}", 404, str(mask_replies.NOT_VALID)),
        (f"{start}/nothing/{expires}/{signed}", 404, str(mask_replies.NOT_VALID)),
        (f"{start}/{past}", 410, str(mask_replies.EXPIRED)),
    ):
        assert await send(web, wrong, CORNER) == (status, str(sentence)), wrong
        for path in ("", "/about", "/picture"):
            async with web.get(wrong + path) as answer:
                assert (answer.status, await answer.text()) == (status, str(sentence)), wrong + path
    async with web.get(f"{start}/../pages/masks.py") as answer:
        assert answer.status == 404


async def test_a_picture_or_member_that_is_gone_is_told(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, web: aiohttp.ClientSession
) -> None:
    """A picture whose file is lost, a member who is being erased, and a picture that was erased."""
    grid, job, pictures = await painted_grid()
    lost, of_cleo, gone = (
        await link_of(ben, grid, "U1"),
        await link_of(cleo, grid, "U2"),
        await link_of(ben, grid, "U3"),
    )
    await hand.objects.store.delete_async(pictures[0].object_key)
    async with web.get(f"{lost}/picture") as answer:
        assert answer.status == 503 and "missing or damaged" in await answer.text()
    await erase(cleo)
    assert await send(web, of_cleo, CORNER) == (410, str(mask_replies.GONE))
    await hand.forget(job.id)
    assert await send(web, gone, CORNER) == (410, str(mask_replies.GONE))


async def test_an_erasure_deletes_masks_that_nobody_else_has(
    painted_grid: Grid, ben: MemberClient, ada: MemberClient, hand: EngineHand, web: aiohttp.ClientSession,
    database: Database, objects: Objects,
) -> None:  # fmt: skip
    """Of two masks of Ben's, one is also Ada's; pages that have expired go when the next one is asked for."""
    grid, _, _ = await painted_grid()
    assert (await send(web, await link_of(ben, grid, "U1"), CORNER))[0] == 200
    assert (await send(web, await link_of(ben, grid, "U2"), png_of((3, 3, 20, 20))))[0] == 200
    waiting = await ada.reply(await ada.command("imagine", prompt="a house"))
    (own,) = [job for job in await hand.jobs() if job.spec.prompt == "a house"]
    await hand.finish(own)
    house = await ada.changed(waiting, is_grid)
    assert (await send(web, await link_of(ada, house, "U4"), CORNER))[0] == 200
    keys = {key for job in await hand.jobs() if (key := mask_key(job.edit))}
    assert len(keys) == 2 and await objects.find(keys) == keys
    async with database.begin() as connection:
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = await connection.execute(
            sa.text("EXPLAIN SELECT id FROM jobs WHERE edit ? 'mask' AND edit #>> '{mask,sha256}' = ANY ('{a,b}')")
        )
        assert "jobs_mask_idx" in "\n".join(plan.scalars())
        past = mask_pages.c.created_at - sa.text("interval '2 hours'")
        await connection.execute(mask_pages.update().values(created_at=past))
    await link_of(ben, grid, "U3")
    async with database.begin() as connection:
        assert len((await connection.execute(mask_pages.select())).all()) == 2

    await erase(ben)
    await until_erased(database)
    (kept,) = await objects.find(keys)
    (left,) = [job for job in await hand.jobs() if job.edit]
    assert kept == mask_key(left.edit)


async def drag(page: Page, board: Locator, *points: tuple[float, float]) -> None:
    """Paint with the mouse along the points, in shares of the picture."""
    await expect(board).to_be_visible()
    box = await board.bounding_box()
    assert box
    for number, (x, y) in enumerate(points):
        await page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if number == 0:
            await page.mouse.down()
    await page.mouse.up()


@pytest.mark.browser
async def test_the_page_takes_a_brush_by_mouse_touch_and_keyboard(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand
) -> None:
    """In light, dark and phone width, without the console complaining; what is painted is what is sent."""
    grid, _, _ = await painted_grid()
    link = await link_of(ben, grid)
    SCREENSHOTS.mkdir(exist_ok=True)
    async with browsing() as browser:
        context = await browser.new_context(viewport=WIDE, has_touch=True)
        page, watch = await context.new_page(), Watch()
        page.on("console", watch.on_console)
        page.on("pageerror", watch.on_exception)
        await page.goto(link)
        board, covered, send_it = page.locator("#board"), page.locator("#covered"), page.locator("#send")
        await expect(page.locator("#prompt")).to_have_value("a red circle")
        await expect(send_it).to_be_disabled()
        await drag(page, board, (0.2, 0.2), (0.8, 0.2))
        await expect(covered).to_have_text(re.compile(r"^\d+% of the picture is painted"))
        await board.tap(position={"x": 330, "y": 330})
        await expect(covered).to_have_text(re.compile(r"^7% of the picture is painted"))
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme=theme)
            await page.screenshot(path=SCREENSHOTS / f"mask-{theme}.png", full_page=True)
        await page.set_viewport_size(NARROW)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.screenshot(path=SCREENSHOTS / "mask-phone.png", full_page=True)

        await board.focus()
        await page.keyboard.press("u")
        await page.keyboard.press("u")
        await expect(covered).to_have_text("Nothing is painted.")
        await page.keyboard.press("i")
        await expect(covered).to_have_text("All of the picture is painted.")
        await page.keyboard.press("c")
        for key in ("+", "+", "-", "Space", "Shift+ArrowDown", "Shift+ArrowDown", "e", "ArrowUp", "ArrowUp", "Space"):
            await page.keyboard.press(key)
        await page.locator("#prompt").fill("a star")
        await send_it.click()
        await expect(page.locator("#status")).to_have_text(str(mask_replies.STARTED))
        await expect(send_it).to_be_disabled()
        assert watch.unexpected() == []
    _, job = await hand.jobs()
    assert job.spec.prompt == "a star" and job.edit and job.edit.canvas and job.edit.canvas.mask
    box = job.edit.canvas.mask.box
    # From the middle downwards, with the upper end erased again.
    assert SIDE / 2 < box.top + box.height < SIDE * 0.75 and box.left < SIDE / 2 < box.left + box.width
