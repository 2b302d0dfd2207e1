"""The question for consent: once, after the first command or press, with choices that are off until they are saved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bot import replies
from bot.consent_text import CONSENT_TEXT, CONSENT_VERSION
from bot.store.consents import ConsentChoice, read_choices
from bot.store.members import has_agreed, lock_members
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient, SentInteraction
from sandbox.server import Sandbox
from tests.bot.conftest import BotStarter
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, labels, shown_by_bot, text_of
from tests.bot.rows import until_true

EPHEMERAL = 64
OFF = [["Train models: off", "Publish: off"], ["Save"]]


@pytest.fixture
async def asking(start_bot: BotStarter) -> AsyncIterator[asyncio.Task[None]]:
    """A running bot, whose members were not asked yet."""
    async with start_bot(asked=()) as task:
        yield task


def notices(member: MemberClient) -> list[Message]:
    """Return the questions that the member sees."""
    return [item for item in member.messages.values() if text_of(item) == str(CONSENT_TEXT)]


async def notice(member: MemberClient, pressed: SentInteraction) -> Message:
    """Wait for the question that follows the interaction."""

    def is_its(item: Message) -> bool:
        return (
            text_of(item) == str(CONSENT_TEXT)
            and item.get("interaction_metadata", {}).get("id") == pressed.interaction_id
        )

    return await member.message(is_its)


async def choices_of(database: Database, member: MemberClient) -> tuple[ConsentChoice, ...]:
    async with database.begin() as connection:
        (found,) = await lock_members(connection, [int(member.id)])
        return await read_choices(connection, found.id)


async def until_shown(database: Database, count: int) -> None:
    """Wait until so many notices are recorded as shown."""
    await until_true(database, f"SELECT count(*) = {count} FROM consent_notices WHERE is_shown")


async def test_the_first_command_is_answered_and_followed_by_one_notice(
    asking: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """For the member alone, with both choices off; later commands and presses are answered and no more."""
    command = await ben.command("imagine", prompt="a red circle")
    answer = await ben.reply(command)
    assert text_of(answer).startswith("**a red circle**")
    question = await notice(ben, command)
    assert question["flags"] & EPHEMERAL and labels(question) == OFF
    await until_shown(database, 1)
    again = await ben.command("imagine", prompt="a blue circle")
    await ben.reply(again)
    await ben.reply(await ben.press(answer, "Cancel"))
    assert len(notices(ben)) == 1 and not notices(cleo)
    assert await choices_of(database, ben) == ()
    await hand.finish((await hand.jobs())[-1])
    grid = await cleo.message(lambda item: len(item["components"]) == 3)
    await notice(cleo, await cleo.press(grid, "😍"))


async def test_one_notice_from_two_bots_and_many_presses(
    start_bot: BotStarter, ben: MemberClient, database: Database
) -> None:
    """A refused command counts, too; the database decides who asks."""
    async with start_bot(asked=()), start_bot(asked=()):
        sent = await asyncio.gather(*(ben.command("imagine", prompt=f"a cat --wat {n}") for n in range(6)))
        for command in sent:
            await ben.reply(command)
        await until_shown(database, 1)
    assert len(notices(ben)) == 1


async def test_choices_are_off_until_saved(asking: asyncio.Task[None], ben: MemberClient, database: Database) -> None:
    """Switching changes the form alone; saving keeps one choice with its interaction, and says what it is."""
    question = await notice(ben, await ben.command("imagine", prompt="a red circle"))
    for button, expected in (
        ("Publish: off", ["Train models: off", "Publish: on"]),
        ("Train models: off", ["Train models: on", "Publish: on"]),
        ("Train models: on", ["Train models: off", "Publish: on"]),
    ):
        await ben.press(question, button)
        question = await ben.changed(question, lambda item, wanted=expected: labels(item)[0] == wanted)  # type: ignore[misc]
    assert await choices_of(database, ben) == ()
    pressed = await ben.press(question, "Save")
    saved = await ben.changed(question, lambda item: not item["components"])
    assert text_of(saved) == "Saved. Train models: off. Publish: on. Change it at any time with /privacy."
    (choice,) = await choices_of(database, ben)
    assert (choice.press_id, choice.version) == (int(pressed.interaction_id), CONSENT_VERSION)
    assert (choice.may_train, choice.may_publish) == (False, True)


async def test_a_refusal_is_a_choice_with_proof(
    asking: asyncio.Task[None], ben: MemberClient, database: Database
) -> None:
    question = await notice(ben, await ben.command("imagine", prompt="a red circle"))
    await ben.press(question, "Save")
    await ben.changed(question, lambda item: not item["components"])
    (choice,) = await choices_of(database, ben)
    assert not choice.may_train and not choice.may_publish


async def test_the_form_works_after_a_restart(start_bot: BotStarter, ben: MemberClient, database: Database) -> None:
    """What is switched on stands in the message; another bot saves it."""
    async with start_bot(asked=()):
        question = await notice(ben, await ben.command("imagine", prompt="a red circle"))
        await ben.press(question, "Train models: off")
        question = await ben.changed(question, lambda item: labels(item)[0][0] == "Train models: on")
        await until_shown(database, 1)
    async with start_bot(asked=()):
        await ben.press(question, "Save")
        await ben.changed(question, lambda item: not item["components"])
    (choice,) = await choices_of(database, ben)
    assert choice.may_train and not choice.may_publish


async def test_an_old_text_is_not_agreed_to(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, database: Database
) -> None:
    """Saving under the text of another version shows the present one, with everything off."""
    verbs = ("training", "publishing", "saveconsent")
    forged = await post_buttons(sandbox, "studio", [f"e1:{verb}:v{CONSENT_VERSION + 1}" for verb in verbs])
    await ben.press(forged, "B2")
    asked = await ben.changed(forged, lambda item: str(CONSENT_TEXT) in text_of(item))
    assert text_of(asked).startswith("This text has changed, so nothing was saved.")
    assert labels(asked) == OFF
    assert await choices_of(database, ben) == ()


async def test_a_choice_is_of_whoever_presses(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Also where a form is seen by all, which Discord would not let happen; and ids that are not are unknown."""
    forged = await post_buttons(sandbox, "studio", [f"e1:saveconsent:v{CONSENT_VERSION}", "e1:saveconsent:v0"])
    unknown = await ben.reply(await ben.press(forged, "B1"))
    assert text_of(unknown) == str(replies.UNKNOWN_BUTTON)
    await cleo.press(forged, "B0")
    await cleo.changed(forged, lambda item: not item["components"])
    assert len(await choices_of(database, cleo)) == 1 and await choices_of(database, ben) == ()
    async with database.begin() as connection:
        assert not await has_agreed(connection, int(cleo.id))


async def test_a_notice_that_cannot_be_sent_is_sent_later(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, database: Database
) -> None:
    """The answer stands, nothing breaks, and a later command asks, whichever bot gets it."""
    sandbox.inject_fault("POST /webhooks/*/*", kind="status", status=403)
    async with start_bot(asked=()):
        answer = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        assert text_of(answer).startswith("**a red circle**")
    async with database.begin() as connection:
        query = sa.text("UPDATE consent_notices SET claimed_at = now() - interval '2 minutes' WHERE NOT is_shown")
        assert (await connection.execute(query)).rowcount == 1
    assert not notices(ben)
    async with start_bot(asked=()):
        await notice(ben, await ben.command("imagine", prompt="a blue circle"))
        await until_shown(database, 1)
    assert len(shown_by_bot(ben)) == 2
