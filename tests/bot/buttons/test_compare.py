"""`/rank` and its buttons: pairs of pictures, through real discord.py."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from bot.policy.pair_choice import is_repeat_due
from engine.contract.feedback import Choice, Surface, Verb
from engine.contract.jobs import Job
from engine.feedback.records import Action, Impression, ImpressionKind
from engine.feedback.store.actions import action_from_row
from engine.feedback.store.impressions import stream_impressions
from engine.feedback.store.tables import actions
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_opinions import single
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, labels, text_of
from tests.bot.rows import until_closed

Grid = Callable[..., Any]
EPHEMERAL = 64
BUTTONS = [["Left", "Right"], ["Equally good", "Both bad", "Skip", "Stop"]]


async def agree(database: Database, *, publish: bool = False) -> None:
    """Let everybody who is known agree to training, and to publishing or not."""
    async with database.begin() as connection:
        agreed = sa.text("UPDATE members SET consent_version = 1, may_train = true, may_publish = :publish")
        await connection.execute(agreed, {"publish": publish})


async def answers(database: Database) -> list[Action]:
    """Return every answer to a pair, oldest first."""
    async with database.begin() as connection:
        given = sa.select(actions).where(actions.c.verb == Verb.CHOOSE.value).order_by(actions.c.press_id)
        return [action_from_row(row) for row in await connection.execute(given)]


async def pairs_shown(database: Database) -> list[Impression]:
    """Return every pair that was shown, oldest first."""
    async with database.begin() as connection:
        return [one async for one in stream_impressions(connection) if one.kind is ImpressionKind.PAIR]


def asks(message: Message) -> bool:
    """Return whether the message asks about a pair."""
    return labels(message) == BUTTONS


async def after(member: MemberClient, message: Message, button: str) -> Message:
    """Press the button, and return the message with what takes the pair's place."""
    before = message["attachments"]
    await member.press(message, button)
    return await member.changed(message, lambda item: item["attachments"] != before)


@pytest.fixture
async def rated_grid(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, database: Database
) -> AsyncIterator[Any]:
    """A grid of Ben's; both he and Cleo agree to training."""
    grid, job, pictures = await painted_grid()
    await cleo.reply(await cleo.press(grid, "🙂"))
    await until_closed(database, job.id, 1)
    await agree(database)
    yield grid, job, pictures


