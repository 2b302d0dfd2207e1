"""`easel announce`: says how many servers read it, and what became of it."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa

from bot.policy.announcements import MAX_TEXT
from easel.exit_codes import ExitCode
from engine.store.database import Database
from tests.easel.command import CommandResult, run_easel


async def test_an_announcement_goes_to_the_servers_that_want_it(
    home: Path, database_url: str, database: Database
) -> None:
    """Counted first, if asked for; nothing is kept for others, for nobody, or of a text that no message takes."""

    async def run(*words: str, typed: str | None = None) -> CommandResult:
        return await run_easel("announce", *words, home=home, typed=typed, DATABASE_URL=database_url)

    assert (await run("--list")).out == "Nothing has been announced yet.\n"
    nobody = await run("Hello")
    assert (nobody.code, nobody.out) == (ExitCode.REQUEST, "") and "No server wants announcements" in nobody.err
    assert (await run("Hello", "--dry-run")).out == "This would go to 0 servers.\n"
    async with database.begin() as connection:
        await connection.execute(
            sa.text("INSERT INTO guild_settings (guild_id, announcements) VALUES (1, 10), (2, NULL), (3, 30)")
        )
    assert json.loads((await run("Hello", "--dry-run", "--json")).out) == {"servers": 2, "dry_run": True}
    assert (await run("--list")).out == "Nothing has been announced yet.\n"
    assert (await run("x" * (MAX_TEXT + 1))).code == (await run(" ")).code == ExitCode.REQUEST
    assert (await run()).code == (await run("Hello", "--list")).code == ExitCode.USAGE

    done = await run("-", typed="Maintenance at\n8 o'clock\n")
    assert done.out.startswith("This goes to 2 servers, once in each;")
    (kept,) = json.loads((await run("--list", "--json")).out)
    assert (kept["text"], kept["num_waiting"], kept["num_posted"]) == ("Maintenance at\n8 o'clock", 2, 0)
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE announcement_posts SET state = 'refused' WHERE guild_id = 3"))
    listed = (await run("--list")).out
    assert "waiting for 1, refused by 1  Maintenance at 8 o'clock\n  The bot may not post in 3." in listed
    assert (await run("--list", "--quiet")).out == ""

    assert f"`easel announce --withdraw {kept['id']}` takes it back" in done.out and kept["id"] in listed
    unknown = await run("--withdraw", "17")
    assert (unknown.code, unknown.out) == (ExitCode.REQUEST, "") and 'No announcement has the id "17"' in unknown.err
    assert (await run("Hello", "--withdraw", kept["id"])).code == ExitCode.USAGE
    assert (await run("--withdraw", kept["id"])).out == "It is posted no more in 1 server.\n"
    again = json.loads((await run("--withdraw", kept["id"], "--json")).out)
    assert again == {"id": kept["id"], "is_new": False, "num_stopped": 0, "num_shown": 0}
    assert "withdrawn from 1, refused by 1  Maintenance" in (await run("--list")).out
