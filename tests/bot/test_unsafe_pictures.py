"""What a classifier finds unsafe is withheld, behind a spoiler or shown, by where it is asked for, whichever way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.policy.cases import NothingToAppeal, NothingToShow
from bot.policy.pictures import PictureRules, PictureWithheld, Showing
from bot.replies import appeal_replies, private_replies, reply_for, withheld_replies
from bot.store.moderation.tables import moderation_cases
from engine.contract.errors import NotYours
from engine.contract.jobs import Job
from engine.prompt import Limits
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_appeal import appeal, decide, is_appeal
from tests.bot.conftest import BotStarter
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, labels, shown_by_bot, text_of
from tests.bot.rows import until_closed, until_true
from tests.bot.test_moderation import safety, set_channel

SAFE, UNSAFE, NEARLY = (-0.1,) * 4, (-0.1, 0.03, -0.1, -0.1), (-0.1, -0.01, -0.1, -0.1)
ABLE = Limits(has_classifier=True)
NO_RULES = PictureRules()


@pytest.fixture
async def able_bot(start_bot: BotStarter) -> AsyncIterator[object]:
    """A running bot of a service with a classifier."""
    async with start_bot(limits=ABLE) as task:
        yield task


async def painted(
    member: MemberClient, hand: EngineHand, scores: tuple[float, ...], channel: str = "studio", **options: Any
) -> tuple[Message, Job]:
    """Let the member imagine something and the engine finish it with these scores; return the message."""
    known = {job.id for job in await hand.jobs()}
    sent = await member.reply(await member.command("imagine", channel=channel, prompt="a red circle", **options))
    (job,) = [job for job in await hand.jobs() if job.id not in known]
    await hand.finish(job, scores=scores)
    ended = await member.changed(sent, lambda item: "Cancel" not in str(labels(item)))
    return ended, await hand.job(job.id)


def names_of(message: Message) -> list[str]:
    return [item["filename"] for item in message["attachments"]]


def is_withheld(message: Message) -> bool:
    return text_of(message).startswith("🛡️") and not message["attachments"]


async def test_the_channel_decides_what_becomes_of_an_unsafe_result(
    able_bot: object, ben: MemberClient, hand: EngineHand
) -> None:
    """Withheld where the channel is not restricted by age, else behind a spoiler; safe ones are as ever."""
    withheld, _ = await painted(ben, hand, UNSAFE)
    assert is_withheld(withheld) and labels(withheld) == [["Why?"]] and "red" not in text_of(withheld)
    for channel in ("after-dark", "dm"):
        hidden, _ = await painted(ben, hand, UNSAFE, channel)
        assert is_grid(hidden) and names_of(hidden)[0].startswith("SPOILER_")
    for scores in (SAFE, NEARLY):
        shown, _ = await painted(ben, hand, scores)
        assert is_grid(shown) and not names_of(shown)[0].startswith("SPOILER_")


async def test_no_preview_is_shown_where_the_result_might_not_be(
    able_bot: object, ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    for shows in (False, True):
        if shows:
            await safety(ada, "pictures", elsewhere="show")
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        job = (await hand.jobs())[-1]
        await hand.start(job.id)
        await hand.progress(job.id, 0.5)
        running = await ben.changed(waiting, lambda item: "50%" in text_of(item))
        assert bool(running["attachments"]) == shows


async def test_a_server_chooses_and_the_changes_are_kept(
    able_bot: object, ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    assert await safety(ada, "pictures") == withheld_replies.rules_text(
        NO_RULES, has_classifier=True, shows_unsafe=False
    )
    said = await safety(ada, "pictures", elsewhere="spoiler", strictness="strict")
    chosen = PictureRules(elsewhere=Showing.SPOILER, is_strict=True)
    assert said == withheld_replies.rules_text(chosen, has_classifier=True, shows_unsafe=False)
    nearly, _ = await painted(ben, hand, NEARLY)
    assert names_of(nearly)[0].startswith("SPOILER_")
    line = text_of(await ada.reply(await ada.command("server", "changes")))
    assert f"<@{ada.id}> changed the filter of pictures from elsewhere: withhold, normal to elsewhere: spoiler" in line


async def test_an_accepted_appeal_shows_the_result_in_its_message(
    able_bot: object, ada: MemberClient, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its member alone can appeal, once; moderators see the result behind a spoiler."""
    await set_channel(ada)
    withheld, job = await painted(ben, hand, UNSAFE)
    assert text_of(await cleo.reply(await cleo.press(withheld, "Why?"))) == reply_for(NotYours(job_id=job.id))
    why = await ben.reply(await ben.press(withheld, "Why?"))
    assert text_of(why) == str(withheld_replies.WITHHELD) and labels(why) == [[str(appeal_replies.APPEAL_LABEL)]]
    assert await appeal(ben, why) == str(appeal_replies.APPEALED)
    case = await ada.message(is_appeal)
    assert names_of(case)[0].startswith("SPOILER_") and "> a red circle" in text_of(case)
    again = await ben.reply(await ben.press(withheld, "Why?"))
    assert "have not decided yet" in text_of(again) and not again["components"]
    assert "**Appeal accepted** by" in text_of(await decide(ada, "Accept"))
    shown = await ben.changed(withheld, is_grid)
    assert shown["attachments"] and not names_of(shown)[0].startswith("SPOILER_")
    await ben.message(lambda item: "Your result is shown there now" in text_of(item))
    async with database.begin() as connection:
        assert (await connection.execute(sa.select(moderation_cases.c.job_id))).scalar_one() == job.id


