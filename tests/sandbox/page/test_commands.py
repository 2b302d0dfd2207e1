"""Slash commands in the chat page: finding them, filling them in, sending them."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import BROWSER, Watch
from tests.sandbox.page.discord_objects import ADA, BEN, EASEL, GALLERY, STUDIO, message
from tests.sandbox.page.fake_discord import FakeDiscord, png

pytestmark = BROWSER
COMMAND, AUTOCOMPLETE = 2, 4


async def begin(page: Page, typed: str) -> None:
    """Types into the message box as a person would."""
    box = page.get_by_role("textbox", name="Message #studio")
    await box.click()
    await box.press_sequentially(typed)


async def answer(discord: FakeDiscord, content: str = "**a fox** - painting") -> None:
    """Lets the bot answer the newest command with a message."""
    command = await discord.next_interaction(COMMAND)
    metadata = {"id": f"77{len(discord.interactions)}", "type": 2, "user": ADA, "name": command["data"]["name"]}
    await discord.push("MESSAGE_CREATE", message(EASEL, content, nonce=command["nonce"], interaction_metadata=metadata))


async def test_a_slash_offers_commands_and_typing_narrows_them(visit: Page) -> None:
    """ "/" lists every usable command; more letters leave those that fit."""
    await begin(visit, "/")
    options = visit.get_by_role("listbox", name="Commands").get_by_role("option")
    await expect(options).to_have_count(6)
    await begin(visit, "im")
    await expect(options).to_have_count(1)
    await expect(options).to_contain_text("Paint four pictures from words")


async def test_imagine_is_sent_by_keyboard_alone(visit: Page, discord: FakeDiscord) -> None:
    """ "/im", Enter, a prompt, Enter: the sandbox gets the command as Discord would send it."""
    await begin(visit, "/im")
    await visit.keyboard.press("Enter")
    await visit.keyboard.type("a red circle")
    await visit.keyboard.press("Enter")
    sent = await discord.next_interaction(COMMAND)
    assert sent["channel_id"] == STUDIO
    assert sent["member"] == ADA["id"]
    assert sent["data"]["name"] == "imagine"
    assert sent["data"]["options"] == [{"name": "prompt", "type": 3, "value": "a red circle"}]
    await expect(visit.get_by_role("textbox", name="Message #studio")).to_be_focused()


async def test_a_command_written_out_becomes_a_form(visit: Page) -> None:
    """ "/imagine a fox" typed in one go fills the prompt."""
    await begin(visit, "/imagine a fox")
    await expect(visit.get_by_label("prompt: What to paint")).to_have_value("a fox")


async def test_waiting_shows_until_the_answer_comes(visit: Page, discord: FakeDiscord) -> None:
    """A sent command shows as on its way, and the bot's message takes its place."""
    await begin(visit, "/imagine a fox")
    await visit.keyboard.press("Enter")
    await expect(visit.get_by_text("Sending command…")).to_be_visible()
    await answer(discord)
    await expect(visit.get_by_text("painting")).to_be_visible()
    await expect(visit.get_by_text("Sending command…")).to_have_count(0)
    await expect(visit.locator("[data-message-id]")).to_contain_text("Ada used /imagine")


async def test_silence_is_named_and_can_be_dismissed(visit: Page, discord: FakeDiscord) -> None:
    """A failed command says that the application did not respond, to its member only, until dismissed."""
    await begin(visit, "/imagine a fox")
    await visit.keyboard.press("Enter")
    sent = await discord.next_interaction(COMMAND)
    await discord.push("INTERACTION_STATE", {"interaction_id": "771", "nonce": sent["nonce"], "state": "failed"})
    await expect(visit.get_by_role("alert").get_by_text("The application did not respond.")).to_be_visible()
    await visit.get_by_role("button", name="Dismiss message").click()
    await expect(visit.get_by_text("did not respond")).to_have_count(0)


async def test_a_missing_required_option_is_named(visit: Page, discord: FakeDiscord) -> None:
    """Enter on an empty prompt sends nothing, says what is missing and stays there."""
    await begin(visit, "/imagine ")
    await visit.keyboard.press("Enter")
    await expect(visit.get_by_role("alert").get_by_text("prompt: This option is required")).to_be_visible()
    await expect(visit.get_by_label("prompt: What to paint")).to_be_focused()
    assert not discord.interactions


