"""Threads and forum posts in the chat page: the list, opening, archiving, and a command there."""

from __future__ import annotations

from typing import Any

import discord
from playwright.async_api import Page, expect

from sandbox.chat.test_client import member_client
from sandbox.server import serve
from tests.bot.clocks import UnhurriedClock
from tests.browser import BROWSER, leaving
from tests.sandbox.discord_py_client import RecordingBot, answer_with, logged_in
from tests.sandbox.page.discord_objects import BEN, STUDIO, message, sandbox_state
from tests.sandbox.page.fake_discord import FakeDiscord

pytestmark = BROWSER
JSON = dict[str, Any]
FORUM = "200000000000000020"


def thread(number: int, name: str, parent: str = STUDIO, **state: bool) -> JSON:
    return {
        "id": f"2000000000000001{number:02}",
        "name": name,
        "type": 11,
        "nsfw": False,
        "kind": "thread",
        "topic": None,
        "parent_id": parent,
        "archived": False,
        "locked": False,
        **state,
    }


async def test_threads_are_below_their_channel(page: Page, discord: FakeDiscord) -> None:
    """Archived and locked ones are named so; new, changed and deleted ones show at once; the keyboard opens them."""
    state = sandbox_state()
    forum = {"id": FORUM, "name": "showcase", "type": 15, "nsfw": False, "kind": "forum", "topic": None}
    state["channels"] += [forum, thread(1, "foxes", FORUM, archived=True, locked=True), thread(2, "sketches")]
    discord.state = state
    await page.goto(discord.url)
    posts = page.get_by_role("list", name="Posts in showcase")
    await expect(posts.get_by_role("button")).to_have_accessible_name("foxes, thread, archived, locked")
    threads = page.get_by_role("list", name="Threads in studio").get_by_role("button")
    await expect(threads).to_have_text(["sketches"])
    await discord.push("THREAD_CREATE", thread(3, "horses"))
    await discord.push("MESSAGE_CREATE", message(BEN, "look", channel_id=thread(3, "horses")["id"]))
    await expect(page.get_by_role("button", name="horses, thread, 1 unread")).to_be_visible()
    await discord.push("THREAD_UPDATE", thread(2, "sketches", archived=True))
    await expect(threads.first).to_have_accessible_name("sketches, thread, archived")
    await page.get_by_role("button", name="studio", exact=True).focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="sketches").first).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message “sketches”")).to_be_focused()
    await expect(page.get_by_text("Archived", exact=True)).to_be_visible()
    await discord.push("THREAD_DELETE", thread(2, "sketches", archived=True))
    await expect(page.get_by_role("textbox", name="Message #studio")).to_be_visible()
    await expect(page.get_by_role("list", name="Threads in gallery")).to_have_count(0)


async def test_a_thread_is_opened_and_a_command_used_in_it(page: Page) -> None:
    """On the real sandbox: a thread by its form, the bot's answer there, archived, and reopened by writing."""
    seen: list[object] = []

    async def greet(interaction: discord.Interaction) -> None:
        seen.append(interaction.channel)
        await interaction.response.send_message("hello there")

    bot = RecordingBot()
    answer_with(bot, "hello", greet)
    async with serve(clock=UnhurriedClock()) as sandbox, logged_in(sandbox, bot), leaving(page):
        await page.goto(sandbox.url)
        await page.get_by_role("button", name="New thread").click()
        await page.get_by_role("textbox", name="Name").fill("sketches")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("textbox", name="Message “sketches”")).to_be_focused()
        await page.keyboard.type("/hello")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("log").get_by_text("hello there")).to_be_visible()
        assert [(type(channel), getattr(channel, "name", "")) for channel in seen] == [(discord.Thread, "sketches")]
        await page.get_by_role("button", name="Archive thread").click()
        await expect(page.get_by_role("button", name="sketches, thread, archived")).to_be_visible()
        async with member_client(sandbox.url, "ben") as ben:
            await ben.say("again", channel="sketches")
        await expect(page.get_by_role("button", name="Archive thread")).to_be_visible()


async def test_a_post_is_opened_in_a_forum(page: Page) -> None:
    """A forum takes no messages, so the form asks for the first one too."""
    async with serve() as sandbox, leaving(page):
        await page.goto(sandbox.url)
        await page.get_by_role("button", name="showcase, forum").click()
        await expect(page.get_by_role("textbox")).to_have_count(0)
        await page.get_by_role("button", name="New post").click()
        await page.get_by_role("textbox", name="Name").fill("foxes")
        await page.get_by_role("textbox", name="First message").fill("Look at these.")
        await page.get_by_role("button", name="Submit").click()
        await expect(page.get_by_role("log").get_by_text("Look at these.")).to_be_visible()
        await expect(page.get_by_role("list", name="Posts in showcase").get_by_role("button")).to_have_text(["foxes"])
