"""Preferences read from Postgres are those of the same presses in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from engine.contract.feedback import Verb
from engine.feedback.labels import measure_log, stream_preferences
from engine.feedback.preferences.answers import presses_by_rater
from engine.feedback.preferences.community import measure_community
from engine.feedback.preferences.derive import LeftOut, derive_preferences
from engine.feedback.records import Choice, Press
from engine.feedback.store.actions import append_actions
from engine.feedback.store.impressions import append_impression
from engine.feedback.store.months import add_months, month_of_press
from engine.feedback.store.presses import stream_presses_by_member, stream_presses_by_prompt
from engine.store.database import Database
from tests.engine.feedback.preferences.pressing import choose, id_of, press, rate

CATS, DOGS = (1, 2, 3, 4), (5, 6, 7, 8)
MEMBERS = {id_of(1), id_of(2)}
OF_CATS = [
    press(Verb.UPSCALE, CATS, 2, at=1),
    rate(CATS, 1, 4, at=2, by=2),
    rate(CATS, 3, 1, at=3, by=2),
    choose(1, 3, Choice.RIGHT, at=4),
    press(Verb.REROLL, CATS, at=5, by=3),
]
OF_DOGS = [
    press(Verb.FAVOURITE, DOGS, 6, at=6, value=1, prompt="a dog"),
    press(Verb.FAVOURITE, DOGS, 6, at=7, value=1, prompt="a dog", by=2),
    press(Verb.REPORT, DOGS, 7, at=8, prompt="a dog", by=3),
]


async def store(database: Database, presses: Iterable[Press]) -> None:
    """Append the presses and what they were shown."""
    async with database.begin() as connection:
        for action, impression in presses:
            await add_months(connection, "actions", [month_of_press(action.press_id)])
            if impression is not None:
                await append_impression(connection, impression)
            await append_actions(connection, [action])


async def test_the_log_gives_the_preferences_of_its_presses(database: Database) -> None:
    """Of the members who agreed; a report counts whoever pressed it."""
    await store(database, [*OF_DOGS, *OF_CATS])
    async with database.begin() as connection:
        community = await measure_log(connection, MEMBERS)
        made = [preferences async for preferences in stream_preferences(connection, MEMBERS, community)]
    usable = [[one for one in OF_CATS if one.action.member_id in MEMBERS], OF_DOGS]
    by_rater = [(member, of_member) for member, of_member in presses_by_rater([*OF_CATS, *OF_DOGS]).items()]
    expected = measure_community([one for one in by_rater if one[0] in MEMBERS], usable)
    assert community == expected
    assert made == [derive_preferences(presses, expected) for presses in usable]
    assert made[1].reports == {id_of(7): 1}
    assert not any(preferences.left_out[LeftOut.UNRELIABLE] for preferences in made)


async def test_presses_are_read_by_member_and_by_prompt(database: Database) -> None:
    await store(database, [*OF_DOGS, *OF_CATS])
    async with database.begin() as connection:
        by_member = {member: presses async for member, presses in stream_presses_by_member(connection)}
        by_prompt = [presses async for presses in stream_presses_by_prompt(connection)]
    in_order = [*OF_CATS, *OF_DOGS]
    assert by_member == {id_of(by): [one for one in in_order if one.action.member_id == id_of(by)] for by in (1, 2, 3)}
    assert by_prompt == [OF_CATS, OF_DOGS]


@pytest.mark.parametrize("message", [None, 77])
async def test_a_press_without_its_impression_is_with_those_of_its_job(database: Database, message: int | None) -> None:
    """What the same message showed is found; otherwise the press has none, and its prompt is its job's."""
    action, impression = OF_CATS[0]
    assert impression is not None
    shown = replace(impression, message_id=77)
    later = replace(action, press_id=9, impression_id=None, message_id=message)
    alone = replace(action, press_id=10, impression_id=None, message_id=None, job_id=id_of(4711))
    await store(database, [Press(action, shown), Press(later, None), Press(alone, None), *OF_DOGS])
    async with database.begin() as connection:
        groups = [presses async for presses in stream_presses_by_prompt(connection)]
    presses = {tuple(one.action.press_id for one in group): group for group in groups}
    assert presses.keys() == {(1, 9), (10,), (6, 7, 8)}
    found = presses[1, 9][1]
    assert found.impression == (None if message is None else shown)
    assert found.action.impression_id == (None if message is None else shown.id)
