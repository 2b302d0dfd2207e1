"""What moderators decide about a case: once, if they may, and with everything that it means for the member."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.policy.cases import AboutYourself, BannedAlready, CaseUnknown, NothingToRemove
from bot.policy.removals import DeletedByOwner, PictureRemoved, Removals, check_shown
from bot.policy.restrictions import GuildRestriction, RestrictionKind
from bot.replies import finding_replies, moderation_replies, reply_for
from bot.replies.ban_replies import restricted
from bot.store.batch import run_alone
from bot.store.moderation.cases import DiscordPlace, Report, add_reports, read_cases
from bot.store.moderation.members import MemberInGuild, allow_member, find_restrictions
from bot.store.moderation.posting import read_result_places
from bot.store.moderation.rulings import RulingWish, decide
from bot.store.moderation.tables import Decision, guild_restrictions, moderation_cases
from bot.store.submissions import submit_drafts
from bot.store.tables import deliveries
from engine.contract.feedback import ReportReason, Verb
from engine.contract.ids import new_id
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.roles import give_roles
from sandbox.state.seed import DORA, GUILD_ID
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, labels, text_of
from tests.bot.store.test_button_actions import DRAFT, US, press
from tests.bot.test_erasing import erase, until_erased
from tests.bot.test_moderation import is_case, report, safety, set_channel

Grid = Callable[..., Any]
BANNED = GuildRestriction(kind=RestrictionKind.BAN, reason="Spam", until=None)


@pytest.fixture
def reported(painted_grid: Grid, ada: MemberClient, cleo: MemberClient) -> Callable[..., Any]:
    """Return what lets Cleo report a picture of a new grid of Ben's: its case, the grid and its job."""

    async def report_one(which: str = "1") -> tuple[Message, Message, Any]:
        await set_channel(ada)
        grid, job, _ = await painted_grid()
        await report(cleo, grid, which, "violent")
        return await ada.message(is_case), grid, job

    return report_one


async def said(member: MemberClient, case: Message, button: str) -> str:
    """Return the answer to a press."""
    return text_of(await member.reply(await member.press(case, button)))


async def found_by(member: MemberClient) -> str:
    """Return what the member finds in the server."""
    return text_of(await member.reply(await member.command("search", words="circle", whose="server")))


async def test_what_is_kept_stays(reported: Callable[..., Any], ada: MemberClient, cleo: MemberClient) -> None:
    """The message says who decided and has no buttons any more; what was reported is found again."""
    case, grid, _ = await reported()
    assert await found_by(cleo) == str(finding_replies.NOTHING_FOUND)
    assert labels(case) == [["Keep", "Remove", "Time out…", "Ban…"]]
    assert (await said(ada, case, "Keep")).startswith(f"**Kept** by <@{ada.id}>")
    closed = await ada.changed(case, lambda item: not item["components"])
    assert f"**Kept** by <@{ada.id}>" in text_of(closed) and len(closed["attachments"]) == 1
    assert grid["id"] in ada.messages
    assert "Violence or gore" in await safety(ada, "cases") and "**Kept**" in await safety(ada, "cases")
    assert "a red circle" in await found_by(cleo)


async def test_what_is_removed_goes_everywhere_in_the_server(
    reported: Callable[..., Any], ada: MemberClient, ben: MemberClient, hand: EngineHand, sandbox: Sandbox
) -> None:
    """The grid, and the picture that was posted by itself, for good; the moderators' message loses it as well."""
    case, grid, job = await reported()
    await ben.press(grid, "U1")
    single = await ben.message(lambda item: "Image #1" in text_of(item) and not is_case(item))
    assert (await said(ada, case, "Remove")).startswith("**Removed**")
    await ada.until(lambda: not {grid["id"], single["id"]} & set(ada.messages))
    await ada.changed(case, lambda item: not item["attachments"] and not item["components"])
    *_, removal = await hand.actions(job.id)
    assert (removal.verb, removal.slot, removal.is_owner) == (Verb.DELETE, 0, False)
    assert removal.message_id == int(grid["id"])
    refusal = reply_for(PictureRemoved())
    assert text_of(await ben.reply(await ben.command("show", picture=str(job.id)))) == refusal
    in_dm = await ben.reply(await ben.command("show", picture=str(job.id), channel="dm"))
    in_dm = await ben.changed(in_dm, lambda item: bool(item["attachments"]))
    verbs = ("up:{}:1", "vary:{}:1", "save:{}", "region:{}:1", "up:{}:2")
    again = await post_buttons(sandbox, "studio", [f"e1:{verb.format(job.id)}" for verb in verbs])
    for button in ("B0", "B1", "B2", "B3"):
        assert text_of(await ben.reply(await ben.press(again, button))) == refusal
    await ben.press(again, "B4")
    await ben.message(lambda item: "Image #2" in text_of(item))


