"""`/between` and `--between`: results named by id, by link and by words, and those of others that nobody may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bot.replies import followup_replies, suggestion_replies
from engine.contract.jobs import Operation, Visibility
from engine.feedback.exports.publishable import why_unusable
from engine.feedback.exports.published import Withheld
from engine.feedback.store.published import read_sources
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, text_of
from tests.bot.rows import until_closed
from tests.bot.test_erasing import erase, until_erased

EPHEMERAL = 64
_PLAN = sa.text("""
    EXPLAIN SELECT id FROM jobs WHERE (spec -> 'parameters') ? 'between' AND spec #> '{parameters,between}' ? :id
""")


async def test_two_results_become_a_job_with_their_words(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """However they are named; a re-roll has other seeds, and a new place on the way the old ones."""
    grid, one, _ = await painted_grid("a red circle", seed="7")
    _, other, _ = await painted_grid("a blue square", seed="90")
    await until_closed(database, one.id)
    link = f"https://discord.com/channels/1/{grid['channel_id']}/{grid['id']}"
    waiting = await cleo.reply(await cleo.command("imagine", prompt=f"--between {link} {other.id} --at 0.3"))
    job = (await hand.jobs())[-1]
    assert job.spec.prompt == (
        f"a red circle::0.7 a blue square::0.3 --model fake --between {one.id} {other.id} --at 0.3"
    )
    assert (job.seed, job.visibility) == (7, Visibility.PUBLIC)
    assert [end.seeds for end in job.spec.ends] == [(7, 8, 9, 10), (90, 91, 92, 93)]

    await hand.finish(job)
    between = await cleo.changed(waiting, is_grid)
    await cleo.reply(await cleo.press(between, "🔄"))
    rerolled = (await hand.jobs())[-1]
    assert rerolled.spec.ends == job.spec.ends and rerolled.seed != job.seed
    await cleo.reply(await cleo.press(between, "V1"))
    varied = (await hand.jobs())[-1]
    assert varied.operation is Operation.VARY and varied.spec.ends == ()
    assert varied.spec.prompt == "a red circle::0.7 a blue square::0.3 --model fake"

    await cleo.reply(await cleo.command("prefer", "remix"))
    form = await cleo.modal(await cleo.press(between, "🔄"))
    await cleo.reply(await cleo.submit(form, prompt=job.spec.prompt.replace("--at 0.3", "--at 0.6")))
    remixed = (await hand.jobs())[-1]
    assert (remixed.seed, remixed.spec.parameters["at"]) == (7, 0.6)

    ends: dict[str, Any] = {"from": "red circle", "to": str(other.id), "at": 0.25}
    await ben.reply(await ben.command("between", **ends))
    named = (await hand.jobs())[-1]
    assert named.spec.ends == job.spec.ends and named.spec.parameters["at"] == 0.25


async def test_what_lies_between_is_erased_with_either_end(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Also from the second one, and what was painted from it; until then it is used for nothing but answering."""
    await cleo.reply(await cleo.command("imagine", prompt="a cat"))
    own = (await hand.jobs())[-1]
    await hand.finish(own)
    _, other, _ = await painted_grid("a dog")
    waiting = await cleo.reply(await cleo.command("imagine", prompt=f"--between {own.id} {other.id}"))
    job = (await hand.jobs())[-1]
    pictures = await hand.finish(job)
    between = await cleo.changed(waiting, is_grid)
    await cleo.reply(await cleo.press(between, "V1"))
    async with database.begin() as connection:
        source = (await read_sources(connection, [pictures[0].id]))[pictures[0].id]
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join((await connection.execute(_PLAN, {"id": str(other.id)})).scalars())
    assert why_unusable(source, source.authors) is Withheld.LINKED_PICTURE
    assert "jobs_between_idx" in plan
    await erase(ben)
    await until_erased(database)
    assert [one.id for one in await hand.jobs()] == [own.id]


async def test_results_of_others_are_found_where_they_are_seen(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Not what they have made in direct messages or where Discord asks for one's age, though their ids are known."""
    _, shown, _ = await painted_grid("a cat")
    direct, own, _ = await painted_grid("a secret dog", channel="dm")
    _, dark, _ = await painted_grid("a horse", channel="after-dark")
    link = f"https://discord.com/channels/@me/{direct['channel_id']}/{direct['id']}"
    for named in (link, str(own.id), str(dark.id)):
        refused = await cleo.reply(await cleo.command("between", **{"from": str(shown.id), "to": named}))
        assert "There is no finished grid" in text_of(refused), named
    known = len(await hand.jobs())
    await ben.reply(await ben.command("between", **{"from": str(shown.id), "to": link}))
    assert len(await hand.jobs()) == known + 1


async def test_what_is_told_together_is_private_together(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """A way from a private result among public jobs of the same prompt, whose message has its words."""
    _, shown, _ = await painted_grid("a cat")
    _, hidden, _ = await painted_grid("a secret dog --stealth")
    told = await ben.reply(await ben.command("imagine", prompt=f"{{a boat, --between {shown.id} {hidden.id}}}"))
    assert told["flags"] & EPHEMERAL and "a secret dog" in text_of(told)
    assert [job.visibility for job in (await hand.jobs())[2:]] == [Visibility.PRIVATE] * 2
    assert not [item for item in cleo.messages.values() if "secret" in text_of(item)]


async def test_what_starts_from_one_picture_or_words_takes_no_two_results(
    painted_grid: Callable[..., Any], ben: MemberClient, hand: EngineHand
) -> None:
    grid, one, _ = await painted_grid("a cat")
    _, other, _ = await painted_grid("a dog")
    await ben.reply(await ben.command("prefer", "remix"))
    form = await ben.modal(await ben.press(grid, "V1"))
    refused = await ben.reply(await ben.submit(form, prompt=f"--between {one.id} {other.id}"))
    assert str(followup_replies.FROM_ONE_PICTURE) in text_of(refused)
    for command in ("shorten", "animate"):
        refused = await ben.reply(await ben.command(command, prompt=f"--between {one.id} {other.id}"))
        assert str(suggestion_replies.NO_OWN_WORDS) in text_of(refused)
    assert len(await hand.jobs()) == 2


async def test_results_that_do_not_fit_are_told_and_private_ones_are_not_found(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """A way from one's own private result is private too."""
    _, one, _ = await painted_grid("a cat")
    _, wide, _ = await painted_grid("a dog --steps 9")
    told = await ben.reply(await ben.command("imagine", prompt=f"--between {one.id} {wide.id}"))
    assert "The two results were painted with different values of --steps." in text_of(told)

    await ben.reply(await ben.command("imagine", prompt="a horse --stealth"))
    private = (await hand.jobs())[-1]
    await hand.finish(private)
    known = len(await hand.jobs())
    for named in (private.id, "01900000-0000-7000-8000-000000000001", "https://discord.com/channels/1/2/3"):
        refused = await cleo.reply(await cleo.command("imagine", prompt=f"--between {one.id} {named}"))
        assert f"There is no finished grid {named}." in text_of(refused)
    assert len(await hand.jobs()) == known
    own = await ben.reply(await ben.command("imagine", prompt=f"--between {one.id} {private.id}"))
    assert own["flags"] & EPHEMERAL and (await hand.jobs())[-1].visibility is Visibility.PRIVATE