async def test_what_was_erased_meanwhile_is_appealed_and_accepted_no_more(
    able_bot: object, ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The member reads so, and so do moderators, who can still close the appeal."""
    await set_channel(ada)
    first, gone = await painted(ben, hand, UNSAFE)
    why = await ben.reply(await ben.press(first, "Why?"))
    await hand.forget(gone.id)
    pressed = await ben.press(why, str(appeal_replies.APPEAL_LABEL))
    assert text_of(await ben.reply(pressed)) == reply_for(NothingToAppeal())
    second, pruned = await painted(ben, hand, UNSAFE)
    await appeal(ben, await ben.reply(await ben.press(second, "Why?")))
    case = await ada.message(is_appeal)
    await until_true(database, "SELECT shown_version = version FROM moderation_cases")
    await hand.forget(pruned.id)
    refused = await ada.reply(await ada.press(case, "Accept"))
    assert text_of(refused) == reply_for(NothingToShow())
    assert "**Appeal refused** by" in text_of(await decide(ada, "Refuse"))


async def test_an_appeal_whose_picture_is_erased_before_it_is_posted_is_closed(
    able_bot: object, ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """There is nothing to decide, so moderators are not asked."""
    withheld, job = await painted(ben, hand, UNSAFE)
    await appeal(ben, await ben.reply(await ben.press(withheld, "Why?")))
    await hand.forget(job.id)
    await set_channel(ada)
    await until_true(database, "SELECT decision = 'gone' AND is_told FROM moderation_cases")
    assert not [item for item in ada.messages.values() if is_appeal(item)]


async def test_an_accepted_appeal_sends_a_private_result_to_its_member(
    able_bot: object, ada: MemberClient, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its message cannot be edited any more; what was brought back meanwhile is not sent once more."""
    await set_channel(ada)
    await safety(ada, "pictures", age_restricted="withhold")
    withheld, job = await painted(ben, hand, UNSAFE, private=True)
    brought = await ben.reply(await ben.command("show", picture=str(job.id)))
    for message in (withheld, brought):
        await ben.changed(message, is_withheld)
    await until_closed(database, job.id, 2)
    await appeal(ben, await ben.reply(await ben.press(withheld, "Why?")))
    await ada.message(is_appeal)
    await decide(ada, "Accept")
    sent = await ben.message(lambda item: item["channel_id"] == ben.channels["dm"] and is_grid(item))
    assert sent["attachments"] and not names_of(sent)[0].startswith("SPOILER_")
    assert private_replies.moved_from(int(withheld["channel_id"])) in text_of(sent)
    await until_closed(database, job.id, 2)
    assert [item["id"] for item in ben.messages.values() if is_grid(item)] == [sent["id"]]
    assert not [item for item in shown_by_bot(cleo) if is_grid(item)]


async def test_what_is_withheld_comes_out_no_other_way(
    able_bot: object, sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """By forged buttons, the list of one's own pictures, and bringing it back."""
    _, job = await painted(ben, hand, UNSAFE)
    ids = [f"e1:up:{job.id}:2", f"e1:save:{job.id}", f"e1:region:{job.id}:2"]
    forged = await post_buttons(sandbox, "studio", ids)
    forged = await ben.message(lambda item: item["id"] == forged["id"])
    await ben.press(forged, "B0")
    await ben.message(lambda item: is_withheld(item) and bool(item.get("message_reference")))
    for button in ("B1", "B2"):
        refused = await ben.reply(await ben.press(forged, button))
        assert text_of(refused) == reply_for(PictureWithheld()) and not refused["attachments"]
    brought = await ben.reply(await ben.command("show", picture=str(job.id)))
    await ben.changed(brought, is_withheld)


async def test_the_operator_can_switch_it_off(start_bot: BotStarter, ada: MemberClient, hand: EngineHand) -> None:
    async with start_bot(limits=replace(ABLE, shows_unsafe=True)):
        shown, _ = await painted(ada, hand, UNSAFE)
        assert is_grid(shown) and not names_of(shown)[0].startswith("SPOILER_")
        assert "switched this off" in await safety(ada, "pictures")
