"""The switch of a server: for its administrators alone, kept like a choice, and honoured by the log and exports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.commands.consent import consent
from bot.replies import privacy_replies
from bot.replies.feedback_replies import RANK_CLOSED
from bot.store.batch import run_alone
from bot.store.choices import choose
from engine.feedback.records import ConsentInForce
from engine.feedback.store.guilds import is_collecting
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient, RequestRefused
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of
from tests.bot.rows import until_true
from tests.bot.store.test_button_actions import press

Grid = Callable[..., Any]
AGREED = ConsentInForce(version=1, may_train=True, may_publish=True)
ANSWER_ONLY = ConsentInForce(version=1, may_train=False, may_publish=False)


async def agree(database: Database, member: MemberClient) -> None:
    """Let the member agree to everything."""
    async with database.begin() as connection:
        context = press(int(member.id) % 1000, discord_id=int(member.id))
        await run_alone(connection, choose(context, version=1, may_train=True, may_publish=True))


async def switch(member: MemberClient, state: str) -> str:
    """Return the answer to the switch."""
    return text_of(await member.reply(await member.command("consent", "server", collecting=state)))


async def test_a_closed_server_has_nothing_to_compare(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Neither at once nor after the next answer, which the log has without anybody's consent."""
    await painted_grid()
    # Stored after the message that shows it.
    await until_true(database, "SELECT EXISTS (SELECT FROM rank_grids)")
    await cleo.reply(await cleo.command("imagine", prompt="a blue square"))
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE members SET consent_version = 1, may_train = true"))
        await connection.execute(sa.text("UPDATE rank_grids SET may_train = true"))
    pair = await cleo.reply(await cleo.command("rank"))
    assert "Which one is better?" in text_of(pair)
    assert await switch(ada, "off") == str(privacy_replies.COLLECTING_OFF)
    await cleo.press(pair, "Left")
    await cleo.changed(pair, lambda item: str(RANK_CLOSED) in text_of(item))
    assert text_of(await cleo.reply(await cleo.command("rank"))) == str(RANK_CLOSED)
    async with database.begin() as connection:
        rows = (await connection.execute(sa.text("SELECT * FROM actions WHERE verb = 'choose'"))).all()
        shown = (await connection.execute(sa.text("SELECT * FROM impressions WHERE kind = 'pair'"))).all()
    assert [(row.guild_id, row.may_train) for row in rows] == [(int(ada.guild_id), False)]
    assert [(row.guild_id, row.may_train) for row in shown] == [(int(ada.guild_id), True)]


async def test_only_administrators_may_switch(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    """By what Discord shows them, and by what the press says; every choice is kept, and the newest is in force."""
    assert consent.default_permissions is not None and consent.default_permissions.administrator
    with pytest.raises(RequestRefused):
        await switch(ben, "off")
    for state, said in (("off", str(privacy_replies.COLLECTING_OFF)), ("on", str(privacy_replies.COLLECTING_ON))):
        assert await switch(ada, state) == str(said)
        async with database.begin() as connection:
            assert await is_collecting(connection, int(ada.guild_id)) is (state == "on")
    async with database.begin() as connection:
        rows = (await connection.execute(sa.text("SELECT * FROM guild_choices ORDER BY press_id"))).all()
    assert [(row.guild_id, row.is_collecting) for row in rows] == [
        (int(ada.guild_id), False),
        (int(ada.guild_id), True),
    ]
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        async with database.begin() as connection:
            await connection.execute(sa.text("DELETE FROM guild_choices"))


async def test_the_log_of_a_closed_server_says_so(
    bot: asyncio.Task[None],
    ada: MemberClient,
    ben: MemberClient,
    hand: EngineHand,
    database: Database,
    painted_grid: Grid,
) -> None:
    """Of presses and of what was shown there; in direct messages, and once it is open again, members decide."""
    await agree(database, ben)
    await switch(ada, "off")
    grid, job, _ = await painted_grid("closed")
    await ben.reply(await ben.press(grid, "😍"))
    private, other, _ = await painted_grid("private", channel="dm")
    await ben.reply(await ben.press(private, "😍"))
    await switch(ada, "on")
    await ben.reply(await ben.press(grid, "🙂"))
    assert [action.consent for action in await hand.actions(job.id)] == [ANSWER_ONLY, AGREED]
    assert [action.consent for action in await hand.actions(other.id)] == [AGREED]
    assert [one.consent for one in await hand.impressions(job.id)] == [ANSWER_ONLY]
    assert [one.consent for one in await hand.impressions(other.id)] == [AGREED]
    assert {action.guild_id for action in await hand.actions(job.id)} == {int(ben.guild_id)}
    assert {action.guild_id for action in await hand.actions(other.id)} == {None}
