"""Galleries: members' votes, the list of the best, and the channel in which what enough members like is posted once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bot.replies import finding_replies, gallery_replies
from bot.replies.feedback_replies import ASK_DELETE, DELETED
from bot.server_panel.general import LANGUAGE_VERB
from bot.store.gallery.settings import Gallery
from bot.store.tables import DeliveryKind, deliveries
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.bot.buttons.test_opinions import single
from tests.bot.commands.test_search import EPHEMERAL, delivered_grids, prompts
from tests.bot.reading import Message, is_grid, text_of
from tests.bot.rows import until_closed, until_true

Grid = Callable[..., Any]
CHANNEL = "gallery"


async def gallery(member: MemberClient, /, *names: str, **options: Any) -> Message:
    """Return the answer to `/gallery`."""
    return await member.reply(await member.command("gallery", *names, **options))


async def name_channel(ada: MemberClient, threshold: int, **options: Any) -> str:
    return text_of(await gallery(ada, "channel", set=ada.channels[CHANNEL], threshold=threshold, **options))


async def vote(member: MemberClient, message: Message, face: str = "😍") -> None:
    await member.reply(await member.press(message, face))


async def until_counted(database: Database) -> None:
    """Return once every vote is counted."""
    await until_true(database, "SELECT NOT EXISTS (SELECT FROM gallery_votes WHERE due_at IS NOT NULL)")


def posts(member: MemberClient) -> list[Message]:
    """Return what the member sees in the gallery channel."""
    here = [item for item in member.messages.values() if item["channel_id"] == member.channels[CHANNEL]]
    return [item for item in here if not item["flags"] & EPHEMERAL]


async def test_the_best_are_those_that_most_members_like(
    painted_grid: Grid, ada: MemberClient, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """A member counts once for a picture and as long as they like it; the owner, and what nobody likes, never."""
    good, best, owned = await delivered_grids(painted_grid, database, "a good circle", "the best circle", "my circle")
    nothing = await gallery(cleo, "show", best="day")
    assert text_of(nothing) == str(gallery_replies.NOTHING_LIKED)
    await vote(ben, owned)
    await vote(cleo, good)
    await vote(cleo, await single(cleo, good, "U1"))
    await vote(ada, good, "☹️")
    for member in (ada, cleo):
        await vote(member, best, "🙂")
    await until_counted(database)
    for period in ("day", "all"):
        listed = await gallery(cleo, "show", best=period)
        assert prompts(listed) == ["the best circle", "a good circle"]
        assert [line.count("❤️ 2") for line in text_of(listed).splitlines()[1:]] == [1, 0]
    await vote(ada, best, "😖")
    await vote(cleo, best, "😖")
    await until_counted(database)
    assert prompts(await gallery(cleo, "show", best="week", model="fake")) == ["a good circle"]
    assert prompts(await gallery(cleo, "show")) == ["my circle", "the best circle", "a good circle"]
    assert text_of(await gallery(cleo, "show", model="other")) == str(finding_replies.NOTHING_FOUND)


async def test_what_enough_members_like_is_posted_once(
    painted_grid: Grid, ada: MemberClient, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """With whose it is, the way to its message and its buttons; its owner takes it down with the picture."""
    said = await name_channel(ada, 2)
    assert said == gallery_replies.channel_set(Gallery(channel_id=int(ada.channels[CHANNEL]), threshold=2))
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    for member in (ben, cleo):
        await vote(member, grid)
    await until_counted(database)
    assert posts(ada) == []
    await vote(ada, grid)
    await ada.until(lambda: any(map(is_grid, posts(ada))))
    (post,) = posts(ada)
    link = f"https://discord.com/channels/{ada.guild_id}/{grid['channel_id']}/{grid['id']}"
    assert text_of(post) == f"**a red circle** - <@{ben.id}>\n[Original message]({link})"
    for face in ("😖", "🙂"):
        await vote(ada, post, face)
    await until_counted(database)
    assert len(posts(ada)) == 1

    choices = await ben.reply(await ben.press(grid, "⋯"))
    await ben.press(choices, "Delete")
    asked = await ben.changed(choices, lambda item: item["content"] == str(ASK_DELETE))
    await ben.press(asked, "Delete for everybody")
    await ben.changed(choices, lambda item: item["content"] == str(DELETED))
    await ada.until(lambda: posts(ada) == [])
    await until_true(database, "SELECT state = 'gone' FROM deliveries WHERE kind = 'gallery'")
    changes = text_of(await ada.reply(await ada.command("server", "changes")))
    assert f"changed the gallery from nothing to <#{ada.channels[CHANNEL]}>, ❤️ 2, 👤" in changes


async def test_the_picture_that_members_like_is_posted_without_a_name(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """By itself, if they like it more than its grid; the guild may want no names."""
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    await name_channel(ada, 1, authors=False)
    await vote(cleo, await single(cleo, grid, "U3"))
    await ada.until(lambda: any(item["attachments"] for item in posts(ada)))
    (post,) = posts(ada)
    assert text_of(post).startswith("**a red circle**\n[Original message](")
    query = sa.select(deliveries.c.picture_id).where(deliveries.c.kind == DeliveryKind.GALLERY)
    async with database.begin() as connection:
        assert (await connection.execute(query)).scalar_one() is not None


async def test_a_post_is_in_the_language_of_the_server(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Nobody asks for it, so that there is no other."""
    panel = await ada.reply(await ada.command("server", "settings"))
    await ada.press(panel, f"e1:{LANGUAGE_VERB}:v1", ["de"])
    await until_true(database, "SELECT EXISTS (SELECT FROM guild_settings WHERE language = 'de')")
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    await name_channel(ada, 1)
    await vote(cleo, grid)
    await ada.until(lambda: any(map(is_grid, posts(ada))))
    assert "[Ursprüngliche Nachricht](" in text_of(posts(ada)[0])


