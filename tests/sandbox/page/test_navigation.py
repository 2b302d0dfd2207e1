"""Navigation in the chat page: channels, members, history and reconnects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, expect

from tests.browser import BROWSER, NARROW, Watch
from tests.sandbox.page.discord_objects import (
    ADA,
    AFTER_DARK,
    BEN,
    DM,
    EASEL,
    GALLERY,
    IMAGINE,
    grid_buttons,
    message,
    picture,
    sandbox_state,
)
from tests.sandbox.page.fake_discord import FakeDiscord

pytestmark = BROWSER


async def test_the_list_names_every_channel(visit: Page) -> None:
    """Two text channels, an age-restricted one and the direct messages are there, the first one open."""
    channels = visit.get_by_role("navigation", name="Channels").get_by_role("button")
    await expect(channels).to_have_text(["studio", "gallery", "after-dark", "Easel"])
    await expect(visit.get_by_role("button", name="after-dark, age-restricted")).to_be_visible()
    await expect(visit.get_by_role("button", name="studio")).to_have_attribute("aria-current", "page")


async def test_an_age_restricted_channel_asks_first(page: Page, discord: FakeDiscord) -> None:
    """Nothing of it shows before the answer; going back works; the answer is remembered."""
    discord.state = sandbox_state(after_dark=[message(BEN, "hidden thing")])
    await page.goto(f"{discord.url}?channel={AFTER_DARK}")
    await expect(page.get_by_role("heading", name="#after-dark is age-restricted")).to_be_visible()
    await expect(page.get_by_text("hidden thing")).to_have_count(0)
    await page.get_by_role("button", name="Go back").click()
    await expect(page.get_by_role("log", name="Messages in studio")).to_be_visible()
    await page.get_by_role("button", name="after-dark").click()
    await page.get_by_role("button", name="I am 18 or older").click()
    await expect(page.get_by_text("hidden thing")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("hidden thing")).to_be_visible()


async def test_another_member_sees_the_page_as_theirs(visit: Page, discord: FakeDiscord) -> None:
    """Switching marks administrators, speaks to the sandbox as the other member and closes the first connection."""
    await visit.get_by_role("button", name="You are Ada, administrator. Switch member").click()
    await expect(visit.get_by_role("option", name="Ada")).to_contain_text("Admin")
    await visit.get_by_role("option", name="Ben").click()
    await expect(visit.get_by_role("button", name="You are Ben. Switch member")).to_be_visible()
    await discord.until(lambda: [member for member, _ in discord.sockets][-1:] == [BEN["id"]])
    await visit.get_by_role("textbox", name="Message #studio").fill("hello")
    await visit.keyboard.press("Enter")
    await discord.until(lambda: discord.said)
    assert discord.said[0]["member"] == BEN["id"]


async def test_an_unknown_member_gives_way_to_the_first(page: Page, discord: FakeDiscord, watch: Watch) -> None:
    """A URL with an unknown member still opens the page."""
    watch.expect("404")
    await page.goto(f"{discord.url}?member=999")
    await expect(page.get_by_role("button", name="You are Ada, administrator. Switch member")).to_be_visible()


async def test_unread_channels_are_marked_until_opened(visit: Page, discord: FakeDiscord) -> None:
    """A message elsewhere marks its channel, mentions are counted, and a divider shows what is new."""
    await discord.push("MESSAGE_CREATE", message(BEN, "look", channel_id=GALLERY))
    await discord.push("MESSAGE_CREATE", message(BEN, f"<@{ADA['id']}>!", channel_id=GALLERY, mentions=[ADA]))
    await expect(visit.get_by_role("button", name="gallery, 2 unread, 1 mention")).to_be_visible()
    await expect(visit).to_have_title("(1) studio · Easel sandbox")
    await visit.get_by_role("button", name="gallery").click()
    await expect(visit.get_by_role("separator", name="New messages")).to_be_visible()
    await expect(visit.get_by_role("button", name="gallery", exact=True)).to_be_visible()


async def test_older_messages_come_on_scrolling_up_and_the_view_stays(page: Page, discord: FakeDiscord) -> None:
    """History loads above without moving the visible messages; at the top the welcome text shows."""
    every = [message(BEN, f"line {n}", age=timedelta(minutes=200 - n)) for n in range(120)]
    discord.state = sandbox_state(studio=every[-50:])
    discord.older = {every[0]["channel_id"]: every[:-50]}
    await page.goto(discord.url)
    rows = page.locator("[data-message-id]")
    await expect(rows).to_have_count(50)
    # Not the oldest one drawn: that loses its author's name once the same author's earlier lines stand above it.
    read = page.locator(f'[data-message-id="{every[75]["id"]}"]')
    await page.get_by_role("log").evaluate("node => { node.scrollTop = 300; }")
    before = await read.bounding_box()
    await expect(rows).to_have_count(100)
    assert await read.bounding_box() == before
    await page.get_by_role("log").evaluate("node => { node.scrollTop = 0; }")
    await expect(rows).to_have_count(120)
    await page.get_by_role("log").evaluate("node => { node.scrollTop = 0; }")
    await expect(page.get_by_role("heading", name="#studio")).to_be_visible()


async def test_a_tall_screen_fills_itself_with_history(page: Page, discord: FakeDiscord) -> None:
    """If the newest messages do not fill the screen, older ones load without scrolling."""
    every = [message(BEN, f"line {n}") for n in range(70)]
    discord.state = sandbox_state(studio=every[-50:])
    discord.older = {every[0]["channel_id"]: every[:-50]}
    await page.set_viewport_size({"width": 1200, "height": 3000})
    await page.goto(discord.url)
    await expect(page.get_by_text("line 0", exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", name="#studio")).to_be_visible()


async def test_at_the_end_the_view_follows_what_arrives(page: Page, discord: FakeDiscord) -> None:
    """Messages of a burst, edits that make one taller and pictures never leave the end below the view."""
    discord.state = sandbox_state(studio=[message(BEN, f"line {n}") for n in range(40)])
    await page.goto(discord.url)
    await expect(page.get_by_text("line 39")).to_be_in_viewport()
    waiting = [message(EASEL, f"waiting {n}") for n in range(8)]
    for one in waiting:
        await discord.push("MESSAGE_CREATE", one)
        await discord.push(
            "MESSAGE_UPDATE", {**one, "attachments": [picture("grid.png")], "components": grid_buttons()}
        )
    last = page.locator(f'[data-message-id="{waiting[-1]["id"]}"]')
    await expect(last.get_by_role("button", name="😍")).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Jump to present")).to_be_hidden()


async def test_pictures_are_shown_above_a_long_message_for_this_member_alone(page: Page, discord: FakeDiscord) -> None:
    """The first grid comes above the question about consent, which fills a phone."""
    discord.state = sandbox_state(studio=[message(BEN, f"line {n}") for n in range(40)])
    waiting, question = message(EASEL, "a red circle"), message(EASEL, "Your data?\n\n" * 20, flags=64)
    await page.set_viewport_size(NARROW)
    await page.goto(discord.url)
    await expect(page.get_by_text("line 39")).to_be_in_viewport()
    for one in (waiting, question):
        await discord.push("MESSAGE_CREATE", one)
    await expect(page.get_by_role("button", name="Dismiss message")).to_be_in_viewport()
    await discord.push("MESSAGE_UPDATE", {**waiting, "attachments": [picture("grid.png")]})
    await expect(page.get_by_text("a red circle", exact=True)).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Jump to present")).to_be_visible()


async def test_reading_further_up_is_not_disturbed(page: Page, discord: FakeDiscord) -> None:
    """A new message and a grid below do not scroll down; the button counts them and does."""
    lines = [message(BEN, f"line {n}") for n in range(40)]
    discord.state, last = sandbox_state(studio=lines), lines[-1]
    await page.goto(discord.url)
    log = page.get_by_role("log")
    await expect(page.get_by_text("line 39")).to_be_in_viewport()
    await log.evaluate("node => { node.scrollTop = 200; }")
    jump = page.get_by_role("button", name="Jump to present")
    await expect(jump).to_be_visible()
    await discord.push("MESSAGE_CREATE", message(BEN, "the newest"))
    await expect(page.get_by_text("the newest")).to_be_attached()
    await expect(page.get_by_role("button", name="1 new message · Jump to present")).to_be_visible()
    grid = {**last, "attachments": [picture("grid.png")]}
    for _ in range(2):
        await discord.push("MESSAGE_UPDATE", grid)
    await expect(page.get_by_role("button", name="2 new messages · Jump to present")).to_be_visible()
    whisper = message(EASEL, "**A fox**\nRated 😍.", flags=64)
    await discord.push("MESSAGE_CREATE", whisper)
    await expect(page.get_by_role("status").get_by_text("A fox Rated 😍.", exact=True)).to_be_visible()
    assert await log.evaluate("node => node.scrollTop") == 200
    await jump.click()
    await expect(page.get_by_text("the newest")).to_be_in_viewport()
    await expect(jump).to_be_hidden()


async def test_a_lost_connection_is_named_and_caught_up(visit: Page, discord: FakeDiscord, watch: Watch) -> None:
    """A lost connection shows a banner; after the reconnect, what was missed is there, and the errors are gone."""
    watch.expect("WebSocket")
    watch.expect("ERR_FAILED")
    gone, kept = message(BEN, "soon deleted"), message(BEN, "kept")
    for one in (gone, kept):
        await discord.push("MESSAGE_CREATE", one)
    await expect(visit.get_by_text("kept", exact=True)).to_be_visible()
    discord.state = sandbox_state(studio=[kept, message(EASEL, "painted meanwhile")])
    await visit.route("**/sandbox/messages", lambda route: route.abort())
    await visit.get_by_role("textbox", name="Message #studio").fill("hello?")
    await visit.keyboard.press("Enter")
    await expect(visit.get_by_text("Could not reach the sandbox")).to_be_visible()
    discord.is_away = True
    # The page's time stands still: it would soon try again by itself, and the button would be gone.
    await visit.clock.install()
    await visit.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    await discord.drop()
    await expect(visit.get_by_text("Connection lost")).to_be_visible()
    discord.is_away = False
    await visit.get_by_role("button", name="Retry now").click()
    await expect(visit.get_by_text("painted meanwhile")).to_be_visible()
    await expect(visit.get_by_text("soon deleted")).to_have_count(0)
    await expect(visit.get_by_text("Could not reach the sandbox")).to_have_count(0)
    await expect(visit.get_by_role("textbox", name="Message #studio")).to_have_value("hello?")
    await expect(visit.get_by_text("Connection lost")).to_be_hidden()


async def test_catching_up_keeps_the_history_that_was_loaded(page: Page, discord: FakeDiscord) -> None:
    """After a reconnect, loaded history stays above the new messages."""
    every = [message(BEN, f"line {n}", age=timedelta(minutes=200 - n)) for n in range(100)]
    discord.state = sandbox_state(studio=every[-50:])
    discord.older = {every[0]["channel_id"]: every[:-50]}
    await page.goto(discord.url)
    await page.get_by_role("log").evaluate("node => { node.scrollTop = 0; }")
    await expect(page.locator("[data-message-id]")).to_have_count(100)
    discord.state = sandbox_state(studio=[*every[-49:], message(EASEL, "painted meanwhile")])
    await discord.drop()
    await expect(page.get_by_text("painted meanwhile")).to_be_attached()
    await expect(page.locator("[data-message-id]")).to_have_count(101)


async def test_newcomers_are_shown_how_to_begin(visit: Page, discord: FakeDiscord) -> None:
    """The hint says what the bot's /imagine paints, as soon as the bot has said so, and offers it filled in."""
    await expect(visit.get_by_text("/imagine Paint four pictures from words")).to_be_visible()
    told = {**IMAGINE, "description": "The model starter paints simple shapes."}
    await discord.push("COMMANDS_UPDATE", {"commands": [told]})
    await expect(visit.get_by_text("/imagine The model starter paints simple shapes.")).to_be_visible()
    await visit.get_by_role("button", name="Try /imagine").click()
    await expect(visit.get_by_label("prompt: What to paint")).to_be_focused()


