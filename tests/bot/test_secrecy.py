"""One member's private work, looked for by others in every way there is, and not found.

Each way looks among a private job of Ben's and a public one; those that list find the public one, which shows that they
work. A command that is new has to be added: to WAYS if it can show jobs of others, else to ABOUT_NO_JOBS_OF_OTHERS.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.commands import command_names
from bot.consent_text import CONSENT_VERSION
from bot.store.consents import ConsentChoice, store_choices
from bot.store.members import lock_members
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.seed import ADA, BEN, CLEO
from tests.bot.conftest import BotStarter, started_with_pages
from tests.bot.engine_hand import EngineHand
from tests.bot.looking import HIDDEN, LISTING, OPEN, WAYS, Looking
from tests.bot.reading import is_grid, text_of
from tests.bot.rows import until_closed

_A_DAY = datetime(2026, 1, 1, tzinfo=UTC)

ABOUT_NO_JOBS_OF_OTHERS = frozenset(
    {
        *(
            "imagine",
            "help",
            "blend",
            "interpolate",
            "animate",
            "describe",
            "shorten",
            "prefer remix",
            "consent server",
        ),
        *("gallery channel", "export start", "export status", "server settings", "server changes"),
        *("queue pause", "queue resume", "queue drain", "apikey create", "apikey show", "apikey revoke"),
        *("safety words", "safety words add", "safety words remove", "safety words list", "safety words test"),
        *("safety channel", "safety members", "safety allow", "safety pictures"),
        *("plan list", "plan set", "plan remove", "plan role", "plan default"),
        *("train", "lora list", "lora rename", "lora share", "lora unshare", "lora delete"),
        *(
            "prefer option",
            "prefer option set",
            "prefer option list",
            "prefer option remove",
            "prefer suffix",
            "prefer auto_dm",
            "prefer personal_style",
            "settings",
        ),
        *("Use as picture prompt", "Describe", "Recipe", "Report", "Delete mine"),
    }
)
"""What these export, erase and describe is looked for by itself above."""


def test_every_command_is_looked_at() -> None:
    """A new one is a way, or is known to show no jobs of others."""
    assert {name for name in command_names() if name not in WAYS} == ABOUT_NO_JOBS_OF_OTHERS


@pytest.fixture
async def bot(start_bot: BotStarter) -> AsyncIterator[asyncio.Task[None]]:
    """A running bot with pages that strangers reach."""
    async with started_with_pages(start_bot) as task:
        yield task


@pytest.fixture
async def looking(
    bot: asyncio.Task[None],
    ada: MemberClient,
    ben: MemberClient,
    cleo: MemberClient,
    sandbox: Sandbox,
    hand: EngineHand,
    database: Database,
    tmp_path: Path,
) -> Looking:
    """Let everybody agree to everything, and Ben have both jobs painted, liked and painted once more."""
    async with database.begin() as connection:
        for number, member in enumerate(await lock_members(connection, [ADA, BEN, CLEO]), 1):
            choice = ConsentChoice(
                press_id=number,
                member_id=member.id,
                version=CONSENT_VERSION,
                may_train=True,
                may_publish=True,
                at=_A_DAY,
            )
            await store_choices(connection, [choice])
    for prompt in (OPEN, f"{HIDDEN} --stealth"):
        waiting = await ben.reply(await ben.command("imagine", prompt=prompt))
        job = (await hand.jobs())[-1]
        await hand.finish(job)
        grid = await ben.changed(waiting, is_grid)
        await until_closed(database, job.id)
        for button in ("😍", "U1", "🔄"):
            assert await ben.outcome(await ben.press(grid, button)) == "acknowledged"
        await until_closed(database, job.id, 2)
        if prompt == OPEN:
            await cleo.outcome(await cleo.press(grid, "😍"))
    hidden = next(job for job in await hand.jobs() if HIDDEN in job.spec.prompt)
    way = f"https://discord.com/channels/{grid['channel_id']}/{grid['id']}"
    return Looking(
        ada=ada,
        cleo=cleo,
        sandbox=sandbox,
        hand=hand,
        database=database,
        hidden=hidden,
        links=(way, grid["id"], grid["attachments"][0]["url"]),
        folder=tmp_path,
    )


async def test_nobody_else_finds_private_work(looking: Looking, capsys: pytest.CaptureFixture[str]) -> None:
    """In no way, and in no log."""
    found, missed = [], []
    for name, way in WAYS.items():
        seen = await way(looking)
        if "hidden" in seen:
            found.append(f"{name}: {seen}")
        if name in LISTING and "open" not in seen:
            missed.append(f"{name}: {seen}")
    assert (found, missed) == ([], [])
    assert "lighthouse" not in "".join(capsys.readouterr())
    looking.cleo.events.clear()
    said = [item for item in looking.cleo.messages.values() if item["author"].get("bot")]
    assert said and not [item for item in said if "hidden" in text_of(item)]
