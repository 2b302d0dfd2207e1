"""`--p`: a style of a member's own, from the switch to the prompts, and who may use it until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.consent_text import CONSENT_VERSION
from bot.replies import profile_replies, training_replies
from bot.store.batch import run_alone
from bot.store.choices import choose
from bot.store.learning.profiles import TrainedProfile, note_votes, put_in_use, read_wanted
from engine.contract.jobs import Operation
from engine.contract.training import ADAPTER_SUFFIX, PROFILE, PROFILE_VOTES
from engine.prompt import Limits, ModelCapabilities
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_compare import agree
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of
from tests.bot.store.test_button_actions import press
from tests.bot.test_erasing import erase, until_erased

MODELS = tuple(
    ModelCapabilities(name=name, abilities=frozenset({"lora", "style"}), operations=tuple(Operation))
    for name in ("starter", "other")
)
LIMITS = Limits(models=MODELS, default_model="starter", adapters=(), abilities=frozenset({"profile"}))


@pytest.fixture
async def bot(start_bot: BotStarter) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that has two models."""
    async with start_bot(limits=LIMITS) as task:
        yield task


async def said(member: MemberClient, *command: str, **options: Any) -> str:
    """Return the answer to a command."""
    return text_of(await member.reply(await member.command(*command, **options)))


async def turn_on(member: MemberClient, database: Database) -> None:
    """Let the member ask for a style of their own."""
    await said(member, "settings")
    await agree(database)
    assert await said(member, "prefer", "personal_style") == profile_replies.turned_on()


async def id_of(database: Database, member: MemberClient) -> UUID:
    """Return the member's opaque id."""
    async with database.begin() as connection:
        query = sa.text("SELECT id FROM members WHERE discord_id = :id")
        return UUID(str((await connection.execute(query, {"id": int(member.id)})).scalar_one()))


async def learn(hand: EngineHand, member_id: UUID, *sources: UUID, file: bytes = b"taste") -> bool:
    """Put a style of the member in use, as `easel learn profiles` does; return whether it may be."""
    key = await hand.objects.put(file, ADAPTER_SUFFIX)
    trained = TrainedProfile(
        member_id=member_id,
        model="starter",
        object_key=key,
        num_votes=PROFILE_VOTES,
        sources=frozenset({member_id, *sources}),
    )
    async with hand.database.begin() as connection:
        return await put_in_use(connection, trained)


async def count(database: Database, query: str) -> int:
    """Return what the query counts."""
    async with database.begin() as connection:
        return int((await connection.execute(sa.text(query))).scalar_one())


LIVE = "SELECT count(*) FROM own_adapters WHERE deleted_at IS NULL"


async def test_until_it_is_trained_members_read_what_is_missing(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The switch, their consent, or so many votes; nothing is started."""
    assert "which is off" in await said(ben, "imagine", prompt="a cat --p")
    assert "have not agreed to training" in await said(ben, "prefer", "personal_style")
    await turn_on(ben, database)
    assert "when the next training runs here" in await said(ben, "imagine", prompt="a cat --personalize")
    member_id = await id_of(database, ben)
    async with database.begin() as connection:
        await note_votes(connection, {member_id: PROFILE_VOTES - 1})
    assert "1 more vote of yours" in await said(ben, "imagine", prompt="a cat —p")
    assert await hand.jobs() == []
    assert await said(ben, "prefer", "personal_style") == str(profile_replies.OFF)
    assert "which is off" in await said(ben, "imagine", prompt="a cat --p")
    assert await count(database, "SELECT count(*) FROM profiles") == 0


async def test_only_its_member_paints_with_it(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """It is among no LoRAs, and one that is trained anew is found by what names the old one."""
    await turn_on(ben, database)
    ben_id = await id_of(database, ben)
    assert await learn(hand, ben_id)
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat --p --stylize 50"))
    job = await hand.only_job()
    ((name, adapter_id),) = job.spec.adapters.items()
    assert (name, dict(job.spec.parameters)) == (PROFILE, {"profile": True, "stylize": 50})
    await hand.finish(job)
    grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
    assert "only its member can use" in text_of(await cleo.reply(await cleo.press(grid, "🔄")))
    assert await learn(hand, ben_id, file=b"another taste")
    await ben.reply(await ben.press(grid, "🔄"))
    *_, again = await hand.jobs()
    assert again.id != job.id and dict(again.spec.adapters) == {PROFILE: adapter_id}
    async with database.begin() as connection:
        query = sa.text("SELECT id = :id, deleted_at IS NULL FROM own_adapters")
        files = [tuple(row) for row in await connection.execute(query, {"id": adapter_id})]
    assert sorted(files) == [(False, False), (True, True)]
    assert await said(ben, "lora", "list") == str(training_replies.NONE)
    assert PROFILE in await said(ben, "imagine", prompt=f"a cat --lora {PROFILE}")
    assert "--model starter" in await said(ben, "imagine", prompt="a cat --p --model other")
    assert len(await hand.jobs()) == 2


async def test_it_is_deleted_when_anybody_it_learnt_from_withdraws(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its member then has the next one trained without them; one who withdraws themselves has none any more."""
    await said(cleo, "settings")
    await turn_on(ben, database)
    ben_id, cleo_id = await id_of(database, ben), await id_of(database, cleo)
    assert await learn(hand, ben_id, cleo_id)

    async def withdraw(member: MemberClient, number: int) -> None:
        context = press(number, discord_id=int(member.id))
        async with database.begin() as connection:
            chosen = choose(context, version=CONSENT_VERSION, may_train=False, may_publish=False)
            await run_alone(connection, chosen)

    await withdraw(cleo, 1)
    assert "when the next training runs here" in await said(ben, "imagine", prompt="a cat --p")
    assert not await learn(hand, ben_id, cleo_id) and await learn(hand, ben_id)
    async with database.begin() as connection:
        assert [one.member_id for one in await read_wanted(connection)] == [ben_id]
    async with database.begin() as connection:
        for number, may_train in ((5, True), (3, False)):
            context = press(number, discord_id=int(ben.id))
            await run_alone(
                connection, choose(context, version=CONSENT_VERSION, may_train=may_train, may_publish=False)
            )
    # What came late is older than what is in force.
    assert await count(database, LIVE) == 1
    await withdraw(ben, 9)
    assert "which is off" in await said(ben, "imagine", prompt="a cat --p")
    assert not await learn(hand, ben_id)
    assert await count(database, LIVE) == await count(database, "SELECT count(*) FROM profiles") == 0


async def test_an_erasure_takes_it_and_what_has_learnt_from_the_member(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    await said(cleo, "settings")
    await turn_on(ben, database)
    await turn_on(cleo, database)
    ben_id, cleo_id = await id_of(database, ben), await id_of(database, cleo)
    assert await learn(hand, ben_id, file=b"of ben") and await learn(hand, cleo_id, ben_id, file=b"of cleo")
    await erase(ben)
    await until_erased(database)
    key = await hand.objects.put(b"of cleo", ADAPTER_SUFFIX)
    async with database.begin() as connection:
        query = sa.text("SELECT member_id, object_key, deleted_at IS NULL FROM own_adapters")
        left = [tuple(row) for row in await connection.execute(query)]
    assert left == [(cleo_id, key, False)]
    assert [await count(database, f"SELECT count(*) FROM {name}") for name in ("profiles", "profile_sources")] == [1, 1]
