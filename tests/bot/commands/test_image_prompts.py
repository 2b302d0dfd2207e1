"""Pictures in the prompt of `/imagine`: attached, linked and named."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import PurePath
from typing import Any

import pytest

from bot.replies import privacy_replies
from bot.replies.upload_replies import ENDS_DIVIDED, ENDS_WANTED
from engine.contract.jobs import Operation
from engine.store.database import Database
from engine.store.file_copies import key_from_bytes
from engine.store.objects import Objects
from engine.uploads.check import check_picture
from sandbox.chat.test_client import FileOption, MemberClient, SentInteraction
from sandbox.server import Sandbox
from tests.bot.commands.conftest import Pages
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, text_of
from tests.bot.test_erasing import erase, every_row, files_of, until_erased
from tests.bot.test_privacy import ask
from tests.engine.uploads.pictures import WHOLE, encoded, film, photo

EPHEMERAL = 64


@pytest.fixture
async def bot(start_bot: BotStarter, sandbox: Sandbox, pages: Pages) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that may fetch from the sandbox and from the pages."""
    async with start_bot(upload_origins=frozenset({sandbox.url, pages.origin})) as task:
        yield task


def key_of(content: bytes, name: str) -> str:
    """Return the key of what is stored of a file, after a look at its name in the prompt."""
    digest = hashlib.sha256(check_picture(content).png).hexdigest()
    assert name == f"picture:{digest[:16]}"
    return key_from_bytes(check_picture(content).png, ".png")


async def answered(member: MemberClient, pressed: SentInteraction) -> Message:
    """Return the answer, once it is there: fetching pictures may take a while, and all may see that."""
    thinking = await member.reply(pressed)
    return await member.changed(thinking, lambda item: "Waiting to start" in text_of(item))


async def test_attached_pictures_stand_before_the_words(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, objects: Objects
) -> None:
    """As names, by which whoever brought them has them again; a re-roll has them, and so has each job of a series."""
    first, second = WHOLE["photo.jpg"](), encoded(photo(40), "PNG")
    files: dict[str, Any] = {
        "image": FileOption(name="a.jpg", content=first),
        "image3": FileOption(name="b.png", content=second),
    }
    waiting = await answered(ben, await ben.command("imagine", prompt="a red circle --iw 2", **files))
    job = await hand.only_job()
    names = [image.url for image in job.spec.images]
    assert job.spec.prompt == f"{names[0]} {names[1]} a red circle --iw 2"
    assert text_of(waiting).startswith(f"**{job.spec.prompt}**")
    assert job.image_keys == (key_of(first, names[0]), key_of(second, names[1]))
    assert await objects.get(job.image_keys[0]) == check_picture(first).png

    await hand.finish(job)
    grid = await ben.changed(waiting, is_grid)
    await cleo.reply(await cleo.press(grid, "🔄"))
    rerolled = (await hand.jobs())[-1]
    assert (rerolled.spec.images, rerolled.image_keys) == (job.spec.images, job.image_keys)

    series = await ben.reply(await ben.command("imagine", prompt=f"{{two, three}} cats {names[1]}::2"))
    await ben.changed(series, lambda item: "2 grids" in text_of(item))
    assert [one.image_keys for one in (await hand.jobs())[-2:]] == [(job.image_keys[1],)] * 2
    pressed = await cleo.command("imagine", prompt=f"a cat {names[1]}")
    await cleo.message(lambda item: "You have brought no picture of this name." in text_of(item))
    assert len(await hand.jobs()) == 4 and pressed


async def test_a_link_is_fetched_and_stays_in_a_new_prompt(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, pages: Pages
) -> None:
    """It stands in the prompt as the member wrote it; with remix, only what is new in the form is fetched."""
    prompt = f"{pages.origin}/cat.png::3 a red circle"
    waiting = await answered(ben, await ben.command("imagine", prompt=prompt))
    job = await hand.only_job()
    assert (job.spec.prompt, len(job.image_keys)) == (prompt, 1)
    await hand.finish(job)
    grid = await ben.changed(waiting, is_grid)
    await ben.reply(await ben.command("prefer", "remix"))

    form = await ben.modal(await ben.press(grid, "🔄"))
    await answered(ben, await ben.submit(form, prompt=f"{pages.origin}/cat.png a blue square"))
    assert pages.fetched == ["/cat.png"]
    form = await ben.modal(await ben.press(grid, "V1"))
    both = f"{pages.origin}/cat.png {pages.origin}/dog.png a blue square"
    await answered(ben, await ben.submit(form, prompt=both))
    assert pages.fetched == ["/cat.png", "/dog.png"]
    remixed, varied = (await hand.jobs())[1:]
    assert remixed.image_keys == job.image_keys
    assert varied.image_keys == (*job.image_keys, *job.image_keys) and varied.operation is Operation.VARY

    await answered(ben, await ben.command("imagine", prompt=f"a boat --sref {pages.origin}/cat.png::2"))
    styled = (await hand.jobs())[-1]
    assert (styled.spec.images, styled.image_keys) == ((), job.image_keys)