async def test_a_message_that_is_being_posted_is_waited_for(database: Database) -> None:
    """Its id is not known yet, so that it could not be deleted."""
    context = replace(press(1), guild_id=1)
    async with database.begin() as connection:
        (submitted,) = await run_alone(connection, submit_drafts(context, [DRAFT], US))
        job, place = submitted.job, DiscordPlace(channel_id=77, message_id=5)
        report = Report(
            guild_id=1, member_id=job.member_id, job_id=job.id, slot=0, place=place, reason=ReportReason.OTHER
        )
        await add_reports(connection, [report])
        case_id = (await connection.execute(sa.select(moderation_cases.c.id))).scalar_one()
        (case,) = await read_cases(connection, [case_id])
        assert case is not None
        assert await read_result_places(connection, case) == ([place], True)
        await connection.execute(sa.update(deliveries).values(message_id=6))
        posted = DiscordPlace(channel_id=77, message_id=6)
        assert await read_result_places(connection, case) == ([posted, place], False)


async def test_of_two_moderators_one_decides(
    reported: Callable[..., Any], ada: MemberClient, dora: MemberClient, database: Database
) -> None:
    """The other one reads how it was decided, and by whom; nothing is done twice."""
    case, *_ = await reported()
    both = await asyncio.gather(said(ada, case, "Keep"), said(dora, case, "Remove"))
    assert sum(one.startswith("This was decided before you pressed: **") for one in both) == 1
    async with database.begin() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(moderation_cases))).scalar_one() == 1


