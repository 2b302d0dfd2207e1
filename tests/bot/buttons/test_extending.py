"""Vary, zoom and pan under a single picture: the job that a press starts, and what the log keeps of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.replies.followup_replies import ALREADY_SQUARE
from engine.contract.edits import CALM, LIVELY, STRONG, SUBTLE, Box, Canvas, Edit
from engine.contract.feedback import Verb
from engine.contract.jobs import Operation
from engine.prompt import Limits, ModelCapabilities, SizeLimits
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.conftest import BotStarter
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import faces, is_grid, labels, text_of

Grid = Callable[..., Any]

SIDE = 32


def around(width: int, height: int, left: int, top: int, side: int) -> Edit:
    """Return an edit that paints what lies around a square picture."""
    box = Box(left=left, top=top, width=side, height=side)
    return Edit(strength=None, canvas=Canvas(width=width, height=height, box=box))


BUTTONS: dict[str, tuple[Operation, Verb, str, Edit]] = {
    "Vary (Subtle)": (Operation.VARY, Verb.VARY, "subtle", Edit(strength=SUBTLE)),
    "Vary (Strong)": (Operation.VARY, Verb.VARY, "strong", Edit(strength=STRONG)),
    "Animate (High)": (Operation.ANIMATE, Verb.ANIMATE, "high", Edit(strength=LIVELY)),
    "Animate (Low)": (Operation.ANIMATE, Verb.ANIMATE, "low", Edit(strength=CALM)),
    "Zoom Out 2x": (Operation.ZOOM, Verb.ZOOM, "2x", around(SIDE, SIDE, 8, 8, 16)),
    "Zoom Out 1.5x": (Operation.ZOOM, Verb.ZOOM, "1.5x", around(SIDE, SIDE, 5, 5, 21)),
    "⬅️": (Operation.PAN, Verb.PAN, "left", around(48, SIDE, 16, 0, SIDE)),
    "➡️": (Operation.PAN, Verb.PAN, "right", around(48, SIDE, 0, 0, SIDE)),
    "⬆️": (Operation.PAN, Verb.PAN, "up", around(SIDE, 48, 0, 16, SIDE)),
    "⬇️": (Operation.PAN, Verb.PAN, "down", around(SIDE, 48, 0, 0, SIDE)),
}
ARROWS = {"⬅️", "➡️", "⬆️", "⬇️"}
TITLES = {
    Operation.VARY: "Variations by",
    Operation.ANIMATE: "Film by",
    Operation.ZOOM: "Zoom Out by",
    Operation.PAN: "Pan by",
}


async def test_each_button_starts_its_job(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    grid, job, pictures = await painted_grid("a red circle --weird 9 --chaos 40")
    await ben.press(grid, "U2")
    single = await ben.message(lambda item: "Image #2" in item["content"])
    for label, (operation, verb, variation, edit) in BUTTONS.items():
        waiting = await ben.reply(await ben.press(single, label))
        assert TITLES[operation] in text_of(waiting), label
        started = (await hand.jobs())[-1]
        assert (started.operation, started.edit) == (operation, edit), label
        assert started.spec.prompt == "a red circle --weird 9"
        assert (started.parent_job_id, started.parent_picture_id) == (job.id, pictures[1].id)
        action = (await hand.actions(job.id))[-1]
        assert (action.verb, action.variation, action.picture_id) == (verb, variation, pictures[1].id), label
        await ben.press(waiting, "Cancel")
    await ben.reply(await ben.press(grid, "🔄"))
    assert (await hand.jobs())[-1].spec.prompt == job.spec.prompt


async def test_a_square_picture_is_not_made_square(
    painted_grid: Grid, ben: MemberClient, sandbox: Sandbox, hand: EngineHand
) -> None:
    """It has no such button; where one is pressed all the same, no job starts."""
    _, job, _ = await painted_grid()
    forged = await post_buttons(sandbox, "studio", [f"e1:square:{job.id}:1"])
    refused = await ben.reply(await ben.press(forged, "B0"))
    assert str(ALREADY_SQUARE) in text_of(refused) and refused["flags"] & 64
    assert len(await hand.jobs()) == 1


async def test_zooms_that_the_model_paints_in_no_size_have_no_buttons(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """As of PixArt and Sana, which know some sizes only; what is still possible stays."""
    sizes = SizeLimits(square=24, multiple=8, min_side=8, max_side=48, sizes=((24, 24), (32, 16), (16, 32)))
    known = ModelCapabilities(name="fake", size_limits=sizes)
    async with start_bot(limits=Limits(models=(known,), default_model="fake")):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle --ar 2:1"))
        await hand.finish(await hand.only_job())
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        await ben.press(grid, "U1")
        single = await ben.message(lambda item: "Image #1" in item["content"])
        shown = {label for row in labels(single) for label in row}
        assert {"Zoom Out 2x", "Zoom Out 1.5x", "Custom Zoom"} <= shown and "Make Square" not in shown


async def test_a_side_to_which_a_picture_cannot_go_on_has_no_arrow(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """The sides along which it is short enough keep theirs."""
    known = ModelCapabilities(
        name="fake", size_limits=SizeLimits(square=SIDE, multiple=8, min_side=8, max_side=SIDE + SIDE // 2)
    )
    async with start_bot(limits=Limits(models=(known,), default_model="fake")):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle --ar 2:1"))
        await hand.finish(await hand.only_job())
        await ben.press(await ben.changed(waiting, is_grid), "U1")
        single = await ben.message(lambda item: "Image #1" in item["content"])
        assert ARROWS.intersection(faces(single)) == {"⬆️", "⬇️"}


@pytest.mark.parametrize(
    "size_limits",
    [
        SizeLimits(square=SIDE, multiple=8, min_side=8, max_side=40),
        SizeLimits(square=SIDE, multiple=8, min_side=8, max_side=40, sizes=((SIDE, SIDE), (40, 24), (24, 40))),
    ],
)
async def test_a_picture_that_cannot_grow_costs_nothing(
    start_bot: BotStarter, ben: MemberClient, sandbox: Sandbox, hand: EngineHand, size_limits: SizeLimits
) -> None:
    """It has no arrows; a press on one that was delivered earlier is refused before a job is stored."""
    tiny = ModelCapabilities(name="fake", size_limits=size_limits)
    async with start_bot(limits=Limits(models=(tiny,), default_model="fake")):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        await ben.press(grid, "U1")
        single = await ben.message(lambda item: "Image #1" in item["content"])
        shown = {label for row in labels(single) for label in row}
        assert "Zoom Out 2x" in shown and not ARROWS.intersection(faces(single))
        forged = await post_buttons(sandbox, "studio", [f"e1:panleft:{job.id}:1", f"e1:pandown:{job.id}:1"])
        for label in ("B0", "B1"):
            refused = await ben.reply(await ben.press(forged, label))
            assert "Pan along the other side, or zoom out." in text_of(refused) and refused["flags"] & 64
        assert await hand.only_job() == await hand.job(job.id)
