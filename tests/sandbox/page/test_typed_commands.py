"""Slash commands written by hand in the chat page: named options, Tab, and what is no command."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser import BROWSER
from tests.sandbox.page.discord_objects import JSON
from tests.sandbox.page.fake_discord import FakeDiscord
from tests.sandbox.page.test_commands import begin

pytestmark = BROWSER
FILLED = {
    "/imagine prompt: a red circle": ("a red circle", None),
    "/imagine a fox, red::2 negative: blue": ("a fox, red::2", "blue"),
    "/imagine negative: blue prompt:a red circle": ("a red circle", "blue"),
    " /Imagine a negative::2 space (negative:1.2) steps: 20": ("a negative::2 space (negative:1.2)", None),
}
# Keys as fast as they can come: no timer runs between them.
TYPE_AND_TAB_AT_ONCE = """async (field) => {
    document.execCommand("insertText", false, "squ");
    for (let turn = 0; turn < 20; turn += 1) await null;
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true }));
}"""


def is_given(sent: JSON, prompt: str, negative: str | None) -> bool:
    """Whether the command's options have these values; `steps` may be 20."""
    given = {option["name"]: option["value"] for option in sent["data"]["options"]}
    expected = {"prompt": prompt, "steps": given.get("steps") and 20, "negative": negative}
    return given == {name: value for name, value in expected.items() if value is not None}


async def test_options_named_in_the_text_are_filled(visit: Page, discord: FakeDiscord) -> None:
    """A command written out in any order fills its options, letter by letter as well as pasted."""
    box = visit.get_by_role("textbox", name="Message #studio")
    for number, (typed, values) in enumerate(FILLED.items()):
        await begin(visit, typed)
        await expect(visit.get_by_label("prompt: What to paint")).to_have_value(values[0])
        await visit.keyboard.press("Enter")
        await discord.until(lambda: len(discord.interactions) == 2 * number + 1)  # noqa: B023
        await box.fill(typed)
        await visit.keyboard.press("Enter")
        await discord.until(lambda: len(discord.interactions) == 2 * number + 2)  # noqa: B023
        assert all(is_given(sent, *values) for sent in discord.interactions[-2:]), typed
    assert not discord.said


async def test_tab_goes_to_the_next_option_and_loses_nothing(visit: Page, discord: FakeDiscord) -> None:
    """Tab opens the options one by one and leaves no empty ones; the ✕ at the end gives the words back."""
    prompt, negative = visit.get_by_label("prompt: What to paint"), visit.get_by_label("negative: What to leave out")
    await begin(visit, "/imagine a fox")
    await visit.keyboard.press("Tab")
    await expect(negative).to_be_focused()
    await visit.keyboard.press("Shift+Tab")
    await expect(prompt).to_be_focused()
    await expect(negative).to_have_count(0)
    await visit.keyboard.press("Tab")
    await visit.keyboard.type("blue")
    await visit.keyboard.press("Tab")
    await expect(visit.get_by_label("steps: How many")).to_be_focused()
    await visit.keyboard.press("Tab")
    await expect(visit.get_by_label("steps: How many")).to_have_count(0)
    await visit.get_by_label("shape: Aspect ratio").evaluate(TYPE_AND_TAB_AT_ONCE)
    await expect(visit.get_by_label("shape: Aspect ratio")).to_have_value("Square")
    await visit.get_by_role("button", name="Cancel command").press("Enter")
    box = visit.get_by_role("textbox", name="Message #studio")
    await expect(box).to_have_value("a fox negative: blue shape: Square")
    await visit.get_by_role("button", name="Commands").click()
    await visit.get_by_role("option", name="/imagine").click()
    await expect(prompt).to_have_value("a fox")
    await expect(negative).to_have_value("blue")
    assert not discord.said


async def test_options_of_a_command_that_needs_none_are_typed_as_well(visit: Page, discord: FakeDiscord) -> None:
    """What follows the name goes into an option from the first letter on."""
    await begin(visit, "/easel-admin really: True")
    await expect(visit.get_by_label("really: Are you sure")).to_have_value("True")
    await visit.keyboard.press("Enter")
    await visit.keyboard.press("Enter")
    await discord.until(lambda: len(discord.interactions) == 1)
    assert [(one["name"], one["value"]) for one in discord.interactions[0]["data"]["options"]] == [("really", True)]
    assert not discord.said