async def test_a_blend_is_a_prompt_of_pictures_alone(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """Of two to five, in the shape that was chosen; it is re-rolled, and its refusals are told, as any prompt's."""
    files: dict[str, Any] = {
        f"image{number}": FileOption(name="a.png", content=encoded(photo(20 + number), "PNG")) for number in range(1, 6)
    }
    waiting = await answered(ben, await ben.command("blend", shape="3:2", **files))
    job = await hand.only_job()
    assert (job.spec.parts, len(job.image_keys)) == ((), 5)
    assert job.spec.prompt == " ".join(image.url for image in job.spec.images) + " --ar 3:2"
    await hand.finish(job)
    grid = await ben.changed(waiting, is_grid)
    await ben.reply(await ben.press(grid, "🔄"))
    assert (await hand.jobs())[-1].image_keys == job.image_keys
    files["image5"] = FileOption(name="a.gif", content=film("GIF"))
    told = await ben.reply(await ben.command("blend", **files))
    assert "In the option image5:" in text_of(told) and "animated" in text_of(told)


async def test_an_interpolation_has_two_ends(bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand) -> None:
    """Two prompts, or two pictures with or without words; with less, it says what to give."""
    ends = {"from": "a red circle", "to": "a blue square"}
    await ben.reply(await ben.command("interpolate", **ends, shape="3:2"))
    files: dict[str, Any] = {
        f"image{number}": FileOption(name="a.png", content=encoded(photo(20 + number), "PNG")) for number in (1, 2)
    }
    await answered(ben, await ben.command("interpolate", **files))
    words, pictures = await hand.jobs()
    assert words.spec.prompt == "a red circle:: a blue square --ar 3:2 --interpolate"
    assert pictures.spec.prompt.endswith(" --interpolate") and len(pictures.image_keys) == 2
    ends = {"from": "a house --seed 3", "to": "a tree --no snow --seed 3"}
    await ben.reply(await ben.command("interpolate", **ends, shape="3:2"))
    assert (await hand.jobs())[-1].spec.prompt == "a house:: a tree --no snow --ar 3:2 --seed 3 --interpolate"
    given: dict[str, Any]
    for given in ({}, {"from": "a red circle"}, {"from": "--seed 3", "to": "a tree"}, {"image1": files["image1"]}):
        told = await ben.reply(await ben.command("interpolate", **given))
        assert text_of(told) == str(ENDS_WANTED) and told["flags"] & EPHEMERAL
    told = await ben.reply(await ben.command("interpolate", **{"from": "a cat:: a hat", "to": "a tree"}))
    assert text_of(told) == str(ENDS_DIVIDED) and told["flags"] & EPHEMERAL


async def test_what_a_member_brought_is_theirs_to_have_and_to_erase(
    bot: asyncio.Task[None],
    ben: MemberClient,
    cleo: MemberClient,
    hand: EngineHand,
    database: Database,
    storage_url: str,
) -> None:
    """Their data hold it; an erasure leaves what somebody else has brought as well."""
    own, shared = encoded(photo(40), "PNG"), WHOLE["photo.png"]()
    for member, contents in ((ben, (own, b"", shared)), (cleo, (shared,))):
        files: dict[str, Any] = {
            f"image{at or ''}": FileOption(name="a.png", content=one) for at, one in enumerate(contents) if one
        }
        waiting = await answered(member, await member.command("imagine", prompt="a red circle", **files))
        await hand.finish((await hand.jobs())[-1])
        await member.changed(waiting, is_grid)
    summary = await ask(ben)
    assert "1 prompt, 4 pictures, 0 button presses, 2 uploads." in text_of(summary)
    await ben.press(summary, str(privacy_replies.DOWNLOAD_LABEL))
    answer = await ben.message(lambda item: "Your data" in text_of(item))
    with zipfile.ZipFile(io.BytesIO(await ben.file(answer["attachments"][0]))) as archive:
        rows = json.loads(archive.read("data.json"))
        files_held = {PurePath(name).name for name in archive.namelist()}
    keys = [key_from_bytes(check_picture(one).png, ".png") for one in (own, shared)]
    assert {row["object_key"] for row in rows["uploads"]} == set(keys)
    assert files_held >= {PurePath(key).name for key in keys}

    await erase(ben)
    await until_erased(database)
    stored = files_of(storage_url)
    assert PurePath(keys[0]).name not in stored and PurePath(keys[1]).name in stored
    assert keys[0] not in await every_row(database)
