"""Forms that come before a job: remix asks for the prompt, Custom Zoom for shape and factor as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.replies import followup_replies
from engine.contract.edits import STRONG, Box, Canvas, Edit
from engine.contract.feedback import Verb
from engine.contract.jobs import Operation
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_opinions import single
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, text_of

Grid = Callable[..., Any]
FULL_WIDTH = "1.5x".translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


async def turn_remix(member: MemberClient) -> str:
    """Turn remix on or off and return what is said."""
    return text_of(await member.reply(await member.command("prefer", "remix")))


def values(form: Message) -> dict[str, str]:
    """Return what stands in the fields of a form."""
    fields = [row["component"] for row in form["modal"]["components"]]
    return {field["custom_id"]: field.get("value", "") for field in fields}


async def test_remix_asks_for_the_prompt_of_every_follow_up(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """It is a setting of the member's own; what is typed is the new job's prompt, its seed too."""
    grid, job, pictures = await painted_grid("a red circle --seed 7")
    assert await turn_remix(ben) == str(followup_replies.REMIX_ON)
    form = await ben.modal(await ben.press(grid, "V2"))
    assert values(form) == {"prompt": "a red circle"}
    assert len(await hand.jobs()) == 1 and await hand.actions(job.id) == ()

    waiting = await ben.reply(await ben.submit(form, prompt="a blue circle --seed 9"))
    assert text_of(waiting).startswith("**a blue circle --seed 9** - Variations by")
    started = (await hand.jobs())[-1]
    assert (started.operation, started.edit, started.seed) == (Operation.VARY, Edit(strength=STRONG), 9)
    assert started.parent_picture_id == pictures[1].id
    (action,) = await hand.actions(job.id)
    assert (action.verb, action.slot, action.message_id) == (Verb.VARY, 1, int(grid["id"]))
    again = await ben.reply(await ben.submit(form, prompt="a yellow circle"))
    assert text_of(again).startswith("**a yellow circle** - Variations by"), "a form is never a second click"

    assert "Variations by" in text_of(await cleo.reply(await cleo.press(grid, "V2")))
    form = await ben.modal(await ben.press(grid, "🔄"))
    await ben.reply(await ben.submit(form, prompt="a green circle"))
    assert (await hand.jobs())[-1].operation is Operation.IMAGINE
    picture = await single(ben, grid, "U1")
    for label in ("Zoom Out 2x", "⬅️"):
        form = await ben.modal(await ben.press(picture, label))
        refused = await ben.reply(await ben.submit(form, prompt="a red circle --ar 3:2"))
        assert str(followup_replies.SHAPE_KEPT) in text_of(refused) and refused["flags"] & 64
        assert "a house" in text_of(await ben.reply(await ben.submit(form, prompt="a house")))
        waiting = await ben.reply(await ben.submit(form, prompt="a house --best 8"))
        assert "⚠️ --best changes nothing here, only in new grids." in text_of(waiting)
    assert await turn_remix(ben) == str(followup_replies.REMIX_OFF)
    assert text_of(await ben.reply(await ben.press(grid, "V3"))).startswith("**a red circle** - Variations")


async def test_a_form_outlives_the_bot_and_its_picture_may_not(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """What is sent after a restart starts the job; a wrong prompt is refused, and so is that of an erased job."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        await turn_remix(ben)
        form = await ben.modal(await ben.press(grid, "V1"))
    async with start_bot():
        refused = await ben.reply(await ben.submit(form, prompt="a circle --seed x"))
        assert "--seed" in text_of(refused) and refused["flags"] & 64
        assert "Variations by" in text_of(await ben.reply(await ben.submit(form, prompt="a circle")))
        form = await ben.modal(await ben.press(grid, "V4"))
        await hand.forget(job.id)
        assert "was erased" in text_of(await ben.reply(await ben.submit(form, prompt="a circle")))


@pytest.mark.parametrize(
    ("factor", "shape", "canvas"),
    [
        ("2", "1:1", Canvas(width=32, height=32, box=Box(left=8, top=8, width=16, height=16))),
        ("1,25", "1:1", Canvas(width=32, height=32, box=Box(left=3, top=3, width=26, height=26))),
        ("1", "2:1", Canvas(width=48, height=24, box=Box(left=12, top=0, width=24, height=24))),
        ("1.5x", "1:2", Canvas(width=24, height=48, box=Box(left=4, top=16, width=16, height=16))),
        (FULL_WIDTH, "1:2", Canvas(width=24, height=48, box=Box(left=4, top=16, width=16, height=16))),
    ],
)
async def test_custom_zoom_takes_factor_and_shape(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand, factor: str, shape: str, canvas: Canvas
) -> None:
    grid, job, _ = await painted_grid()
    form = await ben.modal(await ben.press(await single(ben, grid, "U1"), "Custom Zoom"))
    assert values(form) == {"prompt": "a red circle", "factor": "2", "shape": "1:1"}
    waiting = await ben.reply(await ben.submit(form, prompt="a house", factor=factor, shape=shape))
    assert text_of(waiting).startswith(f"**a house --ar {shape}** - Zoom Out by")
    started = (await hand.jobs())[-1]
    assert (started.operation, started.edit) == (Operation.ZOOM, Edit(strength=None, canvas=canvas))
    assert (await hand.actions(job.id))[-1].variation == "custom"


async def test_a_zoom_that_cannot_be_is_told(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    grid, _, _ = await painted_grid()
    form = await ben.modal(await ben.press(await single(ben, grid, "U1"), "Custom Zoom"))
    for given, said in (
        ({"factor": "two"}, str(followup_replies.WRONG_FACTOR)),
        ({"factor": "2.5"}, str(followup_replies.WRONG_FACTOR)),
        ({"factor": "1/0"}, str(followup_replies.WRONG_FACTOR)),
        ({"factor": "1e99999999"}, str(followup_replies.WRONG_FACTOR)),
        ({"factor": "1"}, str(followup_replies.NOTHING_TO_PAINT)),
        ({"shape": "wide"}, "In the field Shape:"),
        ({"prompt": "a house --ar 3:2"}, "--ar"),
    ):
        refused = await ben.reply(
            await ben.submit(form, **({"prompt": "a house", "factor": "2", "shape": "1:1"} | given))
        )
        assert str(said) in text_of(refused) and refused["flags"] & 64, given
    assert len(await hand.jobs()) == 1
