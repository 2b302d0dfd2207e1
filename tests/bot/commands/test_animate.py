"""`/animate`, and the message of a film: the film plays there, and its buttons make others."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping

from PIL import Image

from engine.contract.edits import CALM, LIVELY, Edit, whole_canvas
from engine.contract.jobs import Operation
from engine.prompt import Limits, ModelCapabilities, SizeLimits
from sandbox.chat.test_client import FileOption, MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_opinions import single
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, faces, is_grid, labels, text_of
from tests.engine.uploads.pictures import WHOLE

FILM = ModelCapabilities(
    name="film",
    abilities=frozenset({"film", "images", "quality"}),
    operations=(Operation.ANIMATE,),
    size_limits=SizeLimits(square=48, multiple=8, min_side=16, max_side=96),
)
STILL = ModelCapabilities(name="still", operations=tuple(set(Operation) - {Operation.ANIMATE}))


def is_film(message: Message) -> bool:
    """Return whether the message shows a finished film."""
    return len(message["components"]) > 1 and len(message["attachments"]) == 1


async def frames_in(member: MemberClient, message: Message) -> int:
    """Return how many frames the file of the message has, as Discord plays them."""
    (file,) = message["attachments"]
    assert file["filename"].endswith(".webp")
    return int(getattr(Image.open(io.BytesIO(await member.file(file))), "n_frames", 1))


async def test_a_prompt_becomes_a_film(bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand) -> None:
    """It plays in the message, and can be rated, made again and sent; what belongs to grids is named."""
    waiting = await ben.reply(
        await ben.command("animate", prompt="a boat --frames 12 --best 8", motion="low", shape="3:2")
    )
    assert f"Film by <@{ben.id}> (Waiting to start" in text_of(waiting)
    assert "--best changes nothing here" in text_of(waiting)
    job = await hand.only_job()
    assert (job.operation, job.edit, job.image_keys) == (Operation.ANIMATE, None, ())
    asked: Mapping[str, object] = job.spec.parameters
    assert {name: asked[name] for name in ("motion", "frames", "ar")} == {"motion": "low", "frames": 12, "ar": "3:2"}

    await hand.finish(job)
    shown = await ben.changed(waiting, is_film)
    assert await frames_in(ben, shown) == 2
    assert f"Film by <@{ben.id}>" in text_of(shown) and "film" in shown["attachments"][0]["description"]
    offered = {label for row in labels(shown) for label in row}
    assert {"Animate (High)", "Animate (Low)"} <= offered and not {"Vary (Subtle)", "Upscale (Subtle)"} & offered
    assert "🔄" in faces(shown) and "😍" in faces(shown)
    await ben.reply(await ben.press(shown, "🔄"))
    again = (await hand.jobs())[-1]
    assert (again.operation, again.spec.prompt) == (Operation.ANIMATE, job.spec.prompt)

    await ben.press(shown, "✉️")
    sent = await ben.message(lambda item: len(item["attachments"]) == 2)
    assert [file["filename"].rpartition(".")[2] for file in sent["attachments"]] == ["webp", "png"]


async def test_a_picture_becomes_a_film(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """One that a member attaches, with or without words, and one under which the button is."""
    async with start_bot(upload_origins=frozenset({sandbox.url})):
        photo = FileOption(name="a.jpg", content=WHOLE["photo.jpg"]())
        waiting = await ben.reply(await ben.command("animate", image=photo))
        await ben.changed(waiting, lambda item: "Waiting to start" in text_of(item))
        job = await hand.only_job()
        assert job.operation is Operation.ANIMATE and len(job.image_keys) == len(job.spec.images) == 1
        await hand.finish(job)
        assert await frames_in(ben, await ben.changed(waiting, is_film)) == 2

        waiting = await ben.reply(await ben.command("imagine", prompt="a boat"))
        await hand.finish((await hand.jobs())[-1])
        picture = await single(ben, await ben.changed(waiting, is_grid), "U1")
        assert "🔄" not in faces(picture)
        waiting = await ben.reply(await ben.press(picture, "Animate (Low)"))
        animated = (await hand.jobs())[-1]
        assert (animated.operation, animated.edit) == (Operation.ANIMATE, Edit(strength=CALM))
        await hand.finish(animated)
        assert await frames_in(ben, await ben.changed(waiting, is_film)) == 2


async def test_a_model_without_films_says_so(start_bot: BotStarter, ben: MemberClient, hand: EngineHand) -> None:
    """And its pictures have no such buttons."""
    async with start_bot(limits=Limits(models=(STILL,), default_model="still")):
        refused = await ben.reply(await ben.command("animate", prompt="a boat"))
        assert "does not support films" in text_of(refused) and not await hand.jobs()
        waiting = await ben.reply(await ben.command("imagine", prompt="a boat"))
        await hand.finish(await hand.only_job())
        picture = await single(ben, await ben.changed(waiting, is_grid), "U1")
        assert "Animate (High)" not in {label for row in labels(picture) for label in row}


async def test_the_model_that_makes_films_of_pictures_makes_them_of_all(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """In its own size, with what it knows of the prompt; it paints no grids, and no films of prompts alone."""
    limits = Limits(models=(STILL, FILM), default_model="still", animator="film")
    async with start_bot(limits=limits, upload_origins=frozenset({sandbox.url})):
        waiting = await ben.reply(await ben.command("imagine", prompt="a boat --weird 9 --quality 2 --cfg 3"))
        await hand.finish(await hand.only_job())
        picture = await single(ben, await ben.changed(waiting, is_grid), "U1")
        await ben.reply(await ben.press(picture, "Animate (High)"))
        animated = (await hand.jobs())[-1]
        assert animated.spec.prompt == "a boat --quality 2 --model film"
        assert animated.edit == Edit(strength=LIVELY, canvas=whole_canvas(48, 48))
        photo = FileOption(name="a.jpg", content=WHOLE["photo.jpg"]())
        waiting = await ben.reply(await ben.command("animate", prompt="a cat", image=photo))
        await ben.changed(waiting, lambda item: "Waiting to start" in text_of(item))
        assert (await hand.jobs())[-1].spec.parameters == {"model": "film"}
        for command, options in (("animate", {"prompt": "a cat"}), ("imagine", {"prompt": "a cat --model film"})):
            refused = await ben.reply(await ben.command(command, **options))
            assert "does not support" in text_of(refused)
        assert len(await hand.jobs()) == 3
