"""Which pairs a member is asked about, in which order, and what is kept of the answers."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
import sqlalchemy as sa

from bot.policy.pair_choice import MIN_BETWEEN, REPEATED_EVERY, SLOT_PAIRS
from bot.store.batch import run_alone
from bot.store.interaction import InteractionContext
from bot.store.ranking.filling import fill_grids
from bot.store.ranking.grids import Place
from bot.store.ranking.pairs import NextPair
from bot.store.ranking.presses import answer_pair, count_compared, next_pair
from bot.store.ranking.tables import rank_grids, rank_pairs
from engine.contract.feedback import Choice
from engine.contract.ids import new_id
from engine.feedback.store.actions import count_actions
from engine.store.database import Database
from tests.bot.store.test_button_actions import press
from tests.engine.feedback.store.test_erasure import plans_of, said_to

HERE, ELSEWHERE = 77, 78
RATER = 9
PLACE = Place(channel_ids=(HERE,), is_nsfw=False)

# Grids of one owner, as if delivered long ago.
_FILL = """
    INSERT INTO members (id, discord_id, consent_version, may_train) VALUES (:owner, 5, 1, true), (:rater, 9, 1, true)
        ON CONFLICT DO NOTHING;
    INSERT INTO jobs (id, member_id, operation, spec, seed, status, turn, grid_key, grid_type, started_at, ended_at)
    SELECT uuidv7(), :owner, 'imagine',
        '{"version": 1, "prompt": "a cat", "parts": [], "images": [], "parameters": {}}',
        n, 'finished', n, 'g', 'image/jpeg', now(), now()
    FROM generate_series(1, :count) AS n;
    INSERT INTO pictures (id, job_id, slot, object_key, width, height, seed, recipe)
    SELECT uuidv7(), jobs.id, slot, 'k', 8, 8, slot, '{}' FROM jobs, generate_series(0, 3) AS slot;
    INSERT INTO deliveries (id, kind, job_id, member_id, press_id, ordinal, channel_id, message_id, state, closed_at,
        surface, is_nsfw_channel)
    SELECT uuidv7(), 'grid', id, member_id, id::text, 0, :channel, turn, 'delivered', now(), 'guild', :is_nsfw FROM jobs
"""

# What somebody else was asked.
_ASKED = """
    INSERT INTO rank_pairs (impression_id, member_id, number, num_answered, job_id, pair, is_swapped, left_id, right_id,
        is_repeat)
    SELECT uuidv7(), (SELECT id FROM members WHERE discord_id = 5), row_number() OVER (), 0, job_id, 0, false, job_id,
        job_id, false
    FROM rank_grids
"""
# All that grows. Members are few, and what is read of the log would be named by its partition.
_READS_ALL = re.compile(r"Seq Scan on (jobs|pictures|deliveries|rank_\w+)\b|Scan.* on (actions|impressions)")


async def fill(database: Database, *, count: int, channel: int = HERE, is_nsfw: bool = False) -> None:
    """Deliver so many grids of one owner in the channel, who agrees to training, as does the rater."""
    given = {"owner": new_id(), "rater": new_id(), "count": count, "channel": channel, "is_nsfw": is_nsfw}
    async with database.begin() as connection:
        for statement in _FILL.split(";"):
            clause = sa.text(statement)
            await connection.execute(clause, {name: given[name] for name in clause._bindparams})
    await fill_grids(database)


async def start(database: Database, context: InteractionContext, place: Place = PLACE) -> NextPair:
    """Return the first pair."""
    async with database.begin() as connection:
        return await run_alone(connection, next_pair(context, place))


async def answered(
    database: Database, context: InteractionContext, pair: NextPair, choice: Choice, place: Place = PLACE
) -> NextPair:
    """Answer the pair, and return the next one."""
    async with database.begin() as connection:
        return await run_alone(connection, answer_pair(context, pair.impression_id, choice, place))


async def rows(database: Database) -> list[sa.Row[tuple[object, ...]]]:
    """Return what members were asked, in order."""
    async with database.begin() as connection:
        return list(await connection.execute(sa.select(rank_pairs).order_by(rank_pairs.c.number)))


async def test_one_pair_in_twenty_comes_again_with_its_sides_swapped(database: Database) -> None:
    """No other pair comes twice; between the two lie some others, and a pair is repeated once at most."""
    await fill(database, count=20)
    pair = await start(database, press(0, discord_id=RATER))
    for number in range(1, 4 * REPEATED_EVERY):
        found = await answered(database, press(number, discord_id=RATER), pair, Choice.LEFT)
        assert found and found.job
        pair = found
    asked = await rows(database)
    first = {(row.job_id, row.pair): row for row in asked if not row.is_repeat}
    repeats = [row for row in asked if row.is_repeat]
    assert len(first) == len(asked) - len(repeats)
    assert 3 <= len(repeats) <= 4
    assert {later.number - earlier.number for earlier, later in pairwise(repeats)} == {REPEATED_EVERY}
    for row in repeats:
        before = first[row.job_id, row.pair]
        assert (row.left_id, row.right_id, row.is_swapped) == (before.right_id, before.left_id, not before.is_swapped)
        assert row.number - before.number > MIN_BETWEEN
    assert {row.is_swapped for row in first.values()} == {True, False}
    async with database.begin() as connection:
        assert await run_alone(connection, count_compared(press(999, discord_id=RATER))) == len(asked) - 1


async def test_what_nobody_has_seen_comes_first(database: Database) -> None:
    """Of ten grids, each is asked about once before any is asked about twice, whoever is asked."""
    await fill(database, count=10)
    for times, who in ((1, RATER), (2, 5)):
        pair = await start(database, press(100 * times, discord_id=who))
        for number in range(1, 11):
            found = await answered(database, press(100 * times + number, discord_id=who), pair, Choice.RIGHT)
            assert found
            pair = found
        async with database.begin() as connection:
            tallies = list((await connection.execute(sa.select(rank_grids.c.tallies))).scalars())
        assert [sum(of_grid) for of_grid in tallies] == [times] * 10


@pytest.mark.parametrize("choice", Choice)
async def test_an_answer_counts_for_the_slot_that_was_on_that_side(database: Database, choice: Choice) -> None:
    """Whichever side chance put it on; who prefers neither counts as that."""
    await fill(database, count=1)
    pair = await start(database, press(0, discord_id=RATER))
    await answered(database, press(1, discord_id=RATER), pair, choice)
    asked = (await rows(database))[0]
    winner = {Choice.LEFT: pair.pictures[0], Choice.RIGHT: pair.pictures[1]}.get(choice)
    place = 2 if winner is None else SLOT_PAIRS[asked.pair].index(winner.slot)
    async with database.begin() as connection:
        (tallies,) = (await connection.execute(sa.select(rank_grids.c.tallies))).scalars()
    assert [index for index, count in enumerate(tallies) if count] == [3 * asked.pair + place]
    assert (asked.choice, asked.press_id) == (choice.value, int(press(1).id))


async def test_a_press_that_comes_again_changes_nothing(database: Database) -> None:
    """The same press or another one on the pair shows the next one again; a pair of somebody else's is not answered."""
    await fill(database, count=2)
    pair = await start(database, press(0, discord_id=RATER))
    stranger = await start(database, press(1))
    following = await answered(database, press(2, discord_id=RATER), pair, Choice.LEFT)
    assert following.impression_id != pair.impression_id
    for number in (2, 3):
        assert await answered(database, press(number, discord_id=RATER), pair, Choice.RIGHT) == following
    assert await answered(database, press(4, discord_id=RATER), stranger, Choice.RIGHT)
    async with database.begin() as connection:
        assert await count_actions(connection) == 1
        assert [row.choice for row in await rows(database)].count(None) == len(await rows(database)) - 1