async def test_a_timed_out_member_starts_nothing_there(
    reported: Callable[..., Any], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Neither by a command nor a button, nor do they vote, until it ends; elsewhere, nothing has changed."""
    case, grid, _ = await reported()
    form = await ada.modal(await ada.press(case, "Time out…"))
    answered = await ada.submit(form, "gallery", lasts="day", reason="Read the rules", picture="keep")
    assert text_of(await ada.reply(answered)).startswith("**Timed out until")
    async with database.begin() as connection:
        row = (await connection.execute(sa.select(guild_restrictions))).one()
    told = restricted(GuildRestriction(kind=RestrictionKind.TIME_OUT, reason="Read the rules", until=row.until))
    num_jobs = len(await hand.jobs())
    assert text_of(await ben.reply(await ben.command("imagine", prompt="a cat"))) == told
    for label in ("🔄", "U1", "V1", "😍", "⋯"):
        assert text_of(await ben.reply(await ben.press(grid, label))) == told, label
    assert text_of(await ben.reply(await ben.command("rank"))) == told
    assert len(await hand.jobs()) == num_jobs
    await ben.reply(await ben.command("imagine", prompt="a cat", channel="dm"))
    assert len(await hand.jobs()) == num_jobs + 1
    listed = await safety(ada, "members")
    assert listed.startswith(f"- <@{ben.id}>: timed out until") and f"by <@{ada.id}>" in listed
    async with database.begin() as connection:
        await connection.execute(sa.update(guild_restrictions).values(until=sa.func.now()))
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    assert len(await hand.jobs()) == num_jobs + 2


async def test_a_ban_is_ended_by_a_moderator_and_not_by_an_erasure(
    reported: Callable[..., Any], ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    case, grid, _ = await reported()
    form = await ada.modal(await ada.press(case, "Ban…"))
    await ada.reply(await ada.submit(form, "gallery", reason="Spam", picture="remove"))
    await ada.until(lambda: grid["id"] not in ada.messages)
    await erase(ben)
    await until_erased(database)
    assert text_of(await ben.reply(await ben.command("imagine", prompt="a cat"))) == restricted(BANNED)
    assert f"- <@{ben.id}>: banned, by <@{ada.id}>" in await safety(ada, "members")
    assert await safety(ada, "allow", member=ben.id) == moderation_replies.allowed(int(ben.id))
    assert await safety(ada, "allow", member=ben.id) == str(moderation_replies.NOT_RESTRICTED)
    assert await safety(ada, "members") == str(moderation_replies.NOBODY_RESTRICTED)
    allowed, banned = (await safety(ada, "cases")).splitlines()
    assert allowed.startswith(f"- <@{ben.id}>. **Allowed again** by <@{ada.id}>")
    assert banned.startswith("- someone who was erased") and "**Banned, picture removed** by" in banned
    assert "Waiting" in text_of(await ben.reply(await ben.command("imagine", prompt="a cat")))


async def test_members_decide_nothing(reported: Callable[..., Any], cleo: MemberClient, ada: MemberClient) -> None:
    """Discord says with each press what the member may do."""
    await reported()
    case = await cleo.message(is_case)
    for decision, button in zip(Decision, ("Keep", "Remove", "Time out…", "Ban…"), strict=False):
        assert await said(cleo, case, button) == moderation_replies.not_allowed(decision)
    assert labels(ada.messages[case["id"]])[0]


async def test_who_is_no_moderator_any_more_decides_nothing(
    reported: Callable[..., Any], sandbox: Sandbox, dora: MemberClient, database: Database
) -> None:
    """Not even by a form that was open before."""
    await reported()
    case = await dora.message(is_case)
    form = await dora.modal(await dora.press(case, "Ban…"))
    give_roles(sandbox.world, GUILD_ID, DORA, ())
    refused = await dora.reply(await dora.submit(form, "gallery", reason="Spam", picture="remove"))
    assert text_of(refused) == moderation_replies.not_allowed(Decision.BAN)
    assert await said(dora, case, "Keep") == moderation_replies.not_allowed(Decision.KEEP)
    async with database.begin() as connection:
        assert (await connection.execute(sa.select(moderation_cases.c.decision))).scalar_one() is None
        assert not (await connection.execute(sa.select(guild_restrictions))).all()


async def test_nobody_decides_about_themselves(
    bot: object, ada: MemberClient, cleo: MemberClient, dora: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Administrators may: whoever gives the permissions could give them to somebody else as well."""
    await set_channel(ada)
    waiting = await dora.reply(await dora.command("imagine", prompt="a red circle"))
    await hand.finish(await hand.only_job())
    await report(cleo, await dora.changed(waiting, is_grid), "1", "violent")
    case = await dora.message(is_case)
    assert await said(dora, case, "Keep") == reply_for(AboutYourself())
    herself = replace(press(5), guild_id=int(dora.guild_id), discord_id=int(dora.id))
    async with database.begin() as connection:
        with pytest.raises(AboutYourself):
            await allow_member(connection, herself, int(dora.id), may_end_bans=True)
        administrator = replace(herself, is_administrator=True)
        assert not await allow_member(connection, administrator, int(dora.id), may_end_bans=True)
    assert (await said(ada, case, "Keep")).startswith("**Kept**")


async def test_a_second_time_out_ends_no_sooner(reported: Callable[..., Any], database: Database) -> None:
    await reported()
    async with database.begin() as connection:
        row = (await connection.execute(sa.select(moderation_cases))).one()
        held = {"guild_id": row.guild_id, "member_id": row.member_id, "kind": "time_out", "reason": "Spam"}
        until = press(77).at + 2 * moderation_replies.DURATIONS["day"][1]
        await connection.execute(sa.insert(guild_restrictions).values(**held, until=until))
        context = replace(press(77), guild_id=row.guild_id)
        wish = RulingWish(decision=Decision.TIME_OUT, reason="-", lasts=moderation_replies.DURATIONS["hour"][1])
        decided = await run_alone(connection, decide(context, row.id, wish))
        assert decided.ruling.until == until
        assert (await connection.execute(sa.select(guild_restrictions.c.until))).scalar_one() == until


async def test_what_cannot_be_decided_is_refused(
    reported: Callable[..., Any], ada: MemberClient, database: Database
) -> None:
    """In another server, about something that is gone, or a time out of somebody who is banned."""
    await reported()

    async def refused(guild_id: int, wish: RulingWish) -> type[Exception]:
        context = replace(press(77), guild_id=guild_id)
        with pytest.raises((CaseUnknown, NothingToRemove, BannedAlready)) as caught:
            async with database.begin() as connection:
                await run_alone(connection, decide(context, case_id, wish))
        assert len(reply_for(caught.value)) > 20
        return caught.type

    async with database.begin() as connection:
        row = (await connection.execute(sa.select(moderation_cases))).one()
        case_id, here = row.id, row.guild_id
        await connection.execute(
            sa.insert(guild_restrictions).values(guild_id=here, member_id=row.member_id, kind="ban", reason="Spam")
        )
        of = [MemberInGuild(guild_id=guild, member_id=row.member_id) for guild in (here, None, here + 1)]
        found = await find_restrictions(connection, of)
    assert [one and one.kind for one in found] == [RestrictionKind.BAN, None, None]
    assert await refused(here + 1, RulingWish(decision=Decision.KEEP)) is CaseUnknown
    time_out = RulingWish(decision=Decision.TIME_OUT, reason="-", lasts=moderation_replies.DURATIONS["day"][1])
    assert await refused(here, time_out) is BannedAlready
    async with database.begin() as connection:
        await connection.execute(sa.update(moderation_cases).values(job_id=new_id()))
    assert await refused(here, RulingWish(decision=Decision.REMOVE, removes=True)) is NothingToRemove


def test_what_its_owner_has_deleted_they_alone_bring_back() -> None:
    """One picture of a grid, which leaves the others, or the whole; what moderators have removed nobody does."""
    deleted = Removals(by_owner=frozenset({1}))
    check_shown(deleted, [0], is_owner=False)
    check_shown(deleted, [1], is_owner=True)
    for removals in (deleted, Removals(by_owner=frozenset({None}))):
        with pytest.raises(DeletedByOwner):
            check_shown(removals, [1], is_owner=False)
    for slots in ({1}, {None}):
        with pytest.raises(PictureRemoved):
            check_shown(Removals(by_moderators=frozenset(slots)), [0, 1], is_owner=True)
