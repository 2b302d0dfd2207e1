"""Every way in which discord.py responds to an interaction."""

import io
from collections.abc import Awaitable, Callable

import discord
import pytest

from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.sandbox.discord_py_client import RecordingBot, answer_with, logged_in

Effect = Callable[[discord.Interaction], Awaitable[None]]


def bot_answering(effect: Effect) -> RecordingBot:
    bot = RecordingBot()
    answer_with(bot, "try", effect)
    return bot


def view_pressing(effect: Effect) -> discord.ui.View:
    button: discord.ui.Button[discord.ui.View] = discord.ui.Button(label="Press", custom_id="press", emoji="🔄")
    button.callback = effect  # type: ignore[method-assign, assignment]
    view = discord.ui.View(timeout=None)
    view.add_item(button)
    return view


async def test_a_message_answers_a_command(sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """Type 4: everyone sees the response, with the user and command."""

    async def effect(interaction: discord.Interaction) -> None:
        answer = await interaction.response.send_message("waiting to start")
        assert answer.message_id and (await interaction.original_response()).id == answer.message_id

    async with logged_in(sandbox, bot_answering(effect)):
        pressed = await ada.command("try")
        seen = await ben.reply(pressed)
        assert await ada.outcome(pressed) == "acknowledged"
    assert (seen["content"], seen["type"], seen["interaction"]["name"]) == ("waiting to start", 20, "try")
    assert seen["interaction_metadata"]["user"]["username"] == "ada"


async def test_an_ephemeral_answer_is_seen_by_its_member_alone(
    sandbox: Sandbox, ada: MemberClient, ben: MemberClient
) -> None:
    """Flag 64 hides a message from the others and from the channel's list."""

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("only you", ephemeral=True)
        assert isinstance(interaction.channel, discord.TextChannel)
        assert [message.content async for message in interaction.channel.history()] == []
        await interaction.followup.send("for all")

    async with logged_in(sandbox, bot_answering(effect)):
        pressed = await ada.command("try")
        assert (await ada.reply(pressed))["flags"] == 64
        await ben.message(lambda message: message["content"] == "for all")
    assert [message["content"] for message in ben.messages.values()] == ["for all"]


async def test_a_deferred_answer_arrives_later(sandbox: Sandbox, ada: MemberClient) -> None:
    """Type 5: a loading message first; the first followup completes it and keeps its id."""

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        promised = await interaction.original_response()
        assert promised.flags.loading
        arrived = await interaction.followup.send("arrived", wait=True)
        assert arrived.id == promised.id

    async with logged_in(sandbox, bot_answering(effect)):
        pressed = await ada.command("try")
        message = await ada.reply(pressed)
    assert (message["content"], message["flags"], message["edited_timestamp"]) == ("arrived", 0, None)


async def test_original_is_edited_with_files_and_deleted(sandbox: Sandbox, ada: MemberClient) -> None:
    """`@original`: patch with a new file in place of the old one, then delete."""

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("0 %", file=discord.File(io.BytesIO(b"old"), "old.txt"))
        changed = await interaction.edit_original_response(
            content="100 %", attachments=[discord.File(io.BytesIO(b"new"), "new.txt")]
        )
        assert [item.filename for item in changed.attachments] == ["new.txt"]
        assert await changed.attachments[0].read() == b"new"
        await interaction.delete_original_response()

    async with logged_in(sandbox, bot_answering(effect)):
        pressed = await ada.command("try")
        await ada.wait_for(lambda event: event.kind == "MESSAGE_DELETE")
        assert await ada.outcome(pressed) == "acknowledged"
    assert ada.messages == {}


async def test_a_press_updates_its_message(sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """Type 7: the message with the button changes, for any member."""

    async def press(interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=f"pressed by {interaction.user.name}", view=None)

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("press me", view=view_pressing(press))

    async with logged_in(sandbox, bot_answering(effect)):
        message = await ada.reply(await ada.command("try"))
        pressed = await ben.press(await ben.message(lambda item: item["id"] == message["id"]), "🔄")
        changed = await ada.changed(message, lambda item: item["content"] != "press me")
        assert await ben.outcome(pressed) == "acknowledged"
    assert (changed["content"], changed["components"]) == ("pressed by ben", [])
    assert changed["interaction_metadata"]["user"]["username"] == "ada"


async def test_a_deferred_update_leaves_the_message_until_it_is_edited(sandbox: Sandbox, ada: MemberClient) -> None:
    """Type 6: nothing changes at first; `@original` is the message with the button."""

    async def press(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        assert (await interaction.original_response()).content == "press me"
        await interaction.edit_original_response(content="pressed")
        await interaction.followup.send("thank you", ephemeral=True)

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("press me", view=view_pressing(press))

    async with logged_in(sandbox, bot_answering(effect)):
        message = await ada.reply(await ada.command("try"))
        await ada.press(message, "press")
        await ada.changed(message, lambda item: item["content"] == "pressed")
        thanks = await ada.message(lambda item: item["content"] == "thank you")
    assert thanks["message_reference"]["message_id"] == message["id"]


async def test_a_press_answered_with_a_message_replies_to_the_pressed_one(sandbox: Sandbox, ada: MemberClient) -> None:
    """Type 4 for a button: a reply to its message."""

    async def press(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("new one")

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("press me", view=view_pressing(press))

    async with logged_in(sandbox, bot_answering(effect)):
        message = await ada.reply(await ada.command("try"))
        answer = await ada.reply(await ada.press(message, "press"))
    assert (answer["type"], answer["referenced_message"]["id"]) == (19, message["id"])
    assert answer["interaction_metadata"]["interacted_message_id"] == message["id"]


async def test_autocomplete_offers_choices(sandbox: Sandbox, ada: MemberClient) -> None:
    """Type 8: the typed text comes back as choices."""
    bot = RecordingBot()

    @bot.tree.command(description="for a test")
    async def paint(interaction: discord.Interaction, style: str, seed: int) -> None:
        await interaction.response.send_message(f"{style} {seed}")

    @paint.autocomplete("style")
    async def complete(interaction: discord.Interaction, typed: str) -> list[discord.app_commands.Choice[str]]:
        assert interaction.namespace.seed == 3
        return [discord.app_commands.Choice(name=f"{typed}!", value=typed)]

    async with logged_in(sandbox, bot):
        choices = await ada.autocomplete("paint", "style", "oi", seed=3)
        answer = await ada.reply(await ada.command("paint", style="oil", seed=3))
    assert choices == [{"name": "oi!", "value": "oi"}]
    assert answer["content"] == "oil 3"


class Remix(discord.ui.Modal, title="Remix"):
    """A modal with one input in a label, as discord.py 2.7 writes them."""

    prompt: discord.ui.Label["Remix"] = discord.ui.Label(
        text="Prompt", component=discord.ui.TextInput(custom_id="prompt", default="a red circle", max_length=400)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.prompt.component, discord.ui.TextInput)
        await interaction.response.edit_message(content=f"remixed: {self.prompt.component.value}")


async def test_a_modal_opens_and_comes_back(sandbox: Sandbox, ada: MemberClient) -> None:
    """Type 9 for a button; the response to the modal updates the message."""

    async def press(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Remix())

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("grid", view=view_pressing(press))

    async with logged_in(sandbox, bot_answering(effect)):
        message = await ada.reply(await ada.command("try"))
        modal = await ada.modal(await ada.press(message, "press"))
        assert modal["modal"]["components"][0]["component"]["value"] == "a red circle"
        await ada.submit(modal, prompt="a blue square")
        await ada.changed(message, lambda item: item["content"] == "remixed: a blue square")


@pytest.mark.parametrize("channel", ["studio", "dm"])
async def test_components_v2_show_uploaded_pictures(sandbox: Sandbox, ada: MemberClient, channel: str) -> None:
    """A layout with a gallery of `attachment://` names has the file's URL, in a guild and in a DM."""

    class Layout(discord.ui.LayoutView):
        box: discord.ui.Container["Layout"] = discord.ui.Container(
            discord.ui.TextDisplay("# Grid"),
            discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://grid.txt")),
            discord.ui.File("attachment://grid.txt"),
            discord.ui.Separator(),
            discord.ui.Section("text", accessory=discord.ui.Button(label="U1", custom_id="u1")),
        )

    async def effect(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(view=Layout(), file=discord.File(io.BytesIO(b"grid"), "grid.txt"))

    async with logged_in(sandbox, bot_answering(effect)):
        message = await ada.reply(await ada.command("try", channel=channel))
        box = message["components"][0]
        content = await ada.file(box["components"][1]["items"][0]["media"])
    assert content == b"grid"
    assert message["flags"] == 1 << 15
    assert (box["components"][2]["name"], box["components"][2]["size"]) == ("grid.txt", 4)
