"""Messages in the chat page: what they show, and what changes when they do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import BROWSER, Watch
from tests.sandbox.page.discord_objects import (
    ADA,
    BEN,
    EASEL,
    STUDIO,
    grid_buttons,
    message,
    picture,
    row,
    sandbox_state,
)
from tests.sandbox.page.fake_discord import FakeDiscord

pytestmark = BROWSER
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15


def shown(page: Page, one: dict[str, object]) -> Locator:
    """The message on the page."""
    return page.locator(f'[data-message-id="{one["id"]}"]')


async def test_text_is_never_markup(visit: Page, discord: FakeDiscord) -> None:
    """Tags in a message, a name or a file name are shown as they are."""
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    sender = {**BEN, "id": "123", "global_name": evil}
    one = message(sender, evil, attachments=[{**picture(f"{evil}.zip"), "content_type": "application/zip"}])
    await discord.push("MESSAGE_CREATE", one)
    await expect(shown(visit, one).locator(".message__text")).to_have_text(evil)
    await expect(shown(visit, one).locator("img, script")).to_have_count(0)


async def test_an_edit_changes_only_what_changed(visit: Page, discord: FakeDiscord) -> None:
    """New text arrives in place: the picture's node, and the focused button, are the same as before."""
    one = message(EASEL, "10%", attachments=[picture("grid.png")], components=grid_buttons())
    await discord.push("MESSAGE_CREATE", one)
    await shown(visit, one).get_by_role("button", name="U2").focus()
    await visit.evaluate("for (const node of document.querySelectorAll('.picture img, .row')) node.mark = 'same'")
    await discord.push("MESSAGE_UPDATE", {**one, "content": "20%"})
    await expect(shown(visit, one).locator(".message__text")).to_have_text("20%")
    assert await visit.evaluate("document.querySelector('.picture img').mark") == "same"
    assert await visit.evaluate("document.querySelector('.row').mark") == "same"
    await expect(shown(visit, one).get_by_role("button", name="U2")).to_be_focused()


async def test_a_replaced_picture_stays_until_the_new_one_is_ready(visit: Page, discord: FakeDiscord) -> None:
    """While the next preview loads, the old one is on screen at the same place and size; then they change over."""
    one = message(EASEL, "50%", attachments=[picture("preview.png", 128, 128)])
    await discord.push("MESSAGE_CREATE", one)
    tile = shown(visit, one).locator(".picture")
    await expect(tile).to_have_attribute("data-state", "shown")
    before = await tile.bounding_box()
    discord.held["grid.png"] = asyncio.Event()
    await discord.push("MESSAGE_UPDATE", {**one, "attachments": [picture("grid.png")]})
    await expect(tile).to_have_attribute("data-state", "replacing")
    await expect(tile.locator("img")).to_have_attribute("src", "/attachments/preview.png")
    discord.held["grid.png"].set()
    await expect(tile.locator("img")).to_have_attribute("src", "/attachments/grid.png")
    await expect(tile.locator("img")).to_have_count(1)
    assert await tile.bounding_box() == before


async def test_a_renewed_signature_does_not_load_the_picture_again(visit: Page, discord: FakeDiscord) -> None:
    """The same file under a newly signed address keeps its node."""
    file = picture("grid.png")
    one = message(EASEL, "done", attachments=[{**file, "url": f"{file['url']}?ex=1"}])
    await discord.push("MESSAGE_CREATE", one)
    await expect(shown(visit, one).locator(".picture")).to_have_attribute("data-state", "shown")
    await visit.evaluate("document.querySelector('.picture img').mark = 'same'")
    await discord.push(
        "MESSAGE_UPDATE", {**one, "content": "still", "attachments": [{**file, "url": f"{file['url']}?ex=2"}]}
    )
    await expect(shown(visit, one).locator(".message__text")).to_have_text("still")
    assert await visit.evaluate("document.querySelector('.picture img').mark") == "same"


