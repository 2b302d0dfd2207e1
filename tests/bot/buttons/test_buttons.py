"""Every button of a grid and of a picture, pressed through real discord.py, and what the log keeps of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot import replies
from engine.contract.feedback import Surface, Verb
from engine.contract.jobs import JobStatus, Operation
from engine.prompt import Limits, ModelCapabilities
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient, SentInteraction
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, faces, is_grid, labels, text_of
from tests.bot.rows import until_closed

Grid = Callable[..., Any]


async def test_u_posts_the_original_as_a_reply(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """U2 replies with picture 2, byte for byte, and the press is kept with the four pictures that were shown."""
    grid, job, pictures = await painted_grid()
    pressed = await cleo.press(grid, "U2")
    reply = await cleo.message(lambda item: "Image #2" in item["content"])
    assert await cleo.outcome(pressed) == "acknowledged"
    assert reply["message_reference"]["message_id"] == grid["id"]
    assert await cleo.file(reply["attachments"][0]) == await hand.objects.get(pictures[1].object_key)
    alts = [shown["attachments"][0]["description"] for shown in (grid, reply)]
    assert alts == ["a red circle: grid of four pictures", "a red circle: picture 2 of four"]
    assert labels(reply)[0] == ["Upscale (Subtle)", "Upscale (Creative)", None, "⋯"]
    assert faces(reply)[-5:] == ["😖", "☹️", "🙂", "😍", "❤️"]

    (event,) = await hand.actions(job.id)
    assert (event.verb, event.picture_id, event.is_owner) == (Verb.UPSCALE, pictures[1].id, False)
    assert [shown.slot for shown in event.shown] == [0, 1, 2, 3]
    assert (event.surface, event.model, event.model_hash) == (Surface.GUILD, "fake", "f4ce")
    assert event.press_id == int(pressed.interaction_id)
    assert event.latency is not None and event.latency >= timedelta()


async def test_quick_clicks_on_u_post_one_picture(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Three clicks at once and one later are one picture and one event; the later one is answered with its address."""
    grid, job, _ = await painted_grid()
    for pressed in await asyncio.gather(*(cleo.press(grid, "U2") for _ in range(3))):
        assert await cleo.outcome(pressed) == "acknowledged"
    single = await cleo.message(lambda item: "Image #2" in item["content"])
    await until_closed(database, job.id, 2)
    again = await cleo.reply(await cleo.press(grid, "U2"))
    address = f"https://discord.com/channels/{cleo.guild_id}/{single['channel_id']}/{single['id']}"
    assert (text_of(again), again["flags"] & 64) == (f"Image #2 is already here: {address}", 64)
    assert len(posted(cleo, "Image #2 <")) == len(await hand.actions(job.id)) == 1

    await cleo.press(grid, "U3")
    await ben.press(grid, "U2")
    await cleo.until(lambda: len(posted(cleo, "Image #2 <")) == 2 and posted(cleo, "Image #3 <"))
    assert len(await hand.actions(job.id)) == 3


async def test_quick_clicks_on_v_and_reroll_paint_one_grid(
    painted_grid: Grid, cleo: MemberClient, hand: EngineHand
) -> None:
    """Of three clicks at once two are answered with the reason; another button has a grid of its own."""
    grid, job, _ = await painted_grid()
    for label, num_jobs in (("V2", 2), ("🔄", 3)):
        replies_to = [
            await cleo.reply(one) for one in await asyncio.gather(*(cleo.press(grid, label) for _ in range(3)))
        ]
        told = [reply for reply in replies_to if text_of(reply) == str(replies.PRESSED_AGAIN)]
        assert (len(told), [reply["flags"] & 64 for reply in told]) == (2, [64, 64])
        assert len(await hand.jobs()) == num_jobs and len(await hand.actions(job.id)) == num_jobs - 1


async def test_a_picture_that_was_deleted_is_posted_again(
    painted_grid: Grid, ada: MemberClient, hand: EngineHand, database: Database
) -> None:
    """U3 posts the picture again once its message is gone, however often."""
    grid, job, _ = await painted_grid()
    for number in range(1, 4):
        await ada.press(grid, "U3")
        single = await ada.message(lambda item: "Image #3" in item["content"])
        await until_closed(database, job.id, number + 1)
        await ada.delete(single)
        await ada.until(lambda: not posted(ada, "Image #3"))
        assert len(await hand.actions(job.id)) == number


def posted(member: MemberClient, text: str) -> list[Message]:
    """Return the messages that the member sees with this text."""
    return [item for item in member.messages.values() if text in item["content"]]


