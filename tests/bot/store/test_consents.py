"""Consent as it is kept: every choice as proof, the newest in force, and a notice that is shown once."""

from __future__ import annotations

import asyncio
import itertools

import pytest
import sqlalchemy as sa

from bot.store.batch import run_alone
from bot.store.choices import choose
from bot.store.consents import NoticeClaim, claim_notice, read_choices, record_notice
from bot.store.members import Member, has_agreed, lock_members, read_consent, read_publishing_ids
from engine.feedback.records import NOT_ASKED, ConsentInForce
from engine.store.database import AsyncConnection, Database
from tests.bot.store.test_button_actions import press


async def _member(connection: AsyncConnection, discord_id: int = 5) -> Member:
    (member,) = await lock_members(connection, [discord_id])
    return member


async def _choose(connection: AsyncConnection, number: int, may_train: bool, may_publish: bool) -> None:
    chosen = choose(press(number), version=1, may_train=may_train, may_publish=may_publish)
    await run_alone(connection, chosen)


async def test_nobody_has_agreed_to_anything_at_first(database: Database) -> None:
    async with database.begin() as connection:
        member = await _member(connection)
        assert member.consent_in_force == await read_consent(connection, member.id) == NOT_ASKED
        assert not await has_agreed(connection, 5) and not await has_agreed(connection, 6)


async def test_the_newest_choice_is_in_force_in_whatever_order_they_come(database: Database) -> None:
    """By the time of the press; one that comes twice is one choice, and all of them are kept."""
    choices = {1: (True, True), 2: (False, True), 3: (True, False), 4: (False, False)}
    for discord_id, order in enumerate(itertools.permutations((1, 2, 3)), 10):
        async with database.begin() as connection:
            for number in (*order, order[0]):
                context = press(10 * discord_id + number, discord_id=discord_id)
                may_train, may_publish = choices[number]
                chosen = choose(context, version=2, may_train=may_train, may_publish=may_publish)
                await run_alone(connection, chosen)
            member = await _member(connection, discord_id)
            kept = await read_choices(connection, member.id)
            assert member.consent_in_force == ConsentInForce(version=2, may_train=True, may_publish=False)
            assert [(choice.may_train, choice.may_publish) for choice in kept] == [choices[n] for n in (1, 2, 3)]
            assert [choice.press_id for choice in kept] == [int(press(10 * discord_id + n).id) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("may_train", "may_publish", "level"),
    [(False, False, "use"), (True, False, "train"), (False, True, "use"), (True, True, "publish")],
)
async def test_what_reads_consent_agrees(database: Database, may_train: bool, may_publish: bool, level: str) -> None:
    """The release before has levels, of which publishing includes training: it is told of no more than was agreed."""
    async with database.begin() as connection:
        await _choose(connection, 1, True, True)
        await _choose(connection, 2, may_train, may_publish)
        member = await _member(connection)
        assert member.consent_in_force == await read_consent(connection, member.id)
        assert await read_publishing_ids(connection) == ({member.id} if may_publish else set())
        assert await has_agreed(connection, 5) is (may_train or may_publish)
        query = sa.text("SELECT consent FROM members")
        assert (await connection.execute(query)).scalar_one() == level


@pytest.mark.parametrize(
    "change",
    ["UPDATE consent_choices SET may_publish = true", "DELETE FROM consent_choices", "TRUNCATE consent_choices"],
)
async def test_the_proof_is_append_only(database: Database, change: str) -> None:
    async with database.begin() as connection:
        await _choose(connection, 1, True, False)
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        async with database.begin() as connection:
            await connection.execute(sa.text(change))


async def _claim(database: Database, version: int = 1, discord_id: int = 5) -> NoticeClaim:
    async with database.begin() as connection:
        return await claim_notice(connection, discord_id, version)


async def test_one_of_many_claims_the_notice(database: Database) -> None:
    """Of a member who is new, so that all of them add the member first."""
    claims = await asyncio.gather(*(_claim(database) for _ in range(8)))
    assert sorted(claim.name for claim in claims) == ["OURS", *["THEIRS"] * 7]
    async with database.begin() as connection:
        await record_notice(connection, 5, 1)
    assert await _claim(database) is NoticeClaim.DONE
    assert await _claim(database, discord_id=6) is NoticeClaim.OURS


async def test_another_shows_the_notice_when_its_process_has_died(database: Database) -> None:
    assert await _claim(database) is NoticeClaim.OURS
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE consent_notices SET claimed_at = now() - interval '2 minutes'"))
    assert [await _claim(database) for _ in range(2)] == [NoticeClaim.OURS, NoticeClaim.THEIRS]


async def test_a_new_version_of_the_text_is_shown_again(database: Database) -> None:
    """To those as well who have chosen with the version before, but not to those who chose with the new one."""
    assert await _claim(database, version=1) is NoticeClaim.OURS
    async with database.begin() as connection:
        await record_notice(connection, 5, 1)
        await _choose(connection, 1, True, False)
    assert await _claim(database, version=1) is NoticeClaim.DONE
    assert await _claim(database, version=2) is NoticeClaim.OURS
    async with database.begin() as connection:
        assert (await _member(connection)).consent_in_force.may_train
        await run_alone(connection, choose(press(2, discord_id=6), version=2, may_train=False, may_publish=False))
    assert await _claim(database, version=2, discord_id=6) is NoticeClaim.DONE