async def test_pictures_take_their_space_before_they_arrive(page: Page, discord: FakeDiscord) -> None:
    """The message below a slow picture does not move when the picture arrives."""
    slow = message(EASEL, "slow", attachments=[picture("wide.png", 640, 360)])
    below = message(BEN, "below")
    discord.state = sandbox_state(studio=[slow, below])
    discord.held["wide.png"] = asyncio.Event()
    await page.goto(discord.url)
    before = await shown(page, below).bounding_box()
    space = await shown(page, slow).locator(".picture").bounding_box()
    assert space and space["width"] / space["height"] == pytest.approx(640 / 360, abs=0.01)
    discord.held["wide.png"].set()
    await expect(shown(page, slow).locator(".picture")).to_have_attribute("data-state", "shown")
    assert await shown(page, below).bounding_box() == before


async def test_a_picture_that_fails_says_so(visit: Page, discord: FakeDiscord, watch: Watch) -> None:
    """A missing file is named to everybody, and does not disturb the rest."""
    watch.expect("404")
    one = message(EASEL, "gone", attachments=[picture("gone.png")])
    await discord.push("MESSAGE_CREATE", one)
    await expect(visit.get_by_role("button", name="Could not load picture: gone.png")).to_be_visible()


async def test_the_lightbox_walks_and_keeps(visit: Page, discord: FakeDiscord) -> None:
    """A click enlarges, arrows walk on, the file can be kept under its name, Escape returns; captions are words."""
    one = message(EASEL, "two", attachments=[picture("grid.png"), picture("preview.png", 128, 128)])
    await discord.push("MESSAGE_CREATE", one)
    await visit.get_by_role("button", name="Enlarge picture: grid.png").click()
    large = visit.get_by_role("dialog", name="Picture")
    await expect(large).to_contain_text("grid.png · 512 × 512 · 1 of 2")
    await visit.keyboard.press("ArrowRight")
    await expect(large).to_contain_text("preview.png · 128 × 128 · 2 of 2")
    async with visit.expect_download() as download:
        await large.get_by_role("link", name="Download").click()
    assert (await download.value).suggested_filename == "preview.png"
    await visit.keyboard.press("Escape")
    await expect(large).to_be_hidden()
    await expect(visit.get_by_role("button", name="Enlarge picture: grid.png")).to_be_focused()
    named = picture("wide.png") | {"filename": "a_red_circle_2_01997a8e-6b7c-7a31-9d0e-2f6f0c0d5a11.png"}
    described = picture("preview.png") | {"description": "A calm sea"}
    await discord.push("MESSAGE_CREATE", message(EASEL, "words", attachments=[named, described]))
    await expect(visit.get_by_role("button", name="Enlarge picture: a red circle 2", exact=True)).to_be_visible()
    await visit.get_by_role("button", name="Enlarge picture: A calm sea").click()
    await expect(large).to_contain_text("A calm sea · 512 × 512 · 2 of 2")


async def test_an_ephemeral_message_says_so_and_goes_when_dismissed(visit: Page, discord: FakeDiscord) -> None:
    """An ephemeral message is marked; dismissing asks the sandbox to remove it; it cannot be reacted to."""
    one = message(EASEL, "The queue is full.", flags=EPHEMERAL)
    await discord.push("MESSAGE_CREATE", one)
    await expect(shown(visit, one)).to_contain_text("Only you can see this")
    await shown(visit, one).hover()
    await expect(shown(visit, one).get_by_role("button", name="Add reaction")).to_have_count(0)
    await shown(visit, one).get_by_role("button", name="Dismiss message").click()
    await discord.until(lambda: discord.removed == [one["id"]])
    await discord.push("MESSAGE_DELETE", {"id": one["id"], "channel_id": STUDIO})
    await expect(shown(visit, one)).to_have_count(0)


async def test_a_loading_answer_thinks(visit: Page, discord: FakeDiscord) -> None:
    """A deferred answer shows that Easel is thinking, until it has something to say."""
    one = message(EASEL, "", flags=LOADING)
    await discord.push("MESSAGE_CREATE", one)
    await expect(shown(visit, one)).to_contain_text("Easel is thinking…")
    await discord.push("MESSAGE_UPDATE", {**one, "flags": 0, "content": "Here."})
    await expect(shown(visit, one).locator(".message__text")).to_have_text("Here.")


