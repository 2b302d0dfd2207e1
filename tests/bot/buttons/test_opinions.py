"""What members say about results beside painting: ratings that are taken back, favourites, best of four, reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from bot.replies import feedback_replies
from engine.contract.feedback import ReportReason, Verb
from engine.feedback.records import Action
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, labels, text_of

Grid = Callable[..., Any]
EPHEMERAL = 64


async def single(member: MemberClient, grid: Message, label: str) -> Message:
    """Return the message of a single picture, posted by that U."""
    await member.press(grid, label)
    return await member.message(lambda item: f"Image #{label[1]} <" in item["content"])


def chosen(message: Message) -> list[str]:
    """Return what stands out: emoji and label of the buttons in the style of what is chosen."""
    buttons = [button for row in message["components"] for button in row["components"] if button["style"] == 1]
    return [f"{button['emoji']['name']} {button['label']}" for button in buttons]


def stands_out(wanted: list[str], message: Message) -> bool:
    """Return whether exactly these buttons stand out."""
    return chosen(message) == wanted


def without_ids(action: Action) -> tuple[Verb, int | None, int | None, bool]:
    """Return what was pressed: verb, slot, value, and whether the job is the presser's."""
    return action.verb, action.slot, action.value, action.is_owner


async def test_a_rating_is_taken_back_where_it_is_told(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """One press in the answer takes it back, a second one changes nothing, and each names what it replaces."""
    grid, job, _ = await painted_grid()
    await ben.reply(await ben.press(grid, "🙂"))
    answer = await ben.reply(await ben.press(grid, "😍"))
    assert (text_of(answer), labels(answer)) == ("Rating changed from 🙂 to 😍.", [["Take back"]])
    await ben.press(answer, "Take back")
    gone = await ben.changed(answer, lambda item: not item["components"])
    assert (text_of(gone), gone["flags"] & EPHEMERAL) == ("Your rating 😍 was taken back.", EPHEMERAL)
    anew = await ben.reply(await ben.press(grid, "😖"))
    assert text_of(anew) == "Rated 😖. Press another one to change it."

    actions = await hand.actions(job.id)
    assert [action.value for action in actions] == [3, 4, 0, 1]
    assert [action.replaces for action in actions] == [None, *(action.press_id for action in actions[:3])]
    assert {action.message_id for action in actions} == {int(grid["id"])}
    assert all(len(action.shown) == 4 for action in actions)


async def test_taking_back_twice_counts_once(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """Two answers tell of one rating; it is gone after a press on either, and the other says that there is none."""
    grid, job, _ = await painted_grid()
    first = await ben.reply(await ben.press(grid, "🙂"))
    second = await ben.reply(await ben.press(grid, "🙂"))
    assert text_of(second) == "Your rating is still 🙂."
    await ben.press(first, "Take back")
    await ben.changed(first, lambda item: "taken back" in item["content"])
    await ben.press(second, "Take back")
    await ben.changed(second, lambda item: item["content"] == "You have no rating here.")
    assert [action.value for action in await hand.actions(job.id)] == [3, 3, 0]


async def test_a_pictures_rating_is_taken_back_as_its_own(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand
) -> None:
    """The grid keeps its rating, and the press counts as made on the picture, which alone was shown, since then."""
    grid, job, pictures = await painted_grid()
    picture = await single(ben, grid, "U3")
    await ben.reply(await ben.press(grid, "😍"))
    answer = await ben.reply(await ben.press(picture, "😖"))
    await ben.press(answer, "Take back")
    await ben.changed(answer, lambda item: "taken back" in item["content"])
    _, of_grid, rated, back = await hand.actions(job.id)
    assert (back.value, back.replaces, back.picture_id) == (0, rated.press_id, pictures[2].id)
    assert (back.message_id, back.slot) == (int(picture["id"]), 2)
    assert [shown.slot for shown in back.shown] == [2]
    assert of_grid.picture_id is None
    assert rated.latency is not None and back.latency is not None
    assert back.latency >= rated.latency > timedelta()


async def test_the_heart_is_on_and_off(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Under a picture it is told to its presser alone; each press replaces the one before, of that member only."""
    grid, job, _ = await painted_grid()
    picture = await single(ben, grid, "U2")
    for said in ("❤️ Added to your favourites.", "Removed from your favourites.", "❤️ Added to your favourites."):
        answer = await ben.reply(await ben.press(picture, "❤️"))
        assert (text_of(answer), answer["flags"] & EPHEMERAL) == (said, EPHEMERAL)
    assert text_of(await cleo.reply(await cleo.press(picture, "❤️"))) == "❤️ Added to your favourites."
    actions = [action for action in await hand.actions(job.id) if action.verb is Verb.FAVOURITE]
    assert [without_ids(action) for action in actions] == [
        (Verb.FAVOURITE, 1, 1, True),
        (Verb.FAVOURITE, 1, 0, True),
        (Verb.FAVOURITE, 1, 1, True),
        (Verb.FAVOURITE, 1, 1, False),
    ]
    assert [action.replaces for action in actions] == [None, actions[0].press_id, actions[1].press_id, None]


async def test_the_best_of_four_and_favourites_of_a_grid(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """One button opens them for its presser alone, what stands stands out, and another choice replaces the first."""
    grid, job, _ = await painted_grid()
    choices = await cleo.reply(await cleo.press(grid, "⋯"))
    assert choices["flags"] & EPHEMERAL and chosen(choices) == []
    assert labels(choices) == [["1", "2", "3", "4"], ["1", "2", "3", "4"], ["Send to me", "Report"]]
    best = [button["custom_id"] for button in choices["components"][0]["components"]]
    hearts = [button["custom_id"] for button in choices["components"][1]["components"]]
    for pressed, stands in (
        (best[2], ["🏆 3"]),
        (hearts[0], ["🏆 3", "❤️ 1"]),
        (best[1], ["🏆 2", "❤️ 1"]),
        (best[1], ["❤️ 1"]),
        (hearts[3], ["❤️ 1", "❤️ 4"]),
    ):
        await cleo.press(choices, pressed)
        await cleo.changed(choices, partial(stands_out, stands))
    assert chosen(await cleo.reply(await cleo.press(grid, "⋯"))) == ["❤️ 1", "❤️ 4"]
    assert chosen(await ben.reply(await ben.press(grid, "⋯"))) == []
    actions = await hand.actions(job.id)
    assert [without_ids(action)[:3] for action in actions] == [
        (Verb.BEST, 2, 1),
        (Verb.FAVOURITE, 0, 1),
        (Verb.BEST, 1, 1),
        (Verb.BEST, 1, 0),
        (Verb.FAVOURITE, 3, 1),
    ]
    assert [action.replaces for action in actions] == [None, None, actions[0].press_id, actions[2].press_id, None]
    assert {action.message_id for action in actions} == {int(grid["id"])}
    assert all(action.latency is not None and len(action.shown) == 4 for action in actions)


async def test_a_report_asks_for_its_reason(painted_grid: Grid, cleo: MemberClient, hand: EngineHand) -> None:
    """Of a grid, which picture, too; each member reports each picture once, and the thanks are for them alone."""
    grid, job, pictures = await painted_grid()
    for which, said in (
        ("3", str(feedback_replies.REPORTED)),
        ("3", str(feedback_replies.ALREADY_REPORTED)),
        ("all", str(feedback_replies.REPORTED)),
        ("1", str(feedback_replies.ALREADY_REPORTED)),
    ):
        choices = await cleo.reply(await cleo.press(grid, "⋯"))
        form = await cleo.modal(await cleo.press(choices, "Report"))
        await cleo.submit(form, picture=which, reason="person")
        thanked = await cleo.changed(choices, lambda item: not item["components"])
        assert (text_of(thanked), thanked["flags"] & EPHEMERAL) == (str(said), EPHEMERAL)
    first, second = await hand.actions(job.id)
    assert (first.verb, first.picture_id, first.reason) == (Verb.REPORT, pictures[2].id, ReportReason.PERSON)
    assert (second.verb, second.picture_id, len(second.shown)) == (Verb.REPORT, None, 4)
    assert first.message_id == int(grid["id"]) and first.latency is not None


async def test_forms_and_answers_outlive_their_bot(start_bot: BotStarter, ben: MemberClient, hand: EngineHand) -> None:
    """A form that one bot opened is taken by the next, which knows nothing of it; so are the buttons of answers."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, is_grid)
        picture = await single(ben, grid, "U4")
        rated = await ben.reply(await ben.press(picture, "🙂"))
        choices = await ben.reply(await ben.press(picture, "⋯"))
        assert labels(choices) == [["Describe", "Report", "Delete"]]
        form = await ben.modal(await ben.press(choices, "Report"))
    async with start_bot():
        await ben.submit(form, reason="other")
        assert text_of(await ben.changed(choices, lambda item: not item["components"])) == str(
            feedback_replies.REPORTED
        )
        await ben.press(rated, "Take back")
        await ben.changed(rated, lambda item: "taken back" in item["content"])
    actions = await hand.actions(job.id)
    assert [without_ids(action)[:3] for action in actions[1:]] == [
        (Verb.RATE, 3, 3),
        (Verb.REPORT, 3, None),
        (Verb.RATE, 3, 0),
    ]


async def test_quick_presses_of_a_toggle_are_in_order(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """Two at once are on and off again: each replaces what it found."""
    grid, job, _ = await painted_grid()
    picture = await single(ben, grid, "U1")
    pressed = await asyncio.gather(ben.press(picture, "❤️"), ben.press(picture, "❤️"))
    said = sorted([text_of(await ben.reply(one)) for one in pressed])
    assert said == ["Removed from your favourites.", "❤️ Added to your favourites."]
    _, on, off = await hand.actions(job.id)
    assert {on.value, off.value} == {0, 1}
    first = on if on.value else off
    assert {on.replaces, off.replaces} == {None, first.press_id}
