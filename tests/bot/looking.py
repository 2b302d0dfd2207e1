"""Every way in which one member could look for the work of another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import sqlalchemy as sa

from api.store.own_jobs import read_own_job, read_own_picture
from bot.buttons import BUTTONS
from bot.custom_ids import ButtonId, text_from_id
from bot.pages.gallery_html import file_name
from bot.pages.thumbnails import WIDTHS
from bot.store.gallery.pages import PublicGallery, read_newest, read_public
from bot.store.members import lock_members, read_publishing_ids, read_training_ids
from engine.contract.errors import EaselError
from engine.contract.jobs import Job
from engine.feedback.exports import FORMATS
from engine.feedback.exports.request import ExportRequest
from engine.feedback.store.summary import read_summary
from engine.store.database import Database
from engine.store.jobs import read_pictures
from engine.store.pending_jobs import read_pending_jobs
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.seed import CLEO
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.pages.test_gallery import LINK
from tests.bot.reading import text_of

HIDDEN, OPEN = "a hidden lighthouse", "an open lighthouse"


@dataclass(frozen=True, kw_only=True)
class Looking:
    """What the ways have: members who are not Ben, Ada being an administrator, and his private job that is painted.

    links: what he could copy of its message: the way to it, and where its pictures are.
    """

    ada: MemberClient
    cleo: MemberClient
    sandbox: Sandbox
    hand: EngineHand
    database: Database
    hidden: Job
    links: tuple[str, ...]
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


async def _use_menu_on_links(at: Looking) -> str:
    """Use every entry of the menu on a message of a member with what Ben has copied."""
    message = await at.cleo.say("\n".join(at.links))
    entries = ("Recipe", "Use as picture prompt", "Describe", "Report", "Delete mine")
    return " ".join([text_of(await at.cleo.reply(await at.cleo.on_message(entry, message))) for entry in entries])


async def _show_links(at: Looking) -> str:
    """Ask for what Ben has copied as if it were one's own."""
    return " ".join([await _said(at.cleo, "show", picture=link) for link in at.links])


async def _go_between(at: Looking) -> str:
    """Name the job, its message and its words as an end of a way."""
    ends = (str(at.hidden.id), at.links[0], "lighthouse")
    said = [await _said(at.cleo, "between", **{"from": end, "to": str(at.hidden.id)}) for end in ends]
    return " ".join([*said, await _said(at.ada, "imagine", prompt=f"--between {at.hidden.id} {at.links[0]}")])


async def _complete(at: Looking) -> str:
    """Let every option complete that offers something, for a member and for an administrator."""
    offered = list[str]()
    for member in (at.cleo, at.ada):
        for command, option, names, given in (
            ("show", "picture", (), {}),
            ("between", "from", (), {"to": "x"}),
            ("history", "model", (), {}),
            ("search", "model", (), {"words": "lighthouse"}),
            ("gallery", "model", ("show",), {}),
            ("prefer", "option", ("option", "remove"), {}),
            ("imagine", "model", (), {"prompt": "lighthouse"}),
        ):
            typed = ("", "hidden", str(at.hidden.id)[:8])
            offered += [str(await member.autocomplete(command, option, one, *names, **given)) for one in typed]
    return " ".join(offered)


async def _visit(at: Looking) -> str:
    """Open the web gallery of the server, and in it every address that the job could have."""
    found = LINK.search(await _said(at.ada, "gallery", "page", open=True))
    assert found
    async with at.database.begin() as connection:
        files = [file_name(picture, WIDTHS[0]) for picture in await read_pictures(connection, at.hidden.id)]
    below = ["", "?best=all", f"/{at.hidden.id}", *(f"/{at.hidden.id}/{file}" for file in files)]
    pages = []
    async with aiohttp.ClientSession() as web:
        for end in below:
            async with web.get(found[1] + end) as response:
                assert (response.status == 200) == (end in ("", "?best=all")), end
                pages.append(await response.text())
    return " ".join(pages)


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
    "web gallery": _visit,
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
    "menu on copied links": _use_menu_on_links,
    "show by copied links": _show_links,
    "between": _go_between,
    "autocomplete": _complete,
    "easel export release": lambda at: _export(at, "release"),
    "API": _read_by_api,
}
