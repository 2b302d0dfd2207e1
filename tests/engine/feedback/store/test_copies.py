"""The log as JSON Lines: what is written of each row, and what is not."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.contract.feedback import Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.feedback.records import NOT_ASKED, Action, ConsentInForce, Impression, ImpressionKind, ShownPicture
from engine.feedback.store.actions import append_actions
from engine.feedback.store.copies import Log, copy_part, divide_log, read_logged_ids
from engine.feedback.store.impressions import append_impression
from engine.feedback.store.months import first_press
from engine.feedback.store.withheld import count_open, withhold
from engine.store.database import Database

FIRST = first_press(datetime.now(UTC).date()) + 1
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ODD = 'a "model"\n\\, ü \x01\x02'
SHOWN_TO, PRESSED_BY = new_id(), new_id()


def _impression() -> Impression:
    picture = ShownPicture(
        picture_id=new_id(), slot=0, seed=2**32 - 1, model=ODD, model_hash=None, adapters=(), settings_hash="0"
    )
    return Impression(
        id=new_id(),
        kind=ImpressionKind.GRID,
        message_id=FIRST,
        job_id=new_id(),
        member_id=SHOWN_TO,
        pictures=(picture,),
        prompt_hash="1",
        prompt_source=None,
        parent_job_id=None,
        parent_picture_id=None,
        operation="imagine",
        surface=Surface.GUILD,
        is_nsfw_channel=False,
        ui_version=1,
        consent=NOT_ASKED,
        shown_at=AT,
    )


def _action(impression: Impression, num_shown: int) -> Action:
    return Action(
        press_id=FIRST + num_shown,
        impression_id=None,
        message_id=impression.message_id,
        job_id=impression.job_id,
        member_id=PRESSED_BY,
        is_owner=False,
        verb=Verb.RATE,
        slot=None,
        picture_id=None,
        value=3,
        choice=None,
        variation=None,
        replaces=None,
        shown=tuple(Shown(picture_id=UUID(int=slot), slot=slot) for slot in range(num_shown)),
        model=ODD,
        model_hash="2",
        surface=Surface.GUILD,
        latency=timedelta(seconds=1.5),
        consent=ConsentInForce(version=1, may_train=True, may_publish=False),
        at=AT,
    )


async def _lines(database: Database, log: Log, numbers: dict[UUID, int], parts: int = 1) -> list[list[dict[str, Any]]]:
    """Return the lines of each part."""
    pieces = list[list[bytes]]()

    async def write(piece: bytes) -> None:
        pieces[-1].append(piece)

    async with database.begin() as connection:
        await withhold(connection, numbers)
        for part in await divide_log(connection, log, parts):
            pieces.append([])
            await copy_part(connection, part, write)
    return [[json.loads(line) for line in b"".join(of_part).splitlines()] for of_part in pieces]


async def test_each_row_is_a_line_without_ids_of_members_and_messages(database: Database) -> None:
    """However many pictures were shown, and whatever is in a model's name; times have microseconds."""
    impression = _impression()
    actions = [_action(impression, num_shown) for num_shown in range(6)]
    other = dataclasses.replace(actions[0], press_id=FIRST + 9, message_id=FIRST + 1, job_id=new_id(), model=None)
    async with database.begin() as connection:
        await append_impression(connection, impression)
        await append_actions(connection, [other, *reversed(actions)])
        assert set(await read_logged_ids(connection)) == {SHOWN_TO, PRESSED_BY}
        numbers = {PRESSED_BY: 0, SHOWN_TO: 1}
        await withhold(connection, numbers)
        assert await count_open(connection, numbers) == 8
    ((shown,),) = await _lines(database, "impressions", numbers)
    assert (shown["member"], shown["id"], shown["shown_at"]) == (1, str(impression.id), "2026-01-02T03:04:05.000000Z")
    assert shown["pictures"][0]["model"] == ODD and shown["pictures"][0]["seed"] == 2**32 - 1
    ((*pressed, last),) = await _lines(database, "actions", numbers)
    for num_shown, line in enumerate(pressed):
        assert line["shown"] == [{"picture_id": str(UUID(int=slot)), "slot": slot} for slot in range(num_shown)]
        assert (line["member"], line["model"], line["impression_id"]) == (0, ODD, str(impression.id))
        assert (line["value"], line["latency_ms"], line["consent"]) == (3, 1500, "train")
        assert line["at"] == "2026-01-02T03:04:05.000000Z"
    assert last["impression_id"] is None and last["model"] is None
    text = json.dumps([shown, *pressed, last])
    assert not [one for one in (SHOWN_TO, PRESSED_BY, FIRST, FIRST + 1, FIRST + 9) if str(one) in text]


@pytest.mark.parametrize("parts", [1, 3, 20])
async def test_parts_have_every_row_once_and_in_order(database: Database, parts: int) -> None:
    """However many parts: no more than there are rows, of about as many rows each."""
    impression = _impression()
    appended = [_action(impression, number) for number in range(10)]
    async with database.begin() as connection:
        await append_impression(connection, impression)
        await append_actions(connection, appended)
    numbers = {PRESSED_BY: 0, SHOWN_TO: 1}
    of_parts = await _lines(database, "actions", numbers, parts)
    assert [len(line["shown"]) for lines in of_parts for line in lines] == list(range(10))
    assert max(map(len, of_parts)) - min(map(len, of_parts)) <= 1 and len(of_parts) == min(parts, 10)
    assert [len(lines) for lines in await _lines(database, "impressions", numbers, parts)] == [1]