async def test_what_not_everybody_may_see_stays_where_it_is(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, sandbox: Sandbox, database: Database
) -> None:
    """What is in a channel restricted by age, in direct messages or private is posted nowhere else."""
    await name_channel(ada, 1)
    grid, job, _ = await painted_grid("a circle after dark", channel="after-dark")
    await until_closed(database, job.id)
    await vote(cleo, grid)
    await until_counted(database)
    assert prompts(await gallery(cleo, "show", best="all")) == []
    seen = await gallery(cleo, "show", best="all", channel="after-dark")
    assert prompts(seen) == ["a circle after dark"]
    assert posts(ada) == []

    sandbox.deny(CHANNEL, Permissions.SEND_MESSAGES)
    assert "I can no longer post" in text_of(await gallery(ada, "channel"))
    open_grid, job, _ = await painted_grid("a circle")
    await until_closed(database, job.id)
    await vote(cleo, open_grid)
    await until_counted(database)
    async with database.begin() as connection:
        query = sa.select(sa.func.count()).where(deliveries.c.kind == DeliveryKind.GALLERY)
        assert (await connection.execute(query)).scalar_one() == 0


async def test_only_those_who_manage_the_server_set_its_gallery(
    bot: object, ada: MemberClient, cleo: MemberClient
) -> None:
    for options in ({"clear": True}, {"set": cleo.channels[CHANNEL]}, {}):
        assert text_of(await gallery(cleo, "channel", **options)) == str(gallery_replies.MANAGERS_ONLY)
    assert text_of(await gallery(cleo, "page", open=True)) == str(gallery_replies.MANAGERS_ONLY)
    for asked in ({}, {"threshold": 2}):
        assert text_of(await gallery(ada, "channel", **asked)) == str(gallery_replies.NO_CHANNEL)
    await name_channel(ada, 5, authors=False)
    assert "Pictures that 2 members like" in text_of(await gallery(ada, "channel", threshold=2))
    newest = text_of(await ada.reply(await ada.command("server", "changes"))).splitlines()[0]
    assert newest.endswith("changed the gallery from ❤️ 5 to ❤️ 2")
    assert text_of(await gallery(ada, "channel", clear=True)) == str(gallery_replies.CLEARED)
    assert text_of(await gallery(ada, "page", open=True)) == str(gallery_replies.NO_PUBLIC_URL)
    both = await gallery(ada, "channel", set=ada.channels[CHANNEL], clear=True)
    assert text_of(both) == str(gallery_replies.SET_AND_CLEAR)