async def test_a_reply_leads_back_to_what_it_answers(visit: Page, discord: FakeDiscord) -> None:
    """A reply previews its message and jumps to it; answering with the toolbar names the message."""
    first = message(BEN, f"**{'the first ' * 40}and last**")
    second = message(
        EASEL, "the second", type=19, message_reference={"message_id": first["id"]}, referenced_message=first
    )
    await discord.push("MESSAGE_CREATE", first)
    await discord.push("MESSAGE_CREATE", second)
    await expect(shown(visit, second)).not_to_contain_text("**")
    await shown(visit, second).get_by_role("button", name="In reply to Ben").click()
    await expect(shown(visit, first)).to_be_focused()
    await shown(visit, first).get_by_role("button", name="Reply", exact=True).click()
    await expect(visit.get_by_text("Replying to Ben")).to_be_visible()
    await visit.keyboard.type("agreed")
    await visit.keyboard.press("Enter")
    await discord.until(lambda: discord.said)
    assert discord.said[0] | {"content": "agreed", "reference": first["id"]} == discord.said[0]
    await expect(visit.get_by_text("Replying to Ben")).to_be_hidden()


async def test_a_reply_previews_its_message_as_it_is_now(visit: Page, discord: FakeDiscord) -> None:
    """A message that is edited after its answer, as a series that counts on, changes above the answer too."""
    series = message(EASEL, "40 grids: 2 painting, 38 waiting")
    grid = message(
        EASEL, "a red star", type=19, message_reference={"message_id": series["id"]}, referenced_message=series
    )
    await discord.push("MESSAGE_CREATE", series)
    await discord.push("MESSAGE_CREATE", grid)
    await expect(shown(visit, grid)).to_contain_text("40 grids: 2 painting, 38 waiting")
    await discord.push("MESSAGE_UPDATE", {**series, "content": "40 grids: 40 done"})
    await expect(shown(visit, grid)).to_contain_text("40 grids: 40 done")


async def test_a_reply_to_something_deleted_says_so(visit: Page, discord: FakeDiscord) -> None:
    """A reply whose message is gone does not pretend to have one."""
    one = message(BEN, "yes", type=19, message_reference={"message_id": "1"}, referenced_message=None)
    await discord.push("MESSAGE_CREATE", one)
    await expect(shown(visit, one)).to_contain_text("Original message was deleted.")


async def test_reactions_count_and_toggle(visit: Page, discord: FakeDiscord) -> None:
    """A reaction from the picker goes to the sandbox; events count; pressing one's own takes it back."""
    one = message(BEN, "nice")
    await discord.push("MESSAGE_CREATE", one)
    await shown(visit, one).hover()
    await shown(visit, one).get_by_role("button", name="Add reaction").click()
    await visit.get_by_role("button", name="star").click()
    await discord.until(lambda: discord.reacted == [("PUT", "⭐")])
    event = {"channel_id": STUDIO, "message_id": one["id"], "emoji": {"id": None, "name": "⭐"}}
    await discord.push("MESSAGE_REACTION_ADD", {**event, "user_id": BEN["id"]})
    await discord.push("MESSAGE_REACTION_ADD", {**event, "user_id": ADA["id"]})
    pill = shown(visit, one).get_by_role("button", name="⭐, 2 reactions, including yours")
    await expect(pill).to_have_attribute("aria-pressed", "true")
    await pill.click()
    await discord.until(lambda: discord.reacted[-1] == ("DELETE", "⭐"))
    await discord.push("MESSAGE_REACTION_REMOVE", {**event, "user_id": ADA["id"]})
    await expect(shown(visit, one).get_by_role("button", name="⭐, 1 reaction", exact=True)).to_be_visible()