async def test_direct_messages_are_with_the_bot(visit: Page, discord: FakeDiscord) -> None:
    """The DM opens, sends messages, and shows its own typing indicator."""
    await visit.get_by_role("button", name="Easel", exact=True).click()
    await expect(visit.get_by_role("textbox", name="Message @Easel")).to_be_focused()
    await discord.push("TYPING_START", {"channel_id": DM, "user_id": EASEL["id"]})
    await expect(visit.get_by_text("Easel is typing…")).to_be_visible()
    await discord.push("MESSAGE_CREATE", message(EASEL, "hello there", channel_id=DM))
    await expect(visit.get_by_text("Easel is typing…")).to_have_count(0)
    await expect(visit.get_by_text("hello there")).to_be_visible()


async def test_a_deleted_channel_closes(visit: Page, discord: FakeDiscord) -> None:
    """When the open channel is deleted, the page opens the first one and shows a notice."""
    await visit.get_by_role("button", name="gallery").click()
    await discord.push("CHANNEL_DELETE", {"id": GALLERY, "name": "gallery", "kind": "text", "type": 0, "nsfw": False})
    # First what goes away by itself.
    await expect(visit.get_by_text("#gallery was deleted.")).to_be_visible()
    await expect(visit.get_by_role("log", name="Messages in studio")).to_be_visible()


async def test_the_theme_is_chosen_and_kept(visit: Page) -> None:
    """The button cycles through system, light and dark, and the choice survives a reload."""
    await visit.get_by_role("button", name="Theme: system").click()
    await visit.get_by_role("button", name="Theme: light").click()
    await visit.reload()
    await expect(visit.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert await visit.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
