"""One member's private work, looked for by others in every way there is, and not found.

Each way looks among a private job of Ben's and a public one; those that list find the public one, which shows that they
work. A command that is new has to be added: to WAYS if it can show jobs of others, else to ABOUT_NO_JOBS_OF_OTHERS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.store.own_jobs import read_own_job, read_own_picture
from bot.buttons import BUTTONS
from bot.commands import command_names
from bot.consent_text import CONSENT_VERSION
from bot.custom_ids import ButtonId, text_from_id
from bot.store.consents import ConsentChoice, store_choices
from bot.store.gallery.pages import PublicGallery, read_newest, read_public
from bot.store.members import lock_members, read_publishing_ids, read_training_ids
from engine.contract.errors import EaselError
from engine.contract.jobs import Job
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRequest
from engine.feedback.store.summary import read_summary
from engine.store.database import Database
from engine.store.pending_jobs import read_pending_jobs
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.seed import ADA, BEN, CLEO
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, text_of
from tests.bot.rows import until_closed

HIDDEN, OPEN = "a hidden lighthouse", "an open lighthouse"
_A_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Looking:
    """What the ways have: members who are not Ben, Ada being an administrator, and his private job that is painted."""

    ada: MemberClient
    cleo: MemberClient
    sandbox: Sandbox
    hand: EngineHand
    database: Database
    hidden: Job
    folder: Path


Way = Callable[[Looking], Awaitable[str]]


async def _said(member: MemberClient, command: str, *names: str, **options: Any) -> str:
    """Return what a command answers, with the names of its files."""
    answer = await member.reply(await member.command(command, *names, **options))
    return " ".join([text_of(answer), *(file["filename"] for file in answer["attachments"])])


async def _press_all(at: Looking) -> str:
    """Press every button there is of the job, in messages that name it."""
    ids = []
    for button in BUTTONS:
        for index in (None, 1):
            text = text_from_id(ButtonId(verb=button.verb, job_id=at.hidden.id, index=index, origin=None))
            if button.id_pattern.fullmatch(text):
                ids.append(text)
    known = len(await at.hand.jobs())
    channels = cycle(("studio", "gallery"))
    while ids:
        message = await post_buttons(at.sandbox, next(channels), ids[:25])
        await at.cleo.until(lambda wanted=message["id"]: at.cleo.messages.get(wanted))  # type: ignore[misc]
        # Some take the buttons off the message.
        while ids and ids[0] in str(at.cleo.messages.get(message["id"])):
            await at.cleo.outcome(await at.cleo.press(at.cleo.messages[message["id"]], ids.pop(0)))
    assert len(await at.hand.jobs()) == known
    said = [text_of(item) for item in at.cleo.messages.values()]
    return " ".join([*said, *(str(event.body) for event in at.cleo.events if event.kind == "MODAL")])


async def _use_menu(at: Looking) -> str:
    """Use every entry of the menu on a message whose buttons name the job."""
    named = text_from_id(ButtonId(verb="more", job_id=at.hidden.id, index=None, origin=None))
    forged = await post_buttons(at.sandbox, "studio", [named])
    message = await at.cleo.message(lambda item: item["id"] == forged["id"])
    return " ".join(
        [
            text_of(await at.cleo.reply(await at.cleo.on_message(entry, message)))
            for entry in ("Recipe", "Report", "Delete mine")
        ]
    )


async def _read_by_api(at: Looking) -> str:
    (cleo,) = await _member_ids(at, CLEO)
    told = []
    async with at.database.begin() as connection:
        picture_id = await connection.scalar(
            sa.text("SELECT id FROM pictures WHERE job_id = :id"), {"id": at.hidden.id}
        )
        for reading in (
            read_own_job(connection, cleo, at.hidden.id),
            read_own_picture(connection, cleo, picture_id),
        ):
            try:
                told.append(str(await reading))
            except EaselError as error:
                told.append(type(error).__name__)
    return " ".join(told)


async def _member_ids(at: Looking, *discord_ids: int) -> list[UUID]:
    async with at.database.begin() as connection:
        return [member.id for member in await lock_members(connection, list(discord_ids))]


async def _export(at: Looking, name: str) -> str:
    reads = read_training_ids if name == "raw" else read_publishing_ids
    files = at.folder / name
    wanted = ExportRequest(folder=files, read_publishers=reads, split_seed=1, report=lambda done, total: None)
    await FORMATS[name].export(at.database, at.hand.objects, wanted)
    return " ".join(path.read_bytes().decode("latin-1") for path in files.rglob("*") if path.is_file())


async def _read_statistics(at: Looking) -> str:
    async with at.database.begin() as connection:
        return str(await read_summary(connection, since=None))


async def _open_gallery(at: Looking) -> str:
    """Read what the public page of the server shows, and ask it for the job by its id."""
    async with at.database.begin() as connection:
        here = PublicGallery(connection=connection, channel_ids=(at.sandbox.channel("studio").id,))
        listed = await read_newest(here, None)
        named = await read_public(here, at.hidden.id)
    assert named is None
    return str(listed)


async def _list_pending(at: Looking) -> str:
    async with at.database.begin() as connection:
        return str(await read_pending_jobs(connection, 100))


LISTING: Mapping[str, Way] = {
    "search": lambda at: _said(at.cleo, "search", words="lighthouse", whose="server"),
    "search by an administrator": lambda at: _said(at.ada, "search", words="lighthouse", whose="server"),
    "gallery show": lambda at: _said(at.cleo, "gallery", "show"),
    "gallery show the best": lambda at: _said(at.cleo, "gallery", "show", best="all"),
    "rank": lambda at: _said(at.cleo, "rank"),
    "queue list": lambda at: _said(at.ada, "queue", "list"),
    "easel queue list": _list_pending,
    "gallery page": _open_gallery,
    "easel export raw": lambda at: _export(at, "raw"),
    "easel export diffusiondb": lambda at: _export(at, "diffusiondb"),
    "easel stats": _read_statistics,
}
"""Ways that find what is public."""

WAYS: Mapping[str, Way] = {
    **LISTING,
    "own search": lambda at: _said(at.cleo, "search", words="lighthouse"),
    "history": lambda at: _said(at.cleo, "history"),
    "show": lambda at: _said(at.cleo, "show", picture="lighthouse"),
    "show by its id": lambda at: _said(at.cleo, "show", picture=str(at.hidden.id), public=True),
    "show by an administrator": lambda at: _said(at.ada, "show", picture=str(at.hidden.id)),
    "queue quarantine": lambda at: _said(at.ada, "queue", "quarantine"),
    "queue cost": lambda at: _said(at.ada, "queue", "cost"),
    "safety cases": lambda at: _said(at.ada, "safety", "cases"),
    "info": lambda at: _said(at.cleo, "info"),
    "privacy": lambda at: _said(at.cleo, "privacy"),
    "every button": _press_all,
    "menu": _use_menu,
    "API": _read_by_api,
}

ABOUT_NO_JOBS_OF_OTHERS = frozenset(
    {
        *("imagine", "help", "blend", "interpolate", "describe", "shorten", "prefer remix", "consent server"),
        *("gallery channel", "export start", "export status", "server settings", "server changes"),
        *("queue pause", "queue resume", "queue drain", "apikey create", "apikey show", "apikey revoke"),
        *("safety words", "safety words add", "safety words remove", "safety words list", "safety words test"),
        *("safety channel", "safety members", "safety allow", "safety pictures"),
        *("plan list", "plan set", "plan remove", "plan role", "plan default"),
        *(
            "prefer option",
            "prefer option set",
            "prefer option list",
            "prefer option remove",
            "prefer suffix",
            "prefer auto_dm",
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
    return Looking(ada=ada, cleo=cleo, sandbox=sandbox, hand=hand, database=database, hidden=hidden, folder=tmp_path)


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
    assert not [item for item in looking.cleo.messages.values() if "hidden" in text_of(item)]