async def test_an_unknown_command_is_a_message_on_purpose_only(visit: Page, discord: FakeDiscord) -> None:
    """/help, or a blank around the slash, is not posted without a word; one spelled alike is offered, or all.

    A mark after the name, as in "/help!", makes no message of it.
    """
    alert, box = visit.get_by_role("alert"), visit.get_by_role("textbox", name="Message #studio")
    for typed in ("/help me", " / help me", "/help!", "/help: me"):
        await box.fill(typed)
        await visit.keyboard.press("Enter")
        await visit.keyboard.press("Enter")
        await expect(alert.get_by_text("There is no command /help here.")).to_be_visible()
        await expect(alert.get_by_role("button", name="Use /")).to_have_count(0)
    await alert.get_by_role("button", name="See the commands").click()
    await visit.get_by_role("option", name="/imagine").click()
    await expect(visit.get_by_label("prompt: What to paint")).to_have_value("me")
    await visit.keyboard.press("Escape")
    await box.fill("/imagine: a hen")
    await expect(visit.get_by_label("prompt: What to paint")).to_have_value("a hen")
    await visit.keyboard.press("Escape")
    await box.fill("/imagin a fox")
    await visit.keyboard.press("Enter")
    await alert.get_by_role("button", name="Use /imagine").click()
    await expect(visit.get_by_label("prompt: What to paint")).to_have_value("a fox")
    await visit.keyboard.press("Escape")
    await box.fill("/imagine")
    await visit.keyboard.press("Escape")
    await visit.keyboard.press("Enter")
    await expect(visit.get_by_label("prompt: What to paint")).to_be_focused()
    assert not discord.said
    await visit.keyboard.press("Escape")
    await box.fill("/help me")
    await visit.get_by_role("button", name="Send", exact=True).click()
    await alert.get_by_role("button", name="Send as a message").click()
    await discord.until(lambda: discord.said)
    assert discord.said[0]["content"] == "/help me"


async def test_a_removed_option_comes_back_with_its_words(visit: Page, discord: FakeDiscord) -> None:
    """Undo brings back what ✕ removed, words, choices and numbers alike, and so does adding the option again later."""
    prompt, negative = visit.get_by_label("prompt: What to paint"), visit.get_by_label("negative: What to leave out")
    await begin(visit, "/imagine a fox negative: blue steps: 20")
    for name, words in (("negative", "blue"), ("steps", "20")):
        await visit.get_by_role("button", name=f"Remove {name}").click()
        field = visit.locator(f'[data-option="{name}"]')
        await expect(field).to_have_count(0)
        await visit.get_by_role("alert").get_by_role("button", name="Undo").click()
        await expect(field.get_by_role("textbox")).to_have_value(words)
    await visit.get_by_role("button", name="Remove negative").click()
    await prompt.focus()
    await prompt.press("End")
    await visit.keyboard.type(" at night")
    await visit.get_by_role("button", name="+ negative").click()
    await expect(negative).to_have_value("blue")
    await visit.keyboard.press("Enter")
    await discord.until(lambda: discord.interactions)
    given = {option["name"]: option["value"] for option in discord.interactions[-1]["data"]["options"]}
    assert given == {"prompt": "a fox at night", "negative": "blue", "steps": 20}
    await begin(visit, "/imagine a fox")
    await visit.get_by_role("button", name="+ negative").click()
    await visit.get_by_role("button", name="Remove negative").click()
    await expect(negative).to_have_count(0)
    await expect(visit.get_by_role("button", name="Undo")).to_have_count(0)


async def test_words_beside_another_command_are_kept(visit: Page) -> None:
    """Try /imagine takes over what stands behind the name of another command."""
    await visit.get_by_role("textbox", name="Message #studio").fill("/help me paint a fox")
    await visit.get_by_role("button", name="Try /imagine").click()
    await expect(visit.get_by_label("prompt: What to paint")).to_have_value("me paint a fox")
