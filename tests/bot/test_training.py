"""`/train` and `/lora`: a member's own LoRA, from the form to the prompts of others, and what nobody else sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.replies import server_replies, training_replies
from bot.replies.ban_replies import restricted
from engine.contract.jobs import Job, Operation, Visibility
from engine.contract.training import ADAPTER_SUFFIX
from engine.prompt import Limits, ModelCapabilities
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.own_adapters import finish_adapter
from engine.store.transitions import cancel_job, finish_job, record_progress
from sandbox.chat.test_client import FileOption, MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_appeal import BANNED, ban
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, text_of
from tests.bot.test_erasing import erase, until_erased
from tests.engine.uploads.pictures import encoded, photo

MODEL = ModelCapabilities(name="starter", abilities=frozenset({"lora"}), operations=tuple(Operation))
OTHER = ModelCapabilities(name="other", abilities=frozenset({"lora"}), operations=(Operation.IMAGINE,))
LIMITS = Limits(models=(MODEL, OTHER), default_model="starter", adapters=("ink",))
BOTH = ("rights", "consent")


@pytest.fixture
async def bot(start_bot: BotStarter, sandbox: Sandbox) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that has a model, and fetches what members attach."""
    async with start_bot(limits=LIMITS, upload_origins=frozenset({sandbox.url})) as task:
        yield task


def files(number: int, *, side: int = 80) -> list[FileOption]:
    """Return so many pictures, each another."""
    return [FileOption(name=f"{at}.png", content=encoded(photo(side + at), "PNG")) for at in range(number)]


async def fill_in(member: MemberClient, pictures: Sequence[FileOption] = (), **fields: Any) -> Message:
    """Send the form of `/train`, and return the answer to it."""
    form = await member.modal(await member.command("train"))
    entered = {"trigger": "zorkle", "kind": "cat", "confirmed": BOTH, "pictures": pictures or files(3), **fields}
    return await member.reply(await member.submit(form, **entered))


async def said(member: MemberClient, *command: str, **options: Any) -> str:
    """Return the answer to a command."""
    return text_of(await member.reply(await member.command(*command, **options)))


async def trained(member: MemberClient, hand: EngineHand, name: str = "zorkle") -> Job:
    """Let the member train a LoRA, and the engine finish it."""
    known = {job.id for job in await hand.jobs()}
    waiting = await fill_in(member, trigger=name)
    await member.changed(waiting, lambda item: "Waiting to start" in text_of(item))
    (job,) = [job for job in await hand.jobs() if job.id not in known]
    await finish(hand, job)
    await member.message(lambda item: f"--lora {name}`" in text_of(item))
    return job


async def finish(hand: EngineHand, job: Job) -> str:
    """Finish a training as an engine does; return the key of its file."""
    await hand.start(job.id)
    key = await hand.objects.put(f"weights of {job.id}".encode(), ADAPTER_SUFFIX)
    shown = await hand.objects.put(b"trained", ".txt")
    async with hand.database.begin() as connection:
        assert await finish_job(connection, job.id, [], shown, "text/plain")
        await finish_adapter(connection, job.id, key)
    return key


