"""What the raw export leaves out: whatever members do not agree to now, and what comes from theirs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.members import read_publishing_ids, read_training_ids
from engine.contract.edits import Edit, whole_canvas
from engine.contract.feedback import Consent, Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRefused, Refusal
from engine.feedback.records import Action, Choice, ImpressionKind, PromptOrigin
from engine.feedback.store.actions import append_actions
from engine.feedback.store.guilds import GuildChoice, store_guild_choices
from engine.feedback.store.impressions import append_impression
from engine.mask_file import MaskFile, mask_file_from_image
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.objects import Objects
from engine.store.operator_jobs import OPERATOR_ID
from tests.engine.feedback.exports.community import (
    FIRST_PRESS,
    PRESSED_AT,
    Painted,
    SmallCommunity,
    request_to,
)
from tests.fakes import request_for

export_raw = FORMATS["raw"].export


@pytest.fixture
def community(database: Database, objects: Objects) -> SmallCommunity:
    return SmallCommunity(database=database, objects=objects)


async def test_only_what_everybody_agrees_to_is_in_it(community: SmallCommunity, tmp_path: Path) -> None:
    """A job needs its member and those it goes back to, a press its member and the job's."""
    agreed, unasked = await community.join(Consent.TRAIN), await community.join(Consent.USE)
    kept, foreign = await community.paint(agreed, "kept"), await community.paint(unasked, "foreign")
    varied = await community.paint(agreed, "varied", parent=foreign)
    again = await community.paint(agreed, "again", parent=varied)
    message = await community.paint(agreed, "message", origin=PromptOrigin.MESSAGE)
    private = await community.paint(agreed, "private")
    await community.hide(private)
    of_private = await community.paint(agreed, "of private", parent=private)
    async with community.database.begin() as connection:
        await submit_job(connection, request_for(agreed, "unfinished"))
    for painted in (kept, foreign, varied, again, message, private, of_private):
        for rater in (agreed, unasked):
            await community.press(painted, 0, rater)
    await _compare(community, agreed, kept, kept)
    await _compare(community, agreed, kept, foreign)

    out = tmp_path / "out"
    exported = await export_raw(community.database, community.objects, request_to(out, read_agreeing=read_training_ids))
    assert exported.counts == {"jobs": 1, "pictures": 2, "impressions": 2, "events": 2}
    assert [job["spec"]["prompt"] for job in _lines(out, "jobs")] == ["kept"]
    assert {event["job_id"] for event in _lines(out, "events")} == {str(kept.job_id), None}
    assert {line["member"] for name in ("jobs", "impressions", "events") for line in _lines(out, name)} == {0}
    for painted in (foreign, varied, again, message):
        ids = [painted.job_id, painted.impression.id, *(picture.id for picture in painted.pictures)]
        assert not [one for one in ids if str(one).encode() in _bytes(out)]

    await community.agree(unasked, Consent.TRAIN)
    later = await export_raw(
        community.database, community.objects, request_to(tmp_path / "later", read_agreeing=read_training_ids)
    )
    assert later.counts == {"jobs": 4, "pictures": 8, "impressions": 6, "events": 10}


def _mask(column: int) -> MaskFile:
    """Return the mask of a column of an 8 x 8 picture."""
    image = Image.new("L", (8, 8))
    image.paste(255, (column, 0, column + 1, 8))
    mask = mask_file_from_image(image)
    assert mask is not None
    return mask


async def test_masks_are_in_it_with_the_jobs_that_are(community: SmallCommunity, tmp_path: Path) -> None:
    """Once, however often it was painted in; not those of members who do not agree; a lost one is told."""
    agreed, unasked = await community.join(Consent.PUBLISH), await community.join(Consent.USE)
    source = await community.paint(agreed, "a cat")
    theirs = await community.paint(unasked, "a dog")
    first, second, lost = map(_mask, range(3))
    keys = [await community.objects.put(mask.png, ".png") for mask in (first, second)]
    edits = [Edit(strength=1.0, canvas=whole_canvas(8, 8, mask=mask.mask)) for mask in (first, second, lost)]
    for prompt in ("a hat", "a wig"):
        await community.paint(agreed, prompt, parent=source, edit=edits[0])
    await community.paint(unasked, "a bone", parent=theirs, edit=edits[1])
    await community.paint(agreed, "a tie", parent=source, edit=edits[2])
    exported = await export_raw(community.database, community.objects, request_to(tmp_path / "out"))
    found = {job["spec"]["prompt"]: job["edit"] for job in _lines(tmp_path / "out", "jobs")}
    assert found["a cat"] is None and found.keys() == {"a cat", "a hat", "a wig", "a tie"}
    assert found["a hat"] == found["a wig"] and found["a hat"]["size"] == [8, 8]
    assert (tmp_path / "out" / found["a hat"]["mask"]["file"]).read_bytes() == first.png
    assert found["a tie"]["mask"]["file"] is None and lost.mask.sha256 in str(exported.damaged)
    assert not (tmp_path / "out" / "pictures" / keys[1]).exists()