async def test_answers_in_two_messages_are_all_counted(database: Database) -> None:
    """A member who asks for pairs twice may answer the older message last; what is skipped counts in neither."""
    await fill(database, count=4)
    older = await start(database, press(0, discord_id=RATER))
    newer = await start(database, press(1, discord_id=RATER))
    assert (await answered(database, press(2, discord_id=RATER), older, Choice.LEFT)).num_answered == 1
    third = await answered(database, press(3, discord_id=RATER), newer, Choice.TIE)
    assert third.num_answered == 2
    fourth = await start(database, press(4, discord_id=RATER))
    assert (await answered(database, press(5, discord_id=RATER), third, Choice.SKIP)).num_answered == 2
    assert (await answered(database, press(6, discord_id=RATER), fourth, Choice.RIGHT)).num_answered == 3
    async with database.begin() as connection:
        assert await run_alone(connection, count_compared(press(7, discord_id=RATER))) == 3


async def test_restricted_channels_are_for_restricted_channels(database: Database) -> None:
    await fill(database, count=1, is_nsfw=True)
    assert (await start(database, press(0, discord_id=RATER))).job is None
    assert (await start(database, press(1))).job is None, "not even the owner"
    assert (await start(database, press(2, discord_id=RATER), replace(PLACE, is_nsfw=True))).job


async def test_a_channel_that_the_member_does_not_see_is_left_out(database: Database) -> None:
    await fill(database, count=1, channel=ELSEWHERE)
    assert (await start(database, press(0, discord_id=RATER))).job is None


async def test_the_next_pair_is_found_by_indexes(database: Database) -> None:
    """No table that grows is read whole, and of the log nothing is read."""
    await fill(database, count=3000)
    async with database.autocommit() as connection:
        await connection.execute(sa.text(_ASKED))
        await connection.execute(sa.text("ANALYZE"))
    pair = await start(database, press(0, discord_id=RATER))
    with said_to(database) as said:
        assert await answered(database, press(1, discord_id=RATER), pair, Choice.LEFT)
    plans = await plans_of(database, [one for one in said if "INSERT INTO actions" not in one[0]])
    assert [plan for plan in plans if "Index Scan" in plan and "rank_grids_channel_idx" in plan]
    assert not [plan for plan in plans if _READS_ALL.search(plan)]


async def test_what_was_looked_through_is_not_looked_through_again(database: Database) -> None:
    """But for the last day: of two grids that are missing, the one of then is entered by a bot that starts."""
    await fill(database, count=2)
    newest = "(SELECT id FROM deliveries ORDER BY id DESC LIMIT 1)"
    async with database.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM rank_grids")
        await connection.exec_driver_sql(f"UPDATE deliveries SET id = uuidv7(interval '-2 days') WHERE id < {newest}")
    await fill_grids(database)
    async with database.begin() as connection:
        entered = (await connection.execute(sa.select(rank_grids.c.job_id))).scalars().all()
        expected = (await connection.exec_driver_sql(f"SELECT job_id FROM deliveries WHERE id = {newest}")).scalar_one()
    assert entered == [expected]


async def test_filling_again_brings_nothing_back(database: Database) -> None:
    """What was left out stays so, and answers stay counted."""
    await fill(database, count=2)
    async with database.begin() as connection:
        await connection.execute(sa.update(rank_grids).values(is_left_out=True))
    await fill_grids(database)
    assert (await start(database, press(0, discord_id=RATER))).job is None
