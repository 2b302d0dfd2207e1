"""Buttons, selects and modals in the chat page: what a press sends, and what shows until it is answered."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser import BROWSER, Watch
from tests.sandbox.page.discord_objects import BEN, EASEL, button, grid_buttons, message, row
from tests.sandbox.page.fake_discord import FakeDiscord

pytestmark = BROWSER
COMPONENT, MODAL = 3, 5
JSON = dict[str, Any]


async def post(page: Page, discord: FakeDiscord, *rows: JSON) -> Locator:
    """Lets the bot post a message with components; returns it on the page."""
    one = message(EASEL, "choose", components=list(rows))
    await discord.push("MESSAGE_CREATE", one)
    return page.locator(f'[data-message-id="{one["id"]}"]')


def state(sent: JSON, state: str, **more: str) -> JSON:
    """An INTERACTION_STATE for what was sent."""
    return {"interaction_id": "771", "nonce": sent["nonce"], "state": state, **more}


async def test_a_press_is_sent_once_and_shows_until_acknowledged(visit: Page, discord: FakeDiscord) -> None:
    """A pressed button waits visibly, takes no second press, and is free again once acknowledged."""
    view = await post(visit, discord, *grid_buttons())
    vary = view.get_by_role("button", name="V3")
    await vary.click()
    await expect(vary).to_have_attribute("aria-busy", "true")
    await vary.click()
    sent = await discord.next_interaction(COMPONENT)
    message_id = await view.get_attribute("data-message-id")
    assert sent["data"] == {"message_id": message_id, "custom_id": "e1:vary:job:3", "component_type": 2}
    await discord.push("INTERACTION_STATE", state(sent, "sent"))
    await discord.push("INTERACTION_STATE", state(sent, "acknowledged"))
    await expect(vary).not_to_have_attribute("aria-busy", "true")
    await expect(vary).to_be_focused()
    assert len(discord.interactions) == 1


async def test_a_press_without_an_answer_says_so(visit: Page, discord: FakeDiscord) -> None:
    """A failed press names the reason under its message; the next press clears it."""
    view = await post(visit, discord, *grid_buttons())
    await view.get_by_role("button", name="U1").click()
    sent = await discord.next_interaction(COMPONENT)
    await discord.push("INTERACTION_STATE", state(sent, "failed", reason="The application did not respond"))
    await expect(view.get_by_role("alert")).to_have_text("The application did not respond")
    await view.get_by_role("button", name="😍").click()
    await expect(view.get_by_role("alert")).to_have_count(0)


async def test_a_refused_press_says_why(visit: Page, discord: FakeDiscord, watch: Watch) -> None:
    """Where the sandbox refuses a press its sentence stands under the message."""
    watch.expect("400")
    discord.refusal = "This component does not exist."
    view = await post(visit, discord, *grid_buttons())
    await view.get_by_role("button", name="🔄").click()
    await expect(view.get_by_role("alert")).to_have_text(discord.refusal)


async def test_disabled_and_link_buttons(visit: Page, discord: FakeDiscord) -> None:
    """A disabled button cannot be pressed; a link opens elsewhere without telling from where; a bad one is dead.

    What Easel's buttons do is said in words, by the verb in their id.
    """
    link = {"type": 2, "style": 5, "label": "Open", "url": "https://example.org/a"}
    bad = {"type": 2, "style": 5, "label": "Bad", "url": "javascript:alert(1)"}
    easel = [button("U2", "e1:up:0199:2"), button("🙂", "e1:judge:0199:33")]
    view = await post(visit, discord, row(button("Off", "x", disabled=True), link, bad, *easel))
    await expect(view.get_by_role("button", name="Off")).to_be_disabled()
    await expect(view.get_by_role("link", name="Open")).to_have_attribute("rel", "noopener noreferrer")
    await expect(view.get_by_role("button", name="Bad")).to_be_disabled()
    await expect(view.get_by_role("button", name="U2")).to_have_accessible_description(
        "Upscale: post picture 2 by itself"
    )
    await expect(view.get_by_role("button", name="🙂")).to_have_accessible_description("Rate this picture: good")


def select(kind: int = 3, **more: Any) -> JSON:
    """A select menu, of three models where it is a string select."""
    models = [
        {"label": name, "value": name.lower(), "description": f"the {name} model"}
        for name in ("Alpha", "Beta", "Gamma")
    ]
    options = {"options": models} if kind == 3 else {}
    return row(
        {
            "type": kind,
            "custom_id": "menu",
            "placeholder": "Choose",
            "min_values": 1,
            "max_values": 1,
            **options,
            **more,
        }
    )


async def test_one_of_a_select_is_chosen_by_keyboard(visit: Page, discord: FakeDiscord) -> None:
    """Enter opens, arrows move, Enter chooses and sends the value; the choice shows; focus returns."""
    view = await post(visit, discord, select())
    menu = view.get_by_role("combobox", name="Choose")
    await menu.focus()
    for key in ("Enter", "ArrowDown", "Enter"):
        await visit.keyboard.press(key)
    sent = await discord.next_interaction(COMPONENT)
    assert sent["data"]["values"] == ["beta"]
    assert sent["data"]["component_type"] == 3


async def test_several_of_a_select_are_sent_when_done(visit: Page, discord: FakeDiscord) -> None:
    """With several allowed, choices gather until Done, and no more than allowed are taken."""
    view = await post(visit, discord, select(max_values=2))
    await view.get_by_role("combobox").click()
    for name in ("Alpha", "Gamma", "Beta"):
        await visit.get_by_role("option", name=name).click()
    assert not discord.interactions
    await visit.get_by_role("button", name="Done").click()
    sent = await discord.next_interaction(COMPONENT)
    assert sent["data"]["values"] == ["alpha", "gamma"]


async def test_people_and_channels_are_found_by_typing(visit: Page, discord: FakeDiscord) -> None:
    """A user select lists people and finds them by name; a channel select lists text channels."""
    view = await post(visit, discord, select(5), select(8, custom_id="place"))
    await view.locator('[data-custom-id="menu"]').click()
    await visit.keyboard.type("be")
    await visit.keyboard.press("Enter")
    sent = await discord.next_interaction(COMPONENT)
    assert sent["data"]["values"] == [BEN["id"]]
    await view.locator('[data-custom-id="place"]').click()
    await expect(visit.get_by_role("option")).to_have_count(3)


def modal_for(sent: JSON) -> JSON:
    """A MODAL event that opens a form in answer to `sent`."""
    name = {"type": 4, "custom_id": "prompt", "style": 2, "label": "New prompt", "value": "a fox", "min_length": 3}
    how = {
        "type": 3,
        "custom_id": "how",
        "options": [{"label": "Subtle", "value": "s"}, {"label": "Strong", "value": "t"}],
    }
    return {
        "interaction_id": "771",
        "nonce": sent["nonce"],
        "modal": {
            "custom_id": "e1:remix:job",
            "title": "Remix",
            "components": [
                row(name),
                {"type": 18, "label": "How far", "description": "From the source", "component": how},
            ],
        },
    }


async def test_a_modal_is_filled_in_and_sent(visit: Page, discord: FakeDiscord) -> None:
    """A modal opens on its press with what it holds, checks lengths, sends every field in its place, and closes."""
    view = await post(visit, discord, *grid_buttons())
    await view.get_by_role("button", name="V1").click()
    await discord.push("MODAL", modal_for(await discord.next_interaction(COMPONENT)))
    form = visit.get_by_role("dialog", name="Remix")
    words = form.get_by_label("New prompt")
    await expect(words).to_be_focused()
    await expect(words).to_have_value("a fox")
    await words.fill("x")
    await form.get_by_role("button", name="Submit").click()
    await expect(form.get_by_text("Must be at least 3 characters.")).to_be_visible()
    await expect(form.get_by_text("Choose at least 1.")).to_be_visible()
    await words.fill("a red fox")
    await form.get_by_role("combobox", name="How far").click()
    await visit.get_by_role("option", name="Strong").click()
    await form.get_by_role("button", name="Submit").click()
    sent = await discord.next_interaction(MODAL)
    assert sent["data"] == {
        "interaction_id": "771",
        "custom_id": "e1:remix:job",
        "components": [
            {"type": 1, "components": [{"type": 4, "custom_id": "prompt", "value": "a red fox"}]},
            {"type": 18, "component": {"type": 3, "custom_id": "how", "values": ["t"]}},
        ],
    }
    await discord.push("INTERACTION_STATE", state(sent, "acknowledged"))
    await expect(form).to_have_count(0)
    await expect(view.get_by_role("button", name="V1")).to_be_focused()


async def test_a_modal_that_fails_keeps_what_was_written(visit: Page, discord: FakeDiscord) -> None:
    """When the bot does not take the answer the form stays, says why, and can be sent again or left with Escape."""
    view = await post(visit, discord, *grid_buttons())
    await view.get_by_role("button", name="V1").click()
    opened = modal_for(await discord.next_interaction(COMPONENT))
    opened["modal"]["components"].pop()
    await discord.push("MODAL", opened)
    form = visit.get_by_role("dialog", name="Remix")
    await form.get_by_label("New prompt").fill("my long thought")
    await form.get_by_role("button", name="Submit").click()
    await discord.push("INTERACTION_STATE", state(await discord.next_interaction(MODAL), "failed"))
    await expect(form.get_by_role("alert").get_by_text("The application did not respond.")).to_be_visible()
    await expect(form.get_by_label("New prompt")).to_have_value("my long thought")
    await visit.keyboard.press("Escape")
    await expect(form).to_have_count(0)


async def test_a_modal_that_was_closed_has_its_words_again(visit: Page, discord: FakeDiscord) -> None:
    """What was typed is there again after Escape, Cancel and Close; once sent, the bot's own text is."""
    view = await post(visit, discord, *grid_buttons())
    form = visit.get_by_role("dialog", name="Remix")
    words = form.get_by_label("New prompt")

    async def press() -> None:
        seen = len(discord.interactions)
        await view.get_by_role("button", name="V1").click()
        await discord.until(lambda: len(discord.interactions) > seen)
        opened = modal_for(discord.interactions[-1])
        opened["modal"]["components"].pop()
        await discord.push("MODAL", opened)

    await press()
    await words.fill("my long thought")
    for close in ("Cancel", "Close"):
        await form.get_by_role("button", name=close, exact=True).click()
        await expect(form).to_have_count(0)
        await press()
        await expect(words).to_have_value("my long thought")
    await visit.keyboard.press("Escape")
    await press()
    await expect(words).to_have_value("my long thought")
    await form.get_by_role("button", name="Submit").click()
    await discord.push("INTERACTION_STATE", state(await discord.next_interaction(MODAL), "acknowledged"))
    await expect(form).to_have_count(0)
    await press()
    await expect(words).to_have_value("a fox")