async def test_a_training_is_one_private_job_behind_all_others(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its message says how far it is and how long the rest takes, and at last how to use what it made."""
    waiting = await fill_in(ben, files(4), more=files(2, side=120), trigger="Zorkle", kind=" Tabby  CAT ")
    shown = await ben.changed(waiting, lambda item: "Waiting to start" in text_of(item))
    assert shown["flags"] & 64
    job = await hand.only_job()
    assert (job.operation, job.visibility, len(job.image_keys)) == (Operation.TRAIN, Visibility.PRIVATE, 6)
    assert [part.text for part in job.spec.parts] == ["zorkle tabby cat", "tabby cat"]
    assert dict(job.spec.parameters) == {"model": "starter"} and list(job.spec.adapters) == ["zorkle"]
    async with database.begin() as connection:
        turn = (await connection.execute(sa.text("SELECT turn FROM jobs"))).scalar_one()
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    async with database.begin() as connection:
        assert turn > (await connection.execute(sa.text("SELECT min(turn) FROM jobs"))).scalar_one() + 1_000_000

    await hand.start(job.id)
    async with database.begin() as connection:
        await record_progress(connection, job.id, 0.4, None, left=timedelta(minutes=3, seconds=5))
    running = await ben.changed(waiting, lambda item: "left" in text_of(item))
    assert "40%, 3 min left" in text_of(running) or "40%, 2 min left" in text_of(running)
    assert "is being trained" in await said(ben, "lora", "list")
    assert "has not ended yet" in text_of(await fill_in(ben, trigger="blorp"))


async def test_a_plan_allows_so_many_trainings_a_month(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    """One that has finished counts, one that was cancelled does not, and what is left is told."""
    await said(ada, "plan", "set", plan="gold", trainings="1")
    await said(ada, "plan", "default", plan="gold")
    assert "1 training a month" in await said(ada, "plan", "list")
    assert "no number of trainings" in await said(ada, "plan", "set", plan="gold", trainings="few")
    shown = await ben.changed(await fill_in(ben), lambda item: "Waiting to start" in text_of(item))
    await ben.press(shown, "Cancel")
    await ben.changed(shown, lambda item: "Cancelled" in text_of(item))
    assert "**Trainings this month**: 0 of 1." in await said(ben, "info")
    await trained(ben, hand)
    # The job is settled by the next press.
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    assert "**Trainings this month**: 1 of 1." in await said(ben, "info")
    refused = text_of(await fill_in(ben, trigger="blorp"))
    assert "allows 1 training a month, which you have had. You can train again <t:" in refused


async def test_only_whoever_may_use_it_sees_that_there_is_one(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its owner; everybody in the guild while it is shared; for others it is as if there was none, old buttons too.

    Who is banned there shares nothing.
    """
    job = await trained(ben, hand)
    adapter_id = job.spec.adapters["zorkle"]
    assert "only you" in await said(ben, "lora", "list")
    assert await said(cleo, "lora", "list") == str(training_replies.NONE)
    nowhere = await said(cleo, "imagine", prompt="a cat --lora grmble")
    assert await said(cleo, "imagine", prompt="a cat --lora zorkle") == nowhere.replace("grmble", "zorkle")
    assert await cleo.autocomplete("lora", "lora", "", "share") == []
    assert "no trained LoRA" in await said(cleo, "lora", "delete", lora="zorkle")

    known = len(await hand.jobs())
    assert "--lora zorkle:0.5" in await said(ben, "prefer", "suffix", new_value="--lora zorkle:0.5")
    assert "now ends with" not in await said(cleo, "prefer", "suffix", new_value="--lora zorkle")
    assert "Nothing is added" in await said(ben, "prefer", "suffix")
    waiting = await ben.reply(await ben.command("imagine", prompt="a zorkle cat --lora zorkle:0.8"))
    painted = (await hand.jobs())[-1]
    assert dict(painted.spec.adapters) == {"zorkle": adapter_id} and len(await hand.jobs()) == known + 1
    await hand.finish(painted)
    grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
    refusal = text_of(await cleo.reply(await cleo.press(grid, "🔄")))
    assert "--lora zorkle" in refusal and len(await hand.jobs()) == known + 1
    await ben.reply(await ben.press(grid, "🔄"))
    assert dict((await hand.jobs())[-1].spec.adapters) == {"zorkle": adapter_id}

    assert "Everybody in this server" in await said(ben, "lora", "share", lora="zorkle")
    assert "shared in this server" in await said(ben, "lora", "list")
    await cleo.reply(await cleo.command("imagine", prompt="a dog --lora zorkle"))
    assert dict((await hand.jobs())[-1].spec.adapters) == {"zorkle": adapter_id}
    await cleo.reply(await cleo.press(grid, "V1"))
    assert (await hand.jobs())[-1].operation is Operation.VARY
    elsewhere = await said(cleo, "imagine", prompt="a dog --lora zorkle", channel="dm")
    assert "zorkle" in elsewhere and "Waiting" not in elsewhere
    assert "Only you can use" in await said(ben, "lora", "unshare", lora="zorkle")
    assert await said(ben, "lora", "unshare", lora="zorkle") == str(training_replies.NOT_SHARED)
    await ban(ben, database)
    assert (await said(ben, "lora", "share", lora="zorkle")).startswith(restricted(BANNED))
    assert await said(cleo, "imagine", prompt="a cat --lora zorkle") == nowhere.replace("grmble", "zorkle")


async def test_it_is_renamed_and_deleted_by_its_owner(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Names are unique for each member and where they are shared; the service's are taken."""
    await trained(ben, hand)
    await trained(cleo, hand)
    await said(ben, "lora", "share", lora="zorkle")
    assert "already" in await said(cleo, "lora", "share", lora="zorkle")
    assert "already" in await said(ben, "lora", "rename", lora="zorkle", new_name="ink")
    assert "hyphens" in await said(ben, "lora", "rename", lora="zorkle", new_name="two words")
    assert "is called **my-cat**" in await said(ben, "lora", "rename", lora="zorkle", new_name="My-Cat")
    assert "it is for model starter" in await said(ben, "imagine", prompt="a cat --lora my-cat --model other")
    choices = await ben.autocomplete("lora", "lora", "my", "delete")
    assert [one["value"] for one in choices] == ["my-cat"]
    await cleo.reply(await cleo.command("imagine", prompt="a cat --lora my-cat"))
    assert list((await hand.jobs())[-1].spec.adapters) == ["my-cat"]
    assert "Everybody in this server" in await said(cleo, "lora", "share", lora="zorkle")
    assert "already" in await said(ben, "lora", "rename", lora="my-cat", new_name="zorkle")
    assert "is deleted" in await said(ben, "lora", "delete", lora="my-cat")
    assert await said(ben, "lora", "list") == str(training_replies.NONE)
    assert "my-cat" in await said(cleo, "imagine", prompt="a cat --lora my-cat")
    async with database.begin() as connection:
        shares = (await connection.execute(sa.text("SELECT name FROM adapter_shares"))).scalars().all()
    assert shares == ["zorkle"]


async def test_a_guild_may_forbid_to_share(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """What is shared already cannot be used meanwhile, but by its owner."""
    await trained(ben, hand)
    await said(ben, "lora", "share", lora="zorkle")
    panel = await ada.reply(await ada.command("server", "settings"))
    await ada.press(panel, "e1:serversharing:v1")
    await ada.changed(panel, lambda item: str(server_replies.NOT_SHARING) in str(item))
    assert "zorkle" in await said(cleo, "imagine", prompt="a cat --lora zorkle")
    assert "do not let members share" in await said(ben, "lora", "share", lora="zorkle")
    known = len(await hand.jobs())
    await ben.reply(await ben.command("imagine", prompt="a cat --lora zorkle"))
    assert len(await hand.jobs()) == known + 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"trigger": "cat"}, "means something already"),
        ({"trigger": "Dogs"}, "means something already"),
        ({"trigger": "starter"}, "means something already"),
        ({"trigger": "--no"}, "one word of 3 to 16 letters"),
        ({"trigger": "zor::2"}, "one word of 3 to 16 letters"),
        ({"trigger": "ink"}, "already"),
        ({"kind": "a very long kind of thing"}, "one to three words"),
        ({"kind": "zorkle cat"}, "one to three words"),
        ({"kind": "cat --no dog"}, "one to three words"),
        ({"pictures": files(10), "more": [*files(10, side=120)[:9], *files(2, side=200)]}, None),
        ({"pictures": [*files(3)[:2], files(3)[0]]}, "You gave 2 pictures"),
        ({"pictures": [*files(2), FileOption(name="c.png", content=b"no picture")]}, "not a picture"),
        ({"pictures": [*files(2), *files(1, side=40)]}, "smaller than 64 x 64"),
    ],
)
async def test_what_cannot_be_trained_is_refused_and_leaves_nothing(
    bot: asyncio.Task[None],
    ben: MemberClient,
    hand: EngineHand,
    database: Database,
    objects: Objects,
    fields: dict[str, Any],
    sentence: str | None,
) -> None:
    """Neither a job nor a picture."""
    if sentence is None:
        with pytest.raises(Exception, match="takes"):
            await fill_in(ben, **fields)
        return
    told = await fill_in(ben, **fields)
    await ben.changed(told, lambda item: sentence in text_of(item))
    assert await hand.jobs() == []
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM uploads"))).scalar_one() == 0
        assert (await connection.execute(sa.text("SELECT count(*) FROM own_adapters"))).scalar_one() == 0


async def test_a_cancelled_training_frees_its_name_and_an_erasure_takes_all(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database, objects: Objects
) -> None:
    """The rows of adapters and their files; a member has at most five."""
    waiting = await fill_in(ben)
    shown = await ben.changed(waiting, lambda item: "Waiting to start" in text_of(item))
    await ben.press(shown, "Cancel")
    await ben.changed(waiting, lambda item: "Cancelled" in text_of(item))
    names = ("zorkle", "blorp", "quux", "frobble", "snarf")
    made = [await trained(ben, hand, name) for name in names]
    assert "as many as you may have" in text_of(await fill_in(ben, trigger="sixth"))
    async with database.begin() as connection:
        keys = (await connection.execute(sa.text("SELECT object_key FROM own_adapters"))).scalars().all()
    assert len(await objects.find(keys)) == len(made) == 5
    await erase(ben)
    await until_erased(database)
    assert not await objects.find(keys)
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM own_adapters"))).scalar_one() == 0
        assert not await cancel_job(connection, made[0].id)