async def test_v_paints_variations_of_that_picture(painted_grid: Grid, cleo: MemberClient, hand: EngineHand) -> None:
    """V3 starts a job of the presser's that descends from picture 3, with a seed of its own."""
    grid, job, pictures = await painted_grid("a red circle --seed 7")
    reply = await cleo.reply(await cleo.press(grid, "V3"))
    assert text_of(reply).startswith(f"**a red circle** - Variations by <@{cleo.id}> (Waiting to start")
    varied = (await hand.jobs())[-1]
    assert (varied.operation, varied.parent_job_id) == (Operation.VARY, job.id)
    assert varied.parent_picture_id == pictures[2].id
    assert (varied.spec.prompt, "seed" in varied.spec.parameters) == ("a red circle", False)
    assert varied.member_id != job.member_id

    await hand.finish(varied)
    again = await cleo.changed(reply, lambda item: len(item["components"]) == 3)
    assert text_of(again) == f"**a red circle** - Variations by <@{cleo.id}>"


async def test_reroll_paints_the_same_with_another_seed(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand
) -> None:
    """The re-roll keeps everything of the spec but its seed, and is an event of its own."""
    grid, job, _ = await painted_grid("a red circle --seed 7 --steps 9")
    reply = await ben.reply(await ben.press(grid, "🔄"))
    assert "**a red circle --steps 9**" in text_of(reply)
    again = (await hand.jobs())[-1]
    assert (again.operation, again.parent_job_id) == (Operation.IMAGINE, job.id)
    assert again.seed != 7
    (event,) = await hand.actions(job.id)
    assert (event.verb, event.picture_id, event.is_owner, len(event.shown)) == (Verb.REROLL, None, True, 4)


async def test_another_face_changes_the_rating_and_keeps_history(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand
) -> None:
    """Each face is confirmed to its presser alone, and every rating stays in the log."""
    grid, job, _ = await painted_grid()
    first = await ben.reply(await ben.press(grid, "🙂"))
    assert (text_of(first), first["flags"] & 64) == ("Rated 🙂. Press another one to change it.", 64)
    second = await ben.reply(await ben.press(grid, "😍"))
    assert text_of(second) == "Rating changed from 🙂 to 😍."
    assert [(event.verb, event.value) for event in await hand.actions(job.id)] == [(Verb.RATE, 3), (Verb.RATE, 4)]


