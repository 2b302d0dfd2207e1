"""The chat page on the real sandbox, with unmodified discord.py as the bot."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import discord
from discord import app_commands, ui
from playwright.async_api import Locator, Page, expect

from sandbox.actions.interactions import RESPONSE_DEADLINE
from sandbox.server import Sandbox, serve
from sandbox.state.clock import ManualClock
from tests.bot.clocks import UnhurriedClock
from tests.browser import BROWSER, leaving, take_screenshot
from tests.sandbox.discord_py_client import RecordingBot, logged_in
from tests.sandbox.page.fake_discord import png

pytestmark = BROWSER


def image(width: int, colour: str, name: str) -> discord.File:
    """A square picture to post."""
    return discord.File(io.BytesIO(png(width, width, colour)), filename=name)


class Remix(ui.Modal, title="Remix"):
    """Asks for another prompt."""

    words: ui.Label[Remix] = ui.Label(text="Prompt", component=ui.TextInput(default="a fox"))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.words.component, ui.TextInput)
        await interaction.response.send_message(f"Whispered **{self.words.component.value}**", ephemeral=True)


class Verbs(ui.View):
    """What stands under a grid."""

    @ui.button(label="V1")
    async def vary(self, interaction: discord.Interaction, _: ui.Button[Verbs]) -> None:
        await interaction.response.send_modal(Remix())

    @ui.button(label="U1")
    async def upscale(self, interaction: discord.Interaction, _: ui.Button[Verbs]) -> None:
        assert interaction.message is not None
        await interaction.response.defer()
        await interaction.message.reply("Image #1", file=image(64, "#356b8c", "one.png"))

    @ui.select(options=[discord.SelectOption(label="Small"), discord.SelectOption(label="Large")], placeholder="Size")
    async def size(self, interaction: discord.Interaction, menu: ui.Select[Verbs]) -> None:
        await interaction.response.edit_message(content=f"Size {menu.values[0]}")


def painting_bot(go_on: asyncio.Event) -> RecordingBot:
    """A bot whose /imagine answers, shows a preview, and ends with a grid once `go_on` is set."""
    bot = RecordingBot()

    @app_commands.describe(prompt="What to paint", model="Which model")
    async def imagine(interaction: discord.Interaction, prompt: str, model: str = "starter") -> None:
        await interaction.response.defer(thinking=True)
        preview = image(64, "#7d6a5f", "preview.png")
        await interaction.edit_original_response(content=f"**{prompt}** (50%)", attachments=[preview])
        await go_on.wait()
        grid = image(256, "#b3402e", "grid.png")
        text = f"**{prompt}** with {model} - {interaction.user.mention}"
        await interaction.edit_original_response(content=text, attachments=[grid], view=Verbs())

    async def models(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        known = [
            app_commands.Choice(name="Starter", value="starter"),
            app_commands.Choice(name="Grand", value="grand-2"),
        ]
        return [choice for choice in known if typed.lower() in choice.name.lower()]

    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name="imagine", description="Paint four pictures", callback=imagine
    )
    command.autocomplete("model")(models)
    bot.tree.add_command(command)
    return bot


async def imagine(page: Page) -> None:
    """Sends /imagine with both of its options, the model by autocomplete."""
    await expect(page.get_by_role("textbox", name="Message #studio")).to_be_focused()
    await page.keyboard.type("/imagine a red circle")
    await page.get_by_role("button", name="+ model").click()
    await page.keyboard.type("gra")
    await page.get_by_role("option", name="Grand").click()
    await page.keyboard.press("Enter")


async def press_everything(page: Page) -> None:
    """Upscales, remixes and chooses a size under the grid, and sees each answer."""
    grid = page.locator("[data-message-id]", has_text="with grand-2")
    await grid.get_by_role("button", name="U1").click()
    answer = page.locator("[data-message-id]", has_text="Image #1")
    await expect(answer.get_by_role("button", name="Enlarge picture: one.png")).to_be_visible()
    await expect(answer.get_by_role("button", name="In reply to Easel")).to_be_visible()
    await grid.get_by_role("button", name="V1").click()
    form = page.get_by_role("dialog", name="Remix")
    await form.get_by_label("Prompt").fill("a wolf")
    await form.get_by_role("button", name="Submit").click()
    whisper = page.locator("[data-message-id]", has_text="Whispered a wolf")
    await expect(whisper).to_contain_text("Only you can see this")
    await whisper.get_by_role("button", name="Dismiss message").click()
    await expect(whisper).to_have_count(0)
    await grid.get_by_role("combobox", name="Size").click()
    await page.get_by_role("option", name="Large").click()
    await expect(page.get_by_role("paragraph").filter(has_text="Size Large")).to_be_visible()


async def size_of(node: Locator) -> tuple[float, float]:
    """Width and height on screen, in CSS pixels."""
    box = await node.bounding_box()
    assert box
    return box["width"], box["height"]


async def chat(page: Page, sandbox: Sandbox, go_on: asyncio.Event) -> None:
    """Uses the page as a member would."""
    await page.goto(sandbox.url)
    await imagine(page)
    await expect(page.get_by_text("a red circle (50%)")).to_be_visible()
    tile = page.locator(".picture")
    await expect(tile).to_have_attribute("data-state", "shown")
    before = await size_of(tile)
    go_on.set()
    await expect(page.get_by_role("button", name="Enlarge picture: grid.png")).to_be_visible()
    assert await size_of(tile) == before
    await take_screenshot(page, "page-real-sandbox")
    await press_everything(page)


async def test_a_member_uses_a_bot_through_the_page(page: Page) -> None:
    """Autocomplete, a deferred answer, edits, buttons, a modal, an ephemeral message and a select work end to end."""
    go_on = asyncio.Event()
    async with serve(clock=UnhurriedClock()) as sandbox, logged_in(sandbox, painting_bot(go_on)), leaving(page):
        await chat(page, sandbox, go_on)
        await page.goto("about:blank")


async def test_a_silent_bot_is_named(page: Page) -> None:
    """A bot that takes too long shows that the application did not respond."""
    bot = RecordingBot()

    async def sulk(interaction: discord.Interaction) -> None:
        await asyncio.sleep(0)

    bot.tree.add_command(app_commands.Command(name="sulk", description="Says nothing", callback=sulk))
    clock = ManualClock()
    async with serve(clock=clock) as sandbox, logged_in(sandbox, bot), leaving(page):
        await page.goto(sandbox.url)
        await expect(page.get_by_role("textbox", name="Message #studio")).to_be_focused()
        await page.keyboard.type("/sulk")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await bot.heard("interaction")
        clock.advance(RESPONSE_DEADLINE)
        await expect(page.get_by_role("alert").get_by_text("application did not respond")).to_be_visible()
        await page.goto("about:blank")
