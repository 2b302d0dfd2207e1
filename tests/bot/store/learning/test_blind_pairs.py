"""Blind pairs of an adapter: where they are shown, on which sides, and how the answers are counted."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.store.batch import run_alone
from bot.store.eta import read_queue_pace
from bot.store.learning.adapters import record_adapter
from bot.store.learning.blind_pairs import (
    BlindVotes,
    NewBlindPair,
    PostedPrompt,
    read_blind_votes,
    stop_asking,
    store_blind_pair,
    stream_sources,
)
from bot.store.ranking.grids import Place, leave_out_grids
from bot.store.ranking.pairs import NextPair
from bot.store.ranking.presses import next_pair
from bot.store.ranking.tables import rank_grids
from engine.contract.feedback import Choice
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Part, Picture
from engine.feedback.store.erasure import read_painted
from engine.store.database import Database
from engine.store.queue_position import read_recent_runs
from tests.bot.store.learning.test_adapters import FIRST, erase
from tests.bot.store.ranking.test_pairs import ELSEWHERE, HERE, PLACE, RATER, answered, fill, rows, start
from tests.bot.store.test_button_actions import press

ONLY_BLIND = sa.update(rank_grids).where(rank_grids.c.adapter_id.is_(None)).values(may_train=False)


async def sources_of(database: Database, adapter_id: object) -> list[PostedPrompt]:
    """Return the prompts that may be painted for the adapter."""
    async with database.begin() as connection:
        return [one async for one in stream_sources(connection, adapter_id)]  # type: ignore[arg-type]


def painted(source: PostedPrompt) -> NewBlindPair:
    """Return a pair of the source's prompt."""
    job_id = new_id()
    old, new = (
        Picture(id=new_id(), job_id=job_id, slot=slot, object_key="k", width=8, height=8, seed=3, recipe={})
        for slot in range(2)
    )
    spec = JobSpec(prompt="a cat", parts=(Part(text="a cat"),))
    return NewBlindPair(
        job_id=job_id, source=source, spec=spec, seed=3, old=old, new=new, grid_key="g", grid_type="image/webp"
    )


async def blind(database: Database, *, grids: int, channel: int = HERE) -> object:
    """Deliver so many grids, store a blind pair of each prompt, and return the id of the adapter."""
    await fill(database, count=grids, channel=channel)
    async with database.begin() as connection:
        adapter_id = await record_adapter(connection, FIRST, [])
        for source in [one async for one in stream_sources(connection, adapter_id)]:
            assert await store_blind_pair(connection, adapter_id, painted(source))
    return adapter_id


async def votes_for(database: Database, adapter_id: object) -> BlindVotes:
    """Return how the adapter's pairs were answered."""
    async with database.begin() as connection:
        return await read_blind_votes(connection, adapter_id)  # type: ignore[arg-type]


async def answer_all(database: Database, choose: object) -> list[NextPair]:
    """Answer pairs until there are none left, each by what `choose` says of its place and itself; return them."""
    asked, pair = [], await start(database, press(0, discord_id=RATER))
    while pair.job is not None:
        asked.append(pair)
        choice = choose(len(asked), pair)  # type: ignore[operator]
        pair = await answered(database, press(len(asked), discord_id=RATER), pair, choice)
    return asked


async def test_each_prompt_is_painted_once(database: Database) -> None:
    adapter_id = await blind(database, grids=3)
    assert await sources_of(database, adapter_id) == []
    async with database.begin() as connection:
        other = await record_adapter(connection, FIRST.__class__(**{**vars(FIRST), "sha256": "e" * 64}), [])
    assert len(await sources_of(database, other)) == 3