async def test_optional_options_are_added_and_taken_away(visit: Page, discord: FakeDiscord) -> None:
    """A button adds an optional one, Backspace in an empty one removes it, values keep their type."""
    await begin(visit, "/imagine a fox")
    await visit.get_by_role("button", name="+ negative").press("Enter")
    await expect(visit.get_by_label("negative: What to leave out")).to_be_focused()
    await visit.keyboard.press("Backspace")
    await expect(visit.get_by_label("negative: What to leave out")).to_have_count(0)
    await visit.get_by_role("button", name="+ steps").click()
    await visit.keyboard.type("200")
    await visit.keyboard.press("Enter")
    await expect(visit.get_by_role("alert").get_by_text("steps: Must be at most 150.")).to_be_visible()
    await visit.keyboard.press("Backspace")
    await visit.keyboard.press("Enter")
    sent = await discord.next_interaction(COMMAND)
    assert sent["data"]["options"][1] == {"name": "steps", "type": 4, "value": 20}


async def test_choices_are_chosen_with_arrows(visit: Page, discord: FakeDiscord) -> None:
    """An option with fixed choices lists them; arrows and Enter choose; its value is sent, not its label."""
    await begin(visit, "/imagine a fox")
    await visit.get_by_role("button", name="+ shape").click()
    await expect(visit.get_by_role("option")).to_have_count(2)
    await visit.keyboard.press("ArrowDown")
    await visit.keyboard.press("ArrowDown")
    await visit.keyboard.press("Enter")
    await expect(visit.get_by_label("shape: Aspect ratio")).to_have_value("Wide")
    await visit.get_by_label("prompt: What to paint").focus()
    await visit.keyboard.press("Enter")
    sent = await discord.next_interaction(COMMAND)
    assert sent["data"]["options"][1] == {"name": "shape", "type": 3, "value": "16:9"}


async def test_autocomplete_asks_the_bot(visit: Page, discord: FakeDiscord) -> None:
    """Typing asks with the focused option; the answer is offered; the chosen value is sent in its subcommand."""
    await begin(visit, "/prefer model sta")
    await discord.until(
        lambda: discord.interactions and discord.interactions[-1]["data"]["options"][0]["options"][0]["value"] == "sta"
    )
    asked = await discord.next_interaction(AUTOCOMPLETE)
    expected = [{"name": "name", "type": 3, "value": "sta", "focused": True}]
    assert asked["data"]["options"] == [{"type": 1, "name": "model", "options": expected}]
    await discord.push(
        "AUTOCOMPLETE", {"nonce": asked["nonce"], "choices": [{"name": "Starter", "value": "starter-1"}]}
    )
    await visit.get_by_role("option", name="Starter").click()
    await begin_again(visit)
    sent = await discord.next_interaction(COMMAND)
    assert sent["data"]["options"][0]["options"] == [{"name": "name", "type": 3, "value": "starter-1"}]


async def begin_again(page: Page) -> None:
    """Presses the send button."""
    await page.get_by_role("button", name="Send", exact=True).click()


async def test_a_file_is_chosen_and_sent(visit: Page, discord: FakeDiscord) -> None:
    """An attachment option takes a file and keeps it when the command or channel is left and opened again, until it is
    sent; its bytes arrive under the number that the option names.
    """
    await begin(visit, "/describe ")
    async with visit.expect_file_chooser() as choosing:
        await visit.get_by_role("button", name="image: The picture to describe").click()
    content = png(64, 64, "#336699")
    await (await choosing.value).set_files({"name": "sea.png", "mimeType": "image/png", "buffer": content})
    file = visit.get_by_role("button", name="image: sea.png")
    await expect(file).to_be_visible()
    await visit.keyboard.press("Escape")
    await begin(visit, "/imagine ")
    await visit.keyboard.press("Escape")
    await begin(visit, "/describe ")
    await expect(file).to_be_visible()
    await visit.get_by_role("button", name="gallery").click()
    await expect(file).to_have_count(0)
    await visit.get_by_role("button", name="studio").click()
    await expect(file).to_be_visible()
    await begin_again(visit)
    sent = await discord.next_interaction(COMMAND)
    assert sent["data"]["options"] == [{"name": "image", "type": 11, "value": 0}]
    assert discord.files == [("sea.png", content)]
    await begin(visit, "/describe ")
    await expect(visit.get_by_role("button", name="image: The picture to describe")).to_be_visible()


