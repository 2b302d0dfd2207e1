"""`/safety`: forbidden words are refused wherever words start a job, by whoever manages the server alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.commands.safety import safety
from bot.replies import safety_replies
from bot.store.guild_settings import read_words
from engine.safety.words import MAX_RULES
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient, RequestRefused
from tests.bot.reading import text_of

Grid = Callable[..., Any]


async def ask(member: MemberClient, *names: str, **options: str) -> str:
    """Return the answer to `/safety`."""
    return text_of(await member.reply(await member.command("safety", *names, **options)))


async def stored(database: Database, guild_id: str) -> tuple[str, ...]:
    """Return the forbidden words."""
    async with database.begin() as connection:
        return await read_words(connection, int(guild_id))


async def count_jobs(database: Database) -> int:
    async with database.begin() as connection:
        return int((await connection.execute(sa.text("SELECT count(*) FROM jobs"))).scalar_one())


async def test_a_forbidden_word_is_refused_until_it_is_allowed_again(
    bot: object, ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    """The member reads which word it is; what the picture must not show may be named."""
    said = await ask(ada, "words", "add", words="Gore, dead bod*")
    assert said == "Prompts in this server may no longer have `Gore`, `dead bod*`."
    assert await ask(ada, "words", "add", words="GORE") == str(safety_replies.NOTHING_ADDED)
    refused = text_of(await ben.reply(await ben.command("imagine", prompt="a red circle with góre --repeat 2")))
    assert refused == safety_replies.word_refused("Gore") and await count_jobs(database) == 0
    await ben.reply(await ben.command("imagine", prompt="a red circle --no gore"))
    assert await count_jobs(database) == 1
    assert "`dead bod*`, `Gore`" in await ask(ada, "words", "list")
    assert await ask(ada, "words", "test", prompt="two dead bodies") == safety_replies.would_be_refused("dead bod*")
    assert await ask(ada, "words", "test", prompt="a red circle") == safety_replies.allowed()
    assert await ask(ada, "words", "remove", word="gore") == "Prompts in this server may have `Gore` again."
    assert await ask(ada, "words", "remove", word="gore") == str(safety_replies.NOT_FORBIDDEN)
    await ben.reply(await ben.command("imagine", prompt="a red circle with gore"))
    assert await count_jobs(database) == 2


async def test_what_was_painted_elsewhere_is_not_shown_to_all(
    painted_grid: Grid, ada: MemberClient, ben: MemberClient
) -> None:
    """In a server that forbids a word of its prompt; its owner sees it in direct messages, where it is from."""
    _, job, _ = await painted_grid("a red circle with gore", channel="dm")
    await ask(ada, "words", "add", words="gore")
    refused = await ben.reply(await ben.command("show", picture=str(job.id)))
    assert text_of(refused) == safety_replies.word_refused("gore")
    shown = await ben.reply(await ben.command("show", picture=str(job.id), channel="dm"))
    assert (await ben.changed(shown, lambda item: bool(item["attachments"])))["content"]


async def test_a_button_is_refused_where_its_prompt_is(
    painted_grid: Grid, ada: MemberClient, database: Database
) -> None:
    """A word that was forbidden after the grid was painted; nothing is stored of the press."""
    grid, *_ = await painted_grid()
    word = "circle"
    assert await ask(ada, "words", "add", words=word)
    before = await count_jobs(database)
    refused = await ada.reply(await ada.press(grid, "🔄"))
    assert text_of(refused) == safety_replies.word_refused(word)
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM actions"))).scalar_one() == 0
    assert await count_jobs(database) == before


@pytest.mark.parametrize("text", ["*", "a*", "no*where", "!!!", ", ,"])
async def test_what_matches_everything_or_nothing_is_refused(
    bot: object, ada: MemberClient, database: Database, text: str
) -> None:
    said = await ask(ada, "words", "add", words=text)
    assert said == str(safety_replies.NOTHING_TO_ADD) if text == ", ," else said.endswith("Nothing has changed.")
    assert await stored(database, ada.guild_id) == ()


async def test_there_is_a_limit(bot: object, ada: MemberClient, database: Database) -> None:
    """A long list comes as a file."""
    words = [f"word number {number:03}" for number in range(MAX_RULES)]
    for start in range(0, MAX_RULES, 100):
        assert "more." in await ask(ada, "words", "add", words=", ".join(words[start : start + 100]))
    assert "one too many" in await ask(ada, "words", "add", words="another")
    assert len(await stored(database, ada.guild_id)) == MAX_RULES
    listed = await ada.reply(await ada.command("safety", "words", "list"))
    (file,) = listed["attachments"]
    assert text_of(listed) == safety_replies.rules_in_file(MAX_RULES)
    assert (await ada.file(file)).decode().split("\n") == words


async def test_words_are_offered_for_removal(bot: object, ada: MemberClient) -> None:
    await ask(ada, "words", "add", words="gore, blood, bloody mary")
    choices = await ada.autocomplete("safety", "word", "blo", "words", "remove")
    assert [choice["value"] for choice in choices] == ["blood", "bloody mary"]


async def test_members_who_do_not_manage_the_server_change_nothing(
    bot: object, ben: MemberClient, database: Database
) -> None:
    """Discord does not offer them the command."""
    assert safety.default_permissions is not None and safety.default_permissions.manage_guild
    with pytest.raises(RequestRefused):
        await ask(ben, "words", "add", words="gore")
    assert await stored(database, ben.guild_id) == ()