@pytest.mark.parametrize("prefers_new", [True, False])
async def test_votes_count_for_what_was_on_the_side(database: Database, prefers_new: bool) -> None:
    """Chance puts the adapter on either side, once for each member and pair, and the answer follows the picture."""
    adapter_id = await blind(database, grids=12)
    async with database.begin() as connection:
        await connection.execute(ONLY_BLIND)
    wanted = 1 if prefers_new else 0

    def choose(_: int, pair: NextPair) -> Choice:
        return Choice.LEFT if pair.pictures[0].slot == wanted else Choice.RIGHT

    asked = await answer_all(database, choose)
    kept = await rows(database)
    assert {row.pair for row in kept} == {0} and {row.is_swapped for row in kept} == {True, False}
    assert {frozenset(picture.slot for picture in pair.pictures) for pair in asked} == {frozenset({0, 1})}
    assert [row.is_repeat for row in kept].count(False) == 12
    expected = {"wins": 12, "losses": 0} if prefers_new else {"wins": 0, "losses": 12}
    assert await votes_for(database, adapter_id) == BlindVotes(**expected, undecided=0, members=1)


async def test_who_does_not_decide_is_counted_apart(database: Database) -> None:
    adapter_id = await blind(database, grids=3)
    async with database.begin() as connection:
        await connection.execute(ONLY_BLIND)
    choices = (Choice.TIE, Choice.BOTH_BAD, Choice.SKIP)
    await answer_all(database, lambda number, pair: choices[number - 1])
    assert await votes_for(database, adapter_id) == BlindVotes(wins=0, losses=0, undecided=2, members=0)


async def test_blind_pairs_come_among_the_others(database: Database) -> None:
    """Neither kind comes before all of the other; of grids, all six pairs are asked about as before."""
    await blind(database, grids=10)
    asked = await answer_all(database, lambda number, pair: Choice.LEFT)
    is_blind = [len({picture.slot for picture in pair.pictures} | {0, 1}) == 2 and pair.job.grid_type == "image/webp"
                for pair in asked if pair.job]  # fmt: skip
    first = [row for row in await rows(database) if not row.is_repeat]
    assert len(first) == 10 + 6 * 10
    assert {True, False} == set(is_blind[:20])


async def test_it_is_shown_where_its_prompt_was_posted(database: Database) -> None:
    await blind(database, grids=1, channel=ELSEWHERE)
    assert (await start(database, press(0, discord_id=RATER))).job is None
    async with database.begin() as connection:
        seen = await run_alone(
            connection, next_pair(press(1, discord_id=RATER), Place(channel_ids=(HERE, ELSEWHERE), is_nsfw=False))
        )
    assert seen.job is not None


async def test_what_no_engine_painted_tells_nothing_of_the_queue(database: Database) -> None:
    """How long members wait is estimated by the other jobs."""
    await blind(database, grids=2)
    async with database.begin() as connection:
        assert len(await read_recent_runs(connection)) == 2
        await read_queue_pace(connection)


async def test_nobody_is_asked_after_the_decision(database: Database) -> None:
    adapter_id = await blind(database, grids=2)
    async with database.begin() as connection:
        await connection.execute(ONLY_BLIND)
        await stop_asking(connection, adapter_id)  # type: ignore[arg-type]
    assert (await start(database, press(0, discord_id=RATER), PLACE)).job is None


async def test_a_pair_goes_with_its_prompt(database: Database) -> None:
    """A grid that was reported takes its blind pair along; an erasure of its owner takes the pictures."""
    adapter_id = await blind(database, grids=1)
    async with database.begin() as connection:
        (grid,) = (await connection.execute(sa.select(rank_grids).where(rank_grids.c.adapter_id.is_(None)))).all()
        await leave_out_grids(connection, [grid.job_id])
        left = sa.select(rank_grids.c.is_left_out).where(rank_grids.c.adapter_id == adapter_id)
        assert (await connection.execute(left)).scalars().all() == [True]
        assert len((await read_painted(connection, grid.member_id)).job_ids) == 2
    await erase(database, grid.member_id)
    async with database.begin() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(rank_grids))).scalar_one() == 0