async def test_what_is_agreed_for_training_alone_is_for_the_operator(community: SmallCommunity, tmp_path: Path) -> None:
    """Who passes the export on asks for those who agree to publishing."""
    await community.paint(await community.join(Consent.TRAIN), "a cat")
    with pytest.raises(ExportRefused) as raised:
        await export_raw(community.database, community.objects, request_to(tmp_path / "out"))
    assert raised.value.reason is Refusal.NOBODY_AGREED


async def test_nothing_of_a_closed_server_is_in_it(community: SmallCommunity, tmp_path: Path) -> None:
    """Neither presses, nor jobs, nor pairs; what a member painted elsewhere stays."""
    agreed = await community.join(Consent.PUBLISH)
    elsewhere = await community.paint(agreed, "elsewhere")
    community.guild_id = 77
    painted = await community.paint(agreed, "a cat")
    await community.press(painted, 0, agreed)
    await community.press(elsewhere, 0, agreed)
    await _compare(community, agreed, elsewhere, elsewhere)
    choice = GuildChoice(press_id=FIRST_PRESS + 900, guild_id=77, is_collecting=False, at=PRESSED_AT)
    async with community.database.begin() as connection:
        await store_guild_choices(connection, [choice])
    exported = await export_raw(community.database, community.objects, request_to(tmp_path / "out"))
    assert exported.counts == {"jobs": 1, "pictures": 2, "impressions": 1, "events": 0}
    assert [job["spec"]["prompt"] for job in _lines(tmp_path / "out", "jobs")] == ["elsewhere"]


async def test_consent_withdrawn_meanwhile_discards_it(community: SmallCommunity, tmp_path: Path) -> None:
    """Of whoever did anything; what others choose, who did nothing, does not matter."""
    agreed, idle = [await community.join(Consent.PUBLISH) for _ in range(2)]
    await community.paint(agreed, "a cat")
    withdrawing = list[UUID]()

    async def withdrawn_after(connection: AsyncConnection) -> set[UUID]:
        publishers = await read_publishing_ids(connection)
        if withdrawing:
            await community.agree(withdrawing.pop(0), Consent.TRAIN)
        return publishers

    withdrawing.append(idle)
    folder = tmp_path / "all" / "out"
    request = request_to(folder, read_publishers=withdrawn_after)
    await export_raw(community.database, community.objects, request)
    withdrawing.append(agreed)
    request = request_to(folder.with_name("again"), read_publishers=withdrawn_after)
    with pytest.raises(ExportRefused) as raised:
        await export_raw(community.database, community.objects, request)
    assert raised.value.reason is Refusal.WITHDRAWN
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


async def test_the_operators_own_jobs_need_nobodys_consent(community: SmallCommunity, tmp_path: Path) -> None:
    await community.join(Consent.PUBLISH)
    with pytest.raises(ExportRefused) as raised:
        await export_raw(community.database, community.objects, request_to(tmp_path / "none"))
    assert raised.value.reason is Refusal.NOTHING_LEFT
    await community.paint(OPERATOR_ID, "mine")
    exported = await export_raw(community.database, community.objects, request_to(tmp_path / "out"))
    assert exported.counts == {"jobs": 1, "pictures": 2, "impressions": 1, "events": 0}


async def _compare(community: SmallCommunity, by: UUID, one: Painted, other: Painted) -> None:
    """Show two pictures side by side, and store which is better."""
    community.presses += 1
    shown = tuple(
        dataclasses.replace(painted.impression.pictures[0], slot=slot) for slot, painted in enumerate((one, other))
    )
    pair = dataclasses.replace(
        one.impression,
        id=new_id(),
        kind=ImpressionKind.PAIR,
        job_id=None,
        member_id=by,
        operation=None,
        pictures=shown,
        guild_id=community.guild_id,
    )
    action = Action(
        press_id=FIRST_PRESS + community.presses,
        impression_id=pair.id,
        message_id=pair.message_id,
        job_id=None,
        member_id=by,
        is_owner=False,
        verb=Verb.CHOOSE,
        slot=None,
        picture_id=None,
        value=None,
        choice=Choice.LEFT,
        variation=None,
        replaces=None,
        shown=tuple(Shown(picture_id=picture.picture_id, slot=picture.slot) for picture in shown),
        model="fake",
        model_hash=None,
        surface=Surface.GUILD,
        latency=None,
        consent=one.impression.consent,
        at=PRESSED_AT,
        guild_id=community.guild_id,
    )
    async with community.database.begin() as connection:
        await append_impression(connection, pair)
        await append_actions(connection, [action])


def _lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