async def test_pairs_are_compared_in_place(
    rated_grid: tuple[Message, Job, Any], cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """One message for its member alone shows all six pairs of a grid, each once; every answer is counted and logged."""
    _, job, pictures = rated_grid
    message = await cleo.reply(await cleo.command("rank"))
    assert asks(message) and message["flags"] & EPHEMERAL
    assert text_of(message) == "**a red circle**\nWhich one is better? You have compared 0 pairs."
    for number, button in enumerate(["Left", "Right", "Equally good", "Both bad", "Left"], 1):
        message = await after(cleo, message, button)
        assert asks(message)
        assert text_of(message).endswith(f"You have compared {number} {'pair' if number == 1 else 'pairs'}.")
        (file,) = message["attachments"]
        assert file["description"] == "a red circle: two pictures, left and right"
    message = await after(cleo, message, "Right")
    assert text_of(message).startswith("There is nothing left to compare at the moment. You have compared 6 pairs.")
    assert (message["components"], message["attachments"]) == ([], [])

    shown, given = await pairs_shown(database), await answers(database)
    assert [action.choice for action in given] == [
        Choice.LEFT,
        Choice.RIGHT,
        Choice.TIE,
        Choice.BOTH_BAD,
        Choice.LEFT,
        Choice.RIGHT,
    ]
    assert [action.impression_id for action in given] == [pair.id for pair in shown]
    sides = [[picture.picture_id for picture in pair.pictures] for pair in shown]
    assert [[one.picture_id for one in action.shown] for action in given] == sides
    assert len({frozenset(pair) for pair in sides}) == 6
    assert {picture_id for pair in sides for picture_id in pair} == {picture.id for picture in pictures}
    assert {(action.surface, action.is_owner, action.job_id) for action in given} == {(Surface.GUILD, False, None)}
    assert all(action.latency is not None and action.message_id == int(message["id"]) for action in given)
    of_grid = (await hand.impressions(job.id))[0]
    assert {(pair.prompt_hash, pair.job_id, pair.consent.may_train) for pair in shown} == {
        (of_grid.prompt_hash, None, True)
    }


async def test_the_sides_are_those_that_were_logged(
    rated_grid: tuple[Message, Job, Any], cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The left half of the file is the picture in slot 0 of the impression, the right half that in slot 1."""
    _, _, pictures = rated_grid
    keys = {picture.id: picture.object_key for picture in pictures}
    message = await cleo.reply(await cleo.command("rank"))
    for _ in range(3):
        shown = (await pairs_shown(database))[-1]
        both = Image.open(io.BytesIO(await cleo.file(message["attachments"][0]))).convert("RGB")
        for side, picture in enumerate(shown.pictures):
            original = Image.open(io.BytesIO(await hand.objects.get(keys[picture.picture_id]))).convert("RGB")
            half = both.crop((0, 0, both.height, both.height))
            if side:
                half = both.crop((both.width - both.height, 0, both.width, both.height))
            small, expected = (
                image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) for image in (half, original)
            )
            assert small == pytest.approx(expected, abs=4)
        message = await after(cleo, message, "Skip")


async def test_two_quick_presses_count_once(
    rated_grid: tuple[Message, Job, Any], cleo: MemberClient, database: Database
) -> None:
    """Whatever they say, the first is the answer, and one pair takes the place of the one before."""
    message = await cleo.reply(await cleo.command("rank"))
    pressed = await asyncio.gather(*(cleo.press(message, button) for button in ("Left", "Left", "Right")))
    for one in pressed:
        assert await cleo.outcome(one) == "acknowledged"
    assert len(await answers(database)) == 1
    assert len(await pairs_shown(database)) == 2
    message = await cleo.changed(message, lambda item: "compared 1 pair." in item["content"])
    assert "compared 2 pairs." in text_of(await after(cleo, message, "Left"))


async def test_a_planted_repeat_has_its_sides_swapped(
    rated_grid: tuple[Message, Job, Any], cleo: MemberClient, database: Database
) -> None:
    """When it is the turn of one, a pair that the member has judged comes again, and once only."""
    message = await cleo.reply(await cleo.command("rank"))
    message = await after(cleo, message, "Left")
    message = await after(cleo, message, "Right")
    async with database.begin() as connection:
        (member_id,) = (await connection.execute(sa.text("SELECT DISTINCT member_id FROM rank_pairs"))).scalars()
        due = next(number for number in range(12, 40) if is_repeat_due(number, member_id.int))
        moved = sa.text("UPDATE rank_pairs SET number = :number WHERE number = 3")
        await connection.execute(moved, {"number": due - 1})
    message = await after(cleo, message, "Skip")
    sides = [[picture.picture_id for picture in pair.pictures] for pair in await pairs_shown(database)]
    assert sides[3][::-1] in sides[:2]
    while asks(message):
        message = await after(cleo, message, "Left")
    sides = [[picture.picture_id for picture in pair.pictures] for pair in await pairs_shown(database)]
    assert len(sides) == 7 and len({frozenset(pair) for pair in sides}) == 6
    assert "compared 6 pairs." in text_of(message), "one of seven was skipped"


async def test_whoever_has_not_agreed_is_told_how(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Nothing is shown or stored, also once the consent was withdrawn between two presses."""
    _, job, _ = await painted_grid()
    await until_closed(database, job.id, 1)
    refused = await cleo.reply(await cleo.command("rank"))
    assert text_of(refused).startswith("Comparing pictures trains models, so it is for members who agree to that.")
    assert refused["flags"] & EPHEMERAL
    await agree(database)
    message = await ben.reply(await ben.command("rank"))
    assert asks(message)
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE members SET may_train = false"))
    refused = await after(ben, message, "Left")
    assert text_of(refused).startswith("Comparing pictures trains models")
    assert (refused["components"], refused["attachments"]) == ([], [])
    assert await answers(database) == []


async def test_stop_thanks_and_rank_goes_on(
    rated_grid: tuple[Message, Job, Any], cleo: MemberClient, database: Database
) -> None:
    """The count goes on with the next command, skipped pairs are not counted and do not come again."""
    message = await after(cleo, await cleo.reply(await cleo.command("rank")), "Left")
    message = await after(cleo, message, "Skip")
    await cleo.press(message, "Stop")
    stopped = await cleo.changed(message, lambda item: not item["components"])
    assert (text_of(stopped), stopped["attachments"]) == ("Thank you. You have compared 1 pair. /rank goes on.", [])
    message = await cleo.reply(await cleo.command("rank"))
    assert "compared 1 pair." in text_of(message)
    sides = [frozenset(picture.picture_id for picture in pair.pictures) for pair in await pairs_shown(database)]
    assert len(sides) == len(set(sides)) == 4


async def test_lost_reported_and_deleted_pictures_are_passed_over(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Erased ones too, also between the question and the answer; a file that is missing is not shown."""
    grids = {name: await painted_grid(name) for name in ("lost", "reported", "deleted", "erased", "left")}
    for _, job, _ in grids.values():
        await until_closed(database, job.id, 1)
    await agree(database)
    for picture in grids["lost"][2]:
        await hand.objects.store.delete_async(picture.object_key)
    choices = await ben.reply(await ben.press(grids["reported"][0], "⋯"))
    await ben.submit(await ben.modal(await ben.press(choices, "Report")), picture="2", reason="other")
    await ben.changed(choices, lambda item: not item["components"])
    picture = await single(ben, grids["deleted"][0], "U1")
    choices = await ben.reply(await ben.press(picture, "⋯"))
    await ben.press(choices, "Delete")
    await ben.press(await ben.changed(choices, lambda item: "everybody" in item["content"]), "Delete for everybody")
    await ben.changed(choices, lambda item: not item["components"])

    message = await ben.reply(await ben.command("rank"))
    while "**erased**" not in text_of(message):
        message = await after(ben, message, "Left")
    async with database.begin() as connection:
        erased = {"job_id": grids["erased"][1].id}
        await connection.execute(sa.text("DELETE FROM pictures WHERE job_id = :job_id"), erased)
        await connection.execute(sa.text("DELETE FROM jobs WHERE id = :job_id"), erased)
    seen = set()
    while asks(message):
        message = await after(ben, message, "Right")
        seen.add(text_of(message).split("\n")[0])
    assert seen - {text_of(message).split("\n")[0]} == {"**left**"}


async def test_pictures_go_to_whom_consent_and_channel_allow(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Those of a server to who is there, while their owner agrees to training; those of direct messages to nobody."""
    _, of_server, _ = await painted_grid("server")
    _, of_direct, _ = await painted_grid("direct", channel="dm")
    for job in (of_server, of_direct):
        await until_closed(database, job.id, 1)
    await cleo.reply(await cleo.command("rank"))
    await set_consent(database, cleo, train=True)

    async def seen(member: MemberClient) -> set[str]:
        message = await member.reply(await member.command("rank"))
        prompts = set()
        while asks(message):
            prompts.add(text_of(message).split("\n")[0].strip("*"))
            message = await after(member, message, "Skip")
        async with database.begin() as connection:
            await connection.execute(sa.text("DELETE FROM rank_pairs"))
        return prompts

    assert await seen(cleo) == set(), "Ben has not agreed"
    await set_consent(database, ben, publish=True)
    assert await seen(cleo) == set(), "Ben has agreed to publishing alone"
    await set_consent(database, ben, train=True)
    assert await seen(ben) == await seen(cleo) == {"server"}
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE rank_grids SET channel_id = 1"))
    assert await seen(cleo) == set(), "it is no channel that Cleo sees"
    async with database.begin() as connection:
        await connection.execute(
            sa.text(
                "UPDATE rank_grids SET channel_id = deliveries.channel_id FROM deliveries"
                " WHERE deliveries.job_id = rank_grids.job_id"
            )
        )
    await set_consent(database, ben)
    assert await seen(cleo) == set(), "Ben has taken it back"


async def set_consent(database: Database, member: MemberClient, *, train: bool = False, publish: bool = False) -> None:
    """Set what one member agrees to."""
    async with database.begin() as connection:
        agreed = sa.text(
            "UPDATE members SET consent_version = 1, may_train = :train, may_publish = :publish WHERE discord_id = :id"
        )
        await connection.execute(agreed, {"train": train, "publish": publish, "id": int(member.id)})
