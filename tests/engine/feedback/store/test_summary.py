"""The summary that `easel stats` and the statistics page show, read from a log of known presses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.contract.feedback import Consent, Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.feedback.records import Action, Choice
from engine.feedback.stats.agreement import RaterAgreement
from engine.feedback.stats.summary import LogSummary, RatedPrompt, RatingCounts, summary_to_json
from engine.feedback.store.actions import append_actions
from engine.feedback.store.impressions import append_impression
from engine.feedback.store.months import first_press
from engine.feedback.store.summary import read_summary
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import FIRST_PRESS, PRESSED_AT, Painted, SmallCommunity
from tests.engine.feedback.preferences.pressing import choose


@pytest.fixture
def community(database: Database, objects: Objects) -> SmallCommunity:
    return SmallCommunity(database=database, objects=objects)


async def summarize(database: Database) -> LogSummary:
    async with database.begin() as connection:
        return await read_summary(connection)


async def test_an_empty_log_has_an_empty_summary(database: Database) -> None:
    summary = await summarize(database)
    assert (summary.days, summary.slots, summary.models, summary.prompts, summary.best) == ((), (), (), (), ())
    assert (summary.raters.members, summary.raters.presses, summary.raters.lorenz) == (0, 0, ())
    assert summary.agreement == RaterAgreement(pairs=0, of_two=None, with_majority=None)


async def test_presses_are_counted_by_day_member_and_slot(community: SmallCommunity) -> None:
    one, two = [await community.join(Consent.USE) for _ in range(2)]
    painted = await community.paint(one, "a red circle")
    for slot, member in ((0, one), (0, two), (1, one)):
        await community.press(painted, slot, member)
    await community.press(painted, 0, one, Verb.RATE, 4)
    await community.press(painted, 0, one, Verb.FAVOURITE, 0)
    summary = await summarize(community.database)
    day = PRESSED_AT.date()
    counted = [(count.day, count.verb, count.presses) for count in summary.days]
    assert counted == [(day, Verb.FAVOURITE, 1), (day, Verb.RATE, 1), (day, Verb.UPSCALE, 3)]
    assert (summary.raters.members, summary.raters.presses) == (2, 5)
    assert summary.raters.lorenz == ((0.0, 0.0), (0.5, 0.2), (1.0, 1.0))
    (slots,) = summary.slots
    assert (slots.verb, slots.num_slots) == (Verb.UPSCALE, 2)
    assert [share.count for share in slots.shares.shares] == [2, 1]


async def test_only_ratings_that_stand_count(community: SmallCommunity) -> None:
    """A changed rating counts once, one that was taken back not at all; jobs of one prompt are one row."""
    one, two = [await community.join(Consent.USE) for _ in range(2)]
    first, second = await community.paint(one, "a red circle"), await community.paint(two, "A  red circle")
    await community.press(first, 0, one, Verb.RATE, 1)
    await community.press(first, 0, one, Verb.RATE, 4)
    await community.press(second, 1, two, Verb.RATE, 3)
    await community.press(second, 0, two, Verb.RATE, 2)
    await community.press(second, 0, two, Verb.RATE, 0)
    summary = await summarize(community.database)
    counts = RatingCounts(counts=(0, 0, 1, 1))
    assert [(rated.model, rated.ratings) for rated in summary.models] == [("fake", counts)]
    assert summary.prompts in {(RatedPrompt(prompt=text, ratings=counts),) for text in (first.prompt, second.prompt)}
    assert counts.mean == 3.5
    shown = (*summary.best, *summary.worst)
    assert [result.pictures for result in shown] == [(first.pictures[0].id,), (second.pictures[1].id,)]
    # Two ratings of the mean are added: (4 + 2 * 3.5) / 3.
    assert [result.score for result in shown] == [pytest.approx(11 / 3), pytest.approx(10 / 3)]


async def test_few_results_are_either_best_or_worst(community: SmallCommunity) -> None:
    """Of five, three are best and two are worst, each sheet beginning with its extreme."""
    member = await community.join(Consent.USE)
    for value in (1, 2, 3, 4):
        await community.press(await community.paint(member, f"rated {value}"), 0, member, Verb.RATE, value)
    between = await community.paint(member, "rated 3 and 2")
    await community.press(between, 0, member, Verb.RATE, 3)
    await community.press(between, 0, await community.join(Consent.USE), Verb.RATE, 2)
    summary = await summarize(community.database)
    assert [result.prompt for result in summary.best] == ["rated 4", "rated 3", "rated 3 and 2"]
    assert [result.prompt for result in summary.worst] == ["rated 1", "rated 2"]


async def test_what_is_private_reported_deleted_or_erased_is_not_shown(community: SmallCommunity) -> None:
    member = await community.join(Consent.USE)
    shown, reported, deleted, private, erased = [await community.paint(member, f"number {index}") for index in range(5)]
    for painted in (shown, reported, deleted, private, erased):
        await community.press(painted, 0, member, Verb.RATE, 4)
    await community.press(reported, 1, member, Verb.REPORT)
    await community.press(deleted, 1, member, Verb.DELETE)
    async with community.database.begin() as connection:
        again = replace(private.impression, id=new_id(), message_id=7, surface=Surface.PRIVATE)
        await append_impression(connection, again)
        await connection.execute(sa.text("DELETE FROM pictures WHERE job_id = :job"), {"job": erased.job_id})
    summary = await summarize(community.database)
    assert [result.prompt for result in summary.best] == [shown.prompt]


async def test_members_who_answer_the_same_pair_are_compared(community: SmallCommunity) -> None:
    """Whichever side a picture was on; only the newest answer of a member counts, and ties say nothing."""
    members = [await community.join(Consent.USE) for _ in range(4)]
    painted = await community.paint(members[0], "a red circle")
    answers = [
        (members[0], (0, 1), Choice.RIGHT),
        (members[0], (0, 1), Choice.LEFT),
        (members[1], (1, 0), Choice.RIGHT),
        (members[2], (1, 0), Choice.LEFT),
        (members[3], (0, 1), Choice.TIE),
    ]
    async with community.database.begin() as connection:
        made = [answer(painted, number, *given) for number, given in enumerate(answers)]
        await append_actions(connection, made)
    summary = await summarize(community.database)
    agreement = summary.agreement
    assert agreement.pairs == 1
    assert agreement.of_two == pytest.approx(1 / 3)
    assert agreement.with_majority == pytest.approx(2 / 3)


async def test_earlier_months_are_left_out_unread(community: SmallCommunity) -> None:
    member = await community.join(Consent.USE)
    await community.press(await community.paint(member, "a red circle"), 0, member)
    async with community.database.begin() as connection:
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
        assert (await read_summary(connection, since=tomorrow)).raters.presses == 0
        assert (await read_summary(connection, since=tomorrow.replace(day=1))).raters.presses in {0, 1}
        query = sa.text("EXPLAIN SELECT count(*) FROM actions WHERE press_id >= :since")
        plan = "\n".join((await connection.execute(query, {"since": first_press(tomorrow)})).scalars())
    assert "actions_" in plan
    assert f"actions_{tomorrow - timedelta(days=62):%Y_%m}" not in plan


async def test_the_summary_as_json(community: SmallCommunity) -> None:
    member = await community.join(Consent.USE)
    painted = await community.paint(member, "a red circle")
    await community.press(painted, 0, member, Verb.RATE, 4)
    await community.press(painted, 0, member)
    data = summary_to_json(await summarize(community.database))
    assert data["days"][0] == {"day": PRESSED_AT.date().isoformat(), "verb": "rate", "presses": 1}
    assert data["models"] == [{"model": "fake", "counts": [0, 0, 0, 1], "ratings": 1, "mean": 4.0}]
    assert data["slots"][0]["shares"][0]["share"] == 1.0
    assert data["best"][0]["pictures"] == [str(painted.pictures[0].id)]


def answer(painted: Painted, number: int, member: UUID, slots: tuple[int, int], choice: Choice) -> Action:
    """Return the answer of a member to a pair of the pictures in these slots."""
    shown = tuple(Shown(picture_id=painted.pictures[slot].id, slot=side) for side, slot in enumerate(slots))
    given = choose(1, 2, choice, at=number).action
    return replace(
        given, press_id=FIRST_PRESS + 100 + number, impression_id=None, member_id=member, shown=shown, at=PRESSED_AT
    )
