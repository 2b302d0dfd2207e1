"""Upscale (Subtle) and Upscale (Creative): what is said before anything is stored, the job, and the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.replies.followup_replies import upscale_too_large
from engine.contract.edits import CREATIVE, FAITHFUL, Edit, whole_canvas
from engine.contract.feedback import Verb
from engine.contract.jobs import Operation
from engine.feedback.records import ImpressionKind
from engine.prompt import Limits, ModelCapabilities, SizeLimits
from engine.store.tables import pictures
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_opinions import single
from tests.bot.conftest import BotStarter
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import labels, text_of
from tests.bot.rows import until_closed

Grid = Callable[..., Any]
SIDE = 32
SIZE_LIMITS = SizeLimits(square=SIDE, multiple=8, min_side=8, max_side=64)
FAKE = ModelCapabilities(name="fake", size_limits=SIZE_LIMITS)
SMALL = Limits(models=(FAKE,), default_model="fake", upscaler="sharp")


@pytest.mark.parametrize(
    ("kind", "factor", "strength"), [("Subtle", 2, FAITHFUL), ("Subtle", 4, FAITHFUL), ("Creative", 2, CREATIVE)]
)
async def test_a_picture_becomes_larger(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand, kind: str, factor: int, strength: float
) -> None:
    """The sizes come before the job, and one picture after it, which can be upscaled and varied again."""
    grid, job, (_, second, *_) = await painted_grid()
    picture = await single(ben, grid, "U2")
    assert labels(picture)[0][:2] == ["Upscale (Subtle)", "Upscale (Creative)"]
    asked = await ben.reply(await ben.press(picture, f"Upscale ({kind})"))
    assert asked["flags"] & 64 and labels(asked) == [["2x", "4x"]]
    assert "2x: 64 x 64 pixels" in text_of(asked) and "It counts as one job." in text_of(asked)
    assert ("the Lanczos filter" in text_of(asked)) is (kind == "Subtle")
    assert len(await hand.jobs()) == 1 and len(await hand.actions(job.id)) == 1

    waiting = await ben.reply(await ben.press(asked, f"{factor}x"))
    assert text_of(waiting).startswith(f"**a red circle** - Upscaled by <@{ben.id}> (Waiting to start")
    started = (await hand.jobs())[-1]
    canvas = whole_canvas(factor * SIDE, factor * SIDE)
    assert (started.operation, started.edit) == (Operation.UPSCALE, Edit(strength=strength, canvas=canvas))
    assert (started.parent_job_id, started.parent_picture_id) == (job.id, second.id)
    action = (await hand.actions(job.id))[-1]
    variation = f"{kind.lower()} {factor}x"
    assert (action.verb, action.variation, action.picture_id) == (Verb.UPSCALE, variation, second.id)
    assert (action.message_id, [one.picture_id for one in action.shown]) == (int(picture["id"]), [second.id])

    await hand.finish(started)
    larger = await ben.changed(waiting, lambda item: len(item["components"]) > 1)
    title = f"**a red circle** - Upscaled to {factor * SIDE} x {factor * SIDE} by <@{ben.id}>"
    assert text_of(larger) == title and "upscaled picture" in larger["attachments"][0]["description"]
    assert [row[:2] for row in labels(larger)[:2]] == [
        ["Upscale (Subtle)", "Upscale (Creative)"],
        ["Vary (Subtle)", "Vary (Strong)"],
    ]
    assert not {"Zoom Out 2x", "⬅️", "Vary (Region)"} & {label for row in labels(larger) for label in row}
    await until_closed(hand.database, started.id)
    (impression,) = await hand.impressions(started.id)
    assert (impression.kind, len(impression.pictures)) == (ImpressionKind.PICTURE, 1)
    again = await ben.reply(await ben.press(larger, "Upscale (Subtle)"))
    assert labels(again) == [["2x", "4x"]]


async def test_an_upscaled_picture_is_varied_at_the_models_own_size(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """And what is said of the cost comes from the model and its upscaler."""
    async with start_bot(limits=SMALL):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        await hand.finish(await hand.only_job())
        picture = await single(ben, await ben.changed(waiting, lambda item: len(item["components"]) == 3), "U1")
        asked = await ben.reply(await ben.press(picture, "Upscale (Creative)"))
        assert "4x: 128 x 128 pixels, about 94% of the work of a grid." in text_of(asked)
        asked = await ben.reply(await ben.press(picture, "Upscale (Subtle)"))
        assert "with sharp." in text_of(asked) and "nothing for the model to paint" in text_of(asked)
        waiting = await ben.reply(await ben.press(asked, "4x"))
        await hand.finish((await hand.jobs())[-1])
        larger = await ben.changed(waiting, lambda item: len(item["components"]) > 1)
        await ben.reply(await ben.press(larger, "Vary (Strong)"))
        varied = (await hand.jobs())[-1]
        assert varied.edit is not None and varied.edit.canvas == whole_canvas(SIDE, SIDE)


async def test_a_picture_that_would_be_too_large_is_not_upscaled(
    painted_grid: Grid, ben: MemberClient, sandbox: Sandbox, hand: EngineHand
) -> None:
    """Its button is disabled and says why; where one is pressed all the same, no job starts."""
    grid, job, _ = await painted_grid()
    async with hand.database.begin() as connection:
        await connection.execute(pictures.update().values(width=2000, height=1500))
    picture = await single(ben, grid, "U1")
    asked = await ben.reply(await ben.press(picture, "Upscale (Subtle)"))
    two, four = asked["components"][0]["components"]
    assert (two.get("disabled", False), four["disabled"]) == (False, True)
    assert "2x: 4000 x 3000 pixels" in text_of(asked)
    assert f"4x: {upscale_too_large(8000, 6000)}" in text_of(asked)
    forged = await post_buttons(sandbox, "studio", [f"e1:subtlefactor:{job.id}:4@{picture['id']}.1.0"])
    refused = await ben.reply(await ben.press(forged, "B0"))
    assert upscale_too_large(8000, 6000) in text_of(refused) and refused["flags"] & 64
    assert len(await hand.jobs()) == 1
