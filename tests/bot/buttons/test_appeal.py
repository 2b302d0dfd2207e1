"""Appeals: each comes before the moderators once, and what they decide holds and is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.policy.cases import AppealedAlready, BansNeeded, NothingToAppeal, RestrictedAgain, TooManyAppeals
from bot.policy.restrictions import GuildRestriction, RestrictionKind
from bot.replies import appeal_replies, reply_for
from bot.replies.ban_replies import restricted
from bot.replies.safety_replies import word_refused
from bot.store.batch import run_alone
from bot.store.moderation import rulings
from bot.store.moderation.appeals import AppealState
from bot.store.moderation.rulings import RulingWish
from bot.store.moderation.rulings import decide as rule_on
from bot.store.moderation.tables import Decision, guild_restrictions, moderation_cases, refusals
from bot.store.tables import members
from engine.contract.ids import new_id
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, labels, text_of
from tests.bot.rows import until_true
from tests.bot.store.test_button_actions import press
from tests.bot.test_erasing import erase, until_erased
from tests.bot.test_moderation import CHANNEL, safety, set_channel

PROMPT = "a circle full of gore"
BANNED = GuildRestriction(kind=RestrictionKind.BAN, reason="Spam", until=None)


def is_appeal(message: Message) -> bool:
    return text_of(message).startswith("✋")


async def imagine(member: MemberClient, prompt: str = PROMPT) -> Message:
    return await member.reply(await member.command("imagine", prompt=prompt))


async def appeal(member: MemberClient, refused: Message) -> str:
    """Let the member appeal, and return what they read."""
    await member.press(refused, str(appeal_replies.APPEAL_LABEL))
    return text_of(await member.changed(refused, lambda item: not item["components"]))


async def ban(member: MemberClient, database: Database) -> None:
    """Ban the member in their server, as the decision on a case does."""
    async with database.begin() as connection:
        own = sa.select(members.c.id).where(members.c.discord_id == int(member.id)).scalar_subquery()
        row = {"guild_id": int(member.guild_id), "kind": "ban", "reason": "Spam", "case_id": new_id()}
        await connection.execute(sa.insert(guild_restrictions).values(member_id=own, **row))


async def decide(ada: MemberClient, button: str) -> Message:
    """Let a moderator decide the appeal; return its message."""
    case = await ada.message(lambda item: is_appeal(item) and bool(item["components"]))
    await ada.reply(await ada.press(case, button))
    return await ada.changed(case, lambda item: not item["components"])


async def test_an_accepted_prompt_is_allowed_to_its_member_alone(
    bot: object, ada: MemberClient, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Moderators read what it was, and the member is told in a direct message."""
    await set_channel(ada)
    await safety(ada, "words", "add", words="gore")
    refused = await imagine(ben)
    assert (text_of(refused), labels(refused)) == (word_refused("gore"), [[str(appeal_replies.APPEAL_LABEL)]])
    assert await appeal(ben, refused) == str(appeal_replies.APPEALED)
    case = await ada.message(is_appeal)
    assert case["channel_id"] == ada.channels[CHANNEL] and labels(case) == [["Accept", "Refuse"]]
    assert f"<@{ben.id}>" in text_of(case) and f"> {PROMPT}" in text_of(case) and "`gore`" in text_of(case)
    waits = await imagine(ben)
    assert text_of(waits) == appeal_replies.refused_again(word_refused("gore"), AppealState.OPEN)
    assert "**Appeal accepted** by" in text_of(await decide(ada, "Accept"))
    told = await ben.message(lambda item: "accepted your appeal" in text_of(item))
    assert told["channel_id"] == ben.channels["dm"] and PROMPT in text_of(told)
    await imagine(ben)
    await imagine(ben, f"{PROMPT} and blood")
    await imagine(cleo)
    assert [job.spec.prompt for job in await hand.jobs()] == [PROMPT]
    assert f"- <@{ben.id}>. **Appeal accepted** by <@{ada.id}>" in await safety(ada, "cases")