PUT_FILE = """([kind, name]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(10)], name, { type: "image/png" }));
  const target = document.activeElement;
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true })
    : new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
}"""


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_a_file_is_pasted_or_dropped(visit: Page, way: str) -> None:
    """A pasted or dropped file goes into the command's empty attachment option."""
    await begin(visit, "/describe ")
    await visit.evaluate(PUT_FILE, [way, "clip.png"])
    await expect(visit.get_by_role("button", name="image: clip.png")).to_be_visible()


async def test_a_refused_command_stays_in_the_box(visit: Page, discord: FakeDiscord, watch: Watch) -> None:
    """Where the sandbox refuses, its sentence shows and what was typed is still there."""
    watch.expect("400")
    discord.refusal = "You may not use this command here."
    visit_errors = visit.get_by_role("alert")
    await begin(visit, "/imagine a fox")
    await visit.keyboard.press("Enter")
    await expect(visit_errors.get_by_text(discord.refusal)).to_be_visible()
    await expect(visit.get_by_label("prompt: What to paint")).to_have_value("a fox")
    await expect(visit.get_by_text("Sending command…")).to_have_count(0)


async def test_escape_leaves_a_command_and_keeps_the_words(visit: Page) -> None:
    """Escape returns to the message box with what was typed."""
    await begin(visit, "/imagine a fox")
    await visit.keyboard.press("Escape")
    await expect(visit.get_by_role("textbox", name="Message #studio")).to_have_value("a fox")


async def test_commands_for_administrators_are_offered_to_them_only(visit: Page, discord: FakeDiscord) -> None:
    """Ada, an administrator, is offered /easel-admin; Ben is not."""
    await begin(visit, "/easel")
    await expect(visit.get_by_role("option", name="/easel-admin")).to_be_visible()
    await visit.goto(f"{discord.url}?member={BEN['id']}")
    await begin(visit, "/")
    await expect(visit.get_by_role("option", name="/imagine")).to_be_visible()
    await expect(visit.get_by_role("option", name="/easel-admin")).to_have_count(0)


async def test_a_command_without_options_needs_only_enter(visit: Page, discord: FakeDiscord) -> None:
    """/info is chosen with Enter and sent with another."""
    await begin(visit, "/info")
    await visit.keyboard.press("Enter")
    await visit.keyboard.press("Enter")
    assert (await discord.next_interaction(COMMAND))["data"]["options"] == []


async def test_drafts_are_kept_per_channel(visit: Page, discord: FakeDiscord) -> None:
    """A half-written command and a half-written message wait in their channels, even over a reload."""
    await begin(visit, "/imagine half a fo")
    await visit.get_by_role("button", name="gallery").click()
    await visit.get_by_role("textbox", name="Message #gallery").fill("lovely, but")
    await visit.get_by_role("button", name="studio").click()
    await expect(visit.get_by_label("prompt: What to paint")).to_have_value("half a fo")
    await visit.goto(f"{discord.url}?channel={GALLERY}")
    await expect(visit.get_by_role("textbox", name="Message #gallery")).to_have_value("lovely, but")


async def test_new_commands_appear_at_once(visit: Page, discord: FakeDiscord) -> None:
    """COMMANDS_UPDATE changes an open list, and opens none while the box is left."""
    await begin(visit, "/")
    fresh = [{"id": "1", "type": 1, "name": "blend", "description": "Blend pictures", "options": []}]
    await discord.push("COMMANDS_UPDATE", {"commands": fresh})
    await expect(visit.get_by_role("option", name="/blend")).to_be_visible()
    await expect(visit.get_by_role("option")).to_have_count(1)
    await visit.get_by_role("textbox", name="Message #studio").blur()
    await discord.push("COMMANDS_UPDATE", {"commands": fresh})
    await discord.push("MESSAGE_CREATE", message(EASEL, "after the commands"))
    await expect(visit.get_by_text("after the commands")).to_be_visible()
    await expect(visit.get_by_role("listbox", name="Commands")).to_be_hidden()