async def test_deletion_is_offered_to_those_who_may(visit: Page, discord: FakeDiscord) -> None:
    """An administrator may delete another's message, after a question; Ben may delete his own only."""
    mine, other = message(BEN, "by Ben"), message(ADA, "by Ada")
    discord.state = sandbox_state(studio=[mine, other])
    await visit.goto(discord.url)
    await shown(visit, mine).hover()
    await shown(visit, mine).get_by_role("button", name="Delete message").click()
    asked = visit.get_by_role("alertdialog", name="Delete message")
    await expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
    await visit.keyboard.press("Enter")
    await expect(asked).to_have_count(0)
    assert not discord.removed
    await shown(visit, mine).get_by_role("button", name="Delete message").click()
    await asked.get_by_role("button", name="Delete", exact=True).click()
    await discord.until(lambda: discord.removed == [mine["id"]])
    await visit.goto(f"{discord.url}?member={BEN['id']}")
    await shown(visit, other).hover()
    await expect(shown(visit, other).get_by_role("button", name="Reply", exact=True)).to_be_visible()
    await expect(shown(visit, other).get_by_role("button", name="Delete message")).to_have_count(0)


async def test_components_v2_are_drawn(visit: Page, discord: FakeDiscord) -> None:
    """Container, section, text, thumbnail, gallery, separator and file show what they hold."""
    media = {"media": {"url": "attachment://grid.png"}, "description": "four foxes"}
    one = message(
        EASEL,
        flags=COMPONENTS_V2,
        attachments=[picture("grid.png"), {**picture("recipe.txt"), "content_type": "text/plain"}],
        components=[
            {
                "type": 17,
                "accent_color": 0x1D7A52,
                "components": [
                    {
                        "type": 9,
                        "components": [{"type": 10, "content": "**Settings**"}],
                        "accessory": {"type": 11, **media},
                    },
                    {"type": 14, "divider": True, "spacing": 2},
                    {"type": 12, "items": [media]},
                    {"type": 13, "file": {"url": "attachment://recipe.txt"}, "name": "recipe.txt", "size": 1200},
                    row({"type": 2, "style": 5, "label": "Site", "url": "https://example.org/"}),
                ],
            }
        ],
    )
    await discord.push("MESSAGE_CREATE", one)
    view = shown(visit, one)
    await expect(view.locator("strong")).to_have_text("Settings")
    await expect(view.get_by_role("button", name="Enlarge picture: four foxes")).to_have_count(2)
    await expect(view.get_by_role("separator")).to_have_count(2)
    await expect(view.get_by_role("link", name="recipe.txt")).to_have_attribute("download", "recipe.txt")
    await expect(view.get_by_role("link", name="Site")).to_have_attribute("href", "https://example.org/")
    assert await view.locator(".container").evaluate("n => n.style.getPropertyValue('--accent')") == "#1d7a52"


async def test_embeds_are_drawn_and_foreign_pictures_are_not_fetched(visit: Page, discord: FakeDiscord) -> None:
    """Title, fields, colour and footer show; a picture from elsewhere is named, never requested."""
    embed = {
        "title": "Your info",
        "description": "**two** jobs",
        "color": 0xB3402E,
        "fields": [{"name": "Fast", "value": "12 min", "inline": True}],
        "footer": {"text": "since Monday"},
        "image": {"url": "https://cdn.example.org/a.png", "width": 10, "height": 10},
    }
    one = message(EASEL, embeds=[embed])
    await discord.push("MESSAGE_CREATE", one)
    card = shown(visit, one).locator(".embed")
    for words in ("Your info", "two jobs", "Fast", "12 min", "since Monday", "External picture from cdn.example.org"):
        await expect(card).to_contain_text(words)
    await expect(card.locator("img")).to_have_count(0)


async def test_neighbours_of_one_author_are_grouped(page: Page, discord: FakeDiscord) -> None:
    """Messages of one author within minutes share a head; another day begins with a divider."""
    # At noon, whenever the test runs: it is never midnight between the two.
    now = datetime.now(UTC)
    noon = now - now.replace(hour=12, minute=0) + timedelta(days=1)
    old = message(BEN, "old", age=noon + timedelta(days=2))
    first, second = message(BEN, "one", age=noon + timedelta(seconds=9)), message(BEN, "two", age=noon)
    discord.state = sandbox_state(studio=[old, first, second])
    await page.goto(discord.url)
    await expect(shown(page, first).get_by_role("separator")).to_have_count(1)
    await expect(shown(page, first).locator(".message__author")).to_be_visible()
    await expect(shown(page, second).locator(".message__author")).to_be_hidden()