async def test_a_picture_is_rated_apart_from_its_grid(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """A face under a single picture names that picture, and only that picture was shown; Vary there varies it."""
    grid, job, pictures = await painted_grid()
    await ben.press(grid, "U4")
    single = await ben.message(lambda item: "Image #4" in item["content"])
    assert text_of(await ben.reply(await ben.press(single, "😖"))).startswith("Rated 😖")
    await ben.reply(await ben.press(single, "Vary (Strong)"))
    _, rated, varied = await hand.actions(job.id)
    assert (rated.picture_id, rated.value) == (pictures[3].id, 1)
    assert [shown.picture_id for shown in rated.shown] == [pictures[3].id]
    assert (varied.verb, [shown.slot for shown in varied.shown]) == (Verb.VARY, [3])


async def test_only_owner_and_administrators_cancel(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Another member is told so and nothing happens; the administrator stops it, and there is no second time."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
    refused = await cleo.reply(await cleo.press(waiting, "Cancel"))
    assert text_of(refused).startswith("Only the member who started this job or an administrator")
    assert (await hand.only_job()).status is JobStatus.WAITING

    pressed = await ada.press(waiting, "Cancel")
    assert text_of(await ada.reply(pressed)) == "Cancelled."
    edits = [event.body["components"] for event in ada.events if event.body.get("id") == waiting["id"]]
    assert [] in edits, "the button goes with the answer, not after it"
    ended = await ben.changed(waiting, lambda item: "(Cancelled)" in item["content"])
    assert ended["components"] == []
    job = await hand.only_job()
    assert [(event.verb, event.is_owner) for event in await hand.actions(job.id)] == [(Verb.CANCEL, False)]


async def test_the_owner_cancels_a_running_job(bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand) -> None:
    """The preview goes away with the job."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
    job = await hand.only_job()
    await hand.start(job.id)
    await hand.progress(job.id, 0.5)
    running = await ben.changed(waiting, lambda item: bool(item["attachments"]))
    assert text_of(await ben.reply(await ben.press(running, "Cancel"))) == "Cancelled."
    ended = await ben.changed(waiting, lambda item: "(Cancelled)" in item["content"])
    assert ended["attachments"] == []


async def test_everything_works_in_direct_messages(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """The grid comes where it was asked for, and its presses are kept as made in direct messages."""
    grid, job, _ = await painted_grid(channel="dm")
    assert grid["channel_id"] == ben.channels["dm"]
    await ben.press(grid, "U1")
    await ben.message(lambda item: "Image #1" in item["content"])
    (event,) = await hand.actions(job.id)
    assert (event.surface, event.is_owner) == (Surface.DM, True)


async def test_one_member_presses_twice_at_once(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """Each press counts and is answered: the second rating repeats the first, and V1 and V2 are two grids."""
    grid, job, _ = await painted_grid()
    pressed = await asyncio.gather(ben.press(grid, "🙂"), ben.press(grid, "🙂"))
    answers = sorted([text_of(await ben.reply(one)) for one in pressed])
    assert answers == ["Rated 🙂. Press another one to change it.", "Your rating is still 🙂."]
    varied = await asyncio.gather(ben.press(grid, "V1"), ben.press(grid, "V2"))
    assert len({(await ben.reply(one))["id"] for one in varied}) == 2
    verbs = [event.verb for event in await hand.actions(job.id)]
    assert sorted(verbs) == [Verb.RATE, Verb.RATE, Verb.VARY, Verb.VARY]


async def test_buttons_outlive_their_bot(start_bot: BotStarter, ben: MemberClient, hand: EngineHand) -> None:
    """A bot that was started later answers the buttons of messages that another one posted."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        await hand.finish(await hand.only_job())
        grid = await ben.changed(waiting, is_grid)
        unfinished = await ben.reply(await ben.press(grid, "🔄"))
    async with start_bot():
        assert text_of(await ben.reply(await ben.press(grid, "😍"))).startswith("Rated 😍")
        await ben.press(grid, "U1")
        single = await ben.message(lambda item: "Image #1" in item["content"])
        assert "Variations by" in text_of(await ben.reply(await ben.press(single, "Vary (Strong)")))
        assert text_of(await ben.reply(await ben.press(unfinished, "Cancel"))) == "Cancelled."
        await ben.changed(unfinished, lambda item: "(Cancelled)" in item["content"])


async def test_what_the_models_cannot_do_is_refused_at_the_press(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """Neither job nor event is stored: for a variation, its re-roll, and any job of a model that is gone."""
    async with start_bot():
        grid = await finished(await ben.command("imagine", prompt="a cat --model tiny"), ben, hand)
        varied = await finished(await ben.press(grid, "V1"), ben, hand)
    before = len(await hand.jobs())
    tiny = ModelCapabilities(name="tiny", operations=(Operation.IMAGINE,))
    async with start_bot(limits=Limits(models=(tiny,), default_model="tiny")):
        for message, label in ((grid, "V2"), (varied, "V3"), (varied, "🔄")):
            refused = await ben.reply(await ben.press(message, label))
            assert text_of(refused).startswith("The model tiny does not support variations."), label
        assert len(await hand.jobs()) == before
        assert "Waiting to start" in text_of(await ben.reply(await ben.press(grid, "🔄")))
    async with start_bot(limits=Limits(models=(ModelCapabilities(name="other"),), default_model="other")):
        for message, label in ((grid, "V2"), (grid, "🔄")):
            refused = await ben.reply(await ben.press(message, label))
            assert text_of(refused) == 'Unknown model "tiny". Available: other.'
    assert len(await hand.jobs()) == before + 1
    assert [event.verb for event in await hand.actions((await hand.jobs())[0].id)] == [Verb.VARY, Verb.REROLL]


async def test_what_a_model_cannot_do_has_no_buttons(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """A grid of a model without variations has no V and its picture no Vary; of one that is gone, only U and faces."""
    tiny = ModelCapabilities(name="tiny", operations=(Operation.IMAGINE,))
    originals, faces_of_grid = ["U1", "U2", "U3", "U4"], [*[None] * 4, "⋯"]
    async with start_bot(limits=Limits(models=(tiny,), default_model="tiny")):
        waiting = await ben.reply(await ben.command("imagine", prompt="a cat --model tiny"))
        await hand.finish((await hand.jobs())[-1])
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 2)
        assert (labels(grid), faces(grid)[0]) == ([[*originals, None], faces_of_grid], "🔄")
        again = await ben.reply(await ben.press(grid, "🔄"))
        await ben.press(grid, "U2")
        single = await ben.message(lambda item: "Image #2" in item["content"])
        assert labels(single) == [[None, "⋯"], [None] * 5]
    async with start_bot(limits=Limits(models=(ModelCapabilities(name="other"),), default_model="other")):
        await hand.finish((await hand.jobs())[-1])
        grid = await ben.changed(again, lambda item: len(item["components"]) == 2)
        assert labels(grid) == [originals, faces_of_grid]


async def finished(asked: SentInteraction, member: MemberClient, hand: EngineHand) -> Message:
    """Return the grid of what was asked for, once the engine has finished it."""
    waiting = await member.reply(asked)
    await hand.finish((await hand.jobs())[-1])
    return await member.changed(waiting, is_grid)


async def test_two_members_press_at_once_and_both_count(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Two presses of one button in the same moment are two events and two answers."""
    grid, job, _ = await painted_grid()
    pressed = await asyncio.gather(ben.press(grid, "V1"), cleo.press(grid, "V1"))
    replies = await asyncio.gather(ben.reply(pressed[0]), cleo.reply(pressed[1]))
    assert len({reply["id"] for reply in replies}) == 2
    assert len(await hand.jobs()) == 3
    members = {event.member_id for event in await hand.actions(job.id)}
    assert len(members) == 2