async def test_an_accepted_appeal_ends_a_ban(
    bot: object, ada: MemberClient, ben: MemberClient, database: Database, hand: EngineHand
) -> None:
    """By a moderator who may end bans."""
    await set_channel(ada)
    await imagine(ben, "a cat")
    await ban(ben, database)
    refused = await imagine(ben, "a dog")
    assert text_of(refused) == restricted(BANNED)
    await appeal(ben, refused)
    await ada.message(is_appeal)
    async with database.begin() as connection:
        case_id = (await connection.execute(sa.select(moderation_cases.c.id))).scalar_one()
        context = replace(press(9), guild_id=int(ben.guild_id))
        with pytest.raises(BansNeeded):
            await run_alone(connection, rule_on(context, case_id, RulingWish(decision=Decision.ACCEPT)))
    await decide(ada, "Accept")
    await imagine(ben, "a boat")
    assert [job.spec.prompt for job in await hand.jobs()] == ["a cat", "a boat"]


async def test_an_appeal_against_an_earlier_ban_ends_no_later_one(
    bot: object, ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    """Moderators and the member would read that it is over; what holds now ends by `/safety allow`."""
    await set_channel(ada)
    await imagine(ben, "a cat")
    await ban(ben, database)
    await appeal(ben, await imagine(ben, "a dog"))
    case = await ada.message(is_appeal)
    async with database.begin() as connection:
        await connection.execute(sa.update(guild_restrictions).values(case_id=new_id()))
    assert text_of(await ada.reply(await ada.press(case, "Accept"))) == reply_for(RestrictedAgain())
    await decide(ada, "Refuse")


async def test_a_refused_appeal_is_told_by_the_next_command_where_messages_are_closed(
    bot: object, sandbox: Sandbox, ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    """And nobody appeals against the same thing twice."""
    await set_channel(ada)
    await imagine(ben, "a cat")
    await ban(ben, database)
    first, second = await imagine(ben, "a dog"), await imagine(ben, "a dog")
    await appeal(ben, first)
    pressed = await ben.press(second, str(appeal_replies.APPEAL_LABEL))
    assert text_of(await ben.reply(pressed)) == reply_for(AppealedAlready())
    sandbox.inject_fault(f"POST /channels/{ben.channels['dm']}/messages", kind="status", status=403, count=None)
    await decide(ada, "Refuse")
    await until_true(database, "SELECT bool_and(is_told) FROM moderation_cases")
    again = await imagine(ben, "a dog")
    assert text_of(again) == appeal_replies.refused_again(restricted(BANNED), AppealState.REFUSED)
    assert not again["components"]


async def test_what_is_over_or_somebody_elses_cannot_be_appealed(
    bot: object, sandbox: Sandbox, ada: MemberClient, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    await safety(ada, "words", "add", words="gore")
    refused = await imagine(ben)
    async with database.begin() as connection:
        refusal_id = (await connection.execute(sa.select(refusals.c.id))).scalar_one()
    forged = await post_buttons(sandbox, "studio", [f"e1:appeal:{refusal_id}"])
    forged = await cleo.message(lambda item: item["id"] == forged["id"])
    assert text_of(await cleo.reply(await cleo.press(forged, "B0"))) == reply_for(NothingToAppeal())
    await imagine(ben, "more gore")
    pressed = await ben.press(refused, str(appeal_replies.APPEAL_LABEL))
    assert text_of(await ben.reply(pressed)) == reply_for(NothingToAppeal())


async def test_nobody_floods_the_moderators_with_appeals(
    bot: object, ada: MemberClient, ben: MemberClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against prompts, of which there are always more; a ban can be appealed all the same."""
    monkeypatch.setattr(rulings, "MAX_OPEN_APPEALS", 1)
    await safety(ada, "words", "add", words="gore")
    assert await appeal(ben, await imagine(ben)) == str(appeal_replies.APPEALED)
    pressed = await ben.press(await imagine(ben, "more gore"), str(appeal_replies.APPEAL_LABEL))
    assert text_of(await ben.reply(pressed)) == reply_for(TooManyAppeals(limit=1))
    await ban(ben, database)
    assert await appeal(ben, await imagine(ben, "a dog")) == str(appeal_replies.APPEALED)


async def test_an_erased_member_takes_their_appeal_along(
    bot: object, ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    """The message goes, and the prompt with it."""
    await set_channel(ada)
    await safety(ada, "words", "add", words="gore")
    await appeal(ben, await imagine(ben))
    await ada.message(is_appeal)
    await erase(ben)
    await until_erased(database)
    await ada.until(lambda: not [item for item in ada.messages.values() if is_appeal(item)])
    async with database.begin() as connection:
        row: Any = (await connection.execute(sa.select(moderation_cases))).one()
        assert (await connection.execute(sa.select(refusals))).first() is None
    assert (row.decision, row.member_id, row.refused, row.appealed_id) == ("gone", None, None, None)
