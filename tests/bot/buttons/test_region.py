"""Vary (Region): which cells are chosen, the job that starts with them, and what is told where none can."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from bot.delivery.region_picture import with_cells
from bot.replies import followup_replies
from engine.contract.edits import Edit, whole_canvas
from engine.contract.feedback import Verb
from engine.contract.jobs import Operation
from engine.prompt import Limits
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_opinions import single
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, labels, text_of

Grid = Callable[..., Any]
SIDE = 32


def chosen(message: Message) -> list[str]:
    """Return the labels of the cells that stand out."""
    buttons = [button for row in message["components"] for button in row["components"]]
    return [button["label"] for button in buttons if button["style"] == 1]


async def choose(member: MemberClient, asked: Message, *cells: str) -> Message:
    """Press the cells, one after the other, and return the message then."""
    for cell in cells:
        before = chosen(asked)
        await member.press(asked, cell)
        asked = await member.changed(asked, lambda item, before=before: chosen(item) != before)  # type: ignore[misc]
    return asked


async def test_the_chosen_cells_are_painted_anew(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """A cell that is pressed again is not chosen; the picture under its cells stays in the answer all the while."""
    grid, job, pictures = await painted_grid()
    picture = await single(ben, grid, "U2")
    asked = await ben.reply(await ben.press(picture, "Vary (Region)"))
    assert labels(asked)[:3] == [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]]
    # This bot has no pages on which a mask could be painted.
    assert labels(asked)[3:] == [[str(followup_replies.PAINT_LABEL), str(followup_replies.REWORD_LABEL)]]
    assert asked["flags"] & 64 and "picture 2 of four" in asked["attachments"][0]["description"]
    asked = await choose(ben, asked, "5", "1", "9", "1")
    assert chosen(asked) == ["5", "9"] and "Chosen: 5, 9." in text_of(asked)
    assert len(asked["attachments"]) == 1

    waiting = await ben.reply(await ben.press(asked, str(followup_replies.PAINT_LABEL)))
    assert text_of(waiting).startswith(f"**a red circle** - Variations (Region) by <@{ben.id}> (Waiting to start")
    started = (await hand.jobs())[-1]
    canvas = whole_canvas(SIDE, SIDE, frozenset({5, 9}))
    assert (started.operation, started.edit) == (Operation.INPAINT, Edit(strength=1.0, canvas=canvas))
    assert (started.parent_job_id, started.parent_picture_id) == (job.id, pictures[1].id)
    (_, action) = await hand.actions(job.id)
    assert (action.verb, action.variation, action.picture_id) == (Verb.VARY, "region", pictures[1].id)
    assert (action.message_id, len(action.shown)) == (int(picture["id"]), 1)


async def test_the_cells_take_a_prompt_of_their_own(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """The form has the old prompt; one that is wrong, or for several jobs, is refused with what to do."""
    grid, _, _ = await painted_grid("a red circle --seed 7")
    asked = await ben.reply(await ben.press(await single(ben, grid, "U1"), "Vary (Region)"))
    asked = await choose(ben, asked, "3")
    form = await ben.modal(await ben.press(asked, str(followup_replies.REWORD_LABEL)))
    (field,) = [row["component"] for row in form["modal"]["components"]]
    assert field["value"] == "a red circle --seed 7"
    refused = await ben.reply(await ben.submit(form, **{field["custom_id"]: "a {red, blue} square"}))
    assert text_of(refused).startswith("```\nThis prompt is for 2 jobs") and refused["flags"] & 64
    refused = await ben.reply(await ben.submit(form, **{field["custom_id"]: "a square --seed x"}))
    assert "--seed" in text_of(refused) and refused["flags"] & 64
    assert len(await hand.jobs()) == 1

    waiting = await ben.reply(await ben.submit(form, **{field["custom_id"]: "a blue square"}))
    assert text_of(waiting).startswith("**a blue square** - Variations (Region)")
    started = (await hand.jobs())[-1]
    assert started.edit == Edit(strength=1.0, canvas=whole_canvas(SIDE, SIDE, frozenset({3})))


async def test_what_to_paint_anew_is_named_in_a_form(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """Where the service can find it; what is sent counts after a restart, and nothing found is told with what to do."""
    able = Limits(has_segmenter=True)
    async with start_bot(limits=able):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        await hand.finish(await hand.only_job())
        grid = await ben.changed(waiting, is_grid)
        asked = await ben.reply(await ben.press(await single(ben, grid, "U2"), "Vary (Region)"))
        form = await ben.modal(await ben.press(asked, str(followup_replies.NAME_LABEL)))
        prompt, what = [row["component"] for row in form["modal"]["components"]]
        assert prompt["value"] == "a red circle"
    async with start_bot(limits=able):
        fields = {prompt["custom_id"]: "a blue hat", what["custom_id"]: "  "}
        assert str(followup_replies.NO_WORDS) in text_of(await ben.reply(await ben.submit(form, **fields)))
        fields[what["custom_id"]] = " the  red hat "
        waiting = await ben.reply(await ben.submit(form, **fields))
        assert text_of(waiting).startswith("**a blue hat** - Variations (Region)")
        started = (await hand.jobs())[-1]
        assert started.edit == Edit(strength=1.0, canvas=whole_canvas(SIDE, SIDE, words="the red hat"))
        await hand.fail(started.id, error="NothingFound", words="the red hat")
        told = await ben.changed(waiting, lambda item: "Failed" in text_of(item))
        assert 'nothing in the picture looks like "the red hat"; name it otherwise' in text_of(told)


async def test_without_a_cell_nothing_starts(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    grid, _, _ = await painted_grid()
    asked = await ben.reply(await ben.press(await single(ben, grid, "U1"), "Vary (Region)"))
    for label in (str(followup_replies.PAINT_LABEL), str(followup_replies.REWORD_LABEL)):
        assert text_of(await ben.reply(await ben.press(asked, str(label)))) == str(followup_replies.NO_CELLS)
    assert len(await hand.jobs()) == 1


async def test_a_picture_whose_file_is_lost_is_told(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    grid, _, pictures = await painted_grid()
    picture = await single(ben, grid, "U1")
    await hand.objects.store.delete_async(pictures[0].object_key)
    assert "missing or damaged" in text_of(await ben.reply(await ben.press(picture, "Vary (Region)")))


async def test_cells_are_drawn_at_a_size_that_a_phone_shows() -> None:
    """Small pictures are enlarged and large ones reduced, in their own proportions; each cell has lines around it."""
    for size, shown in (((32, 16), (480, 240)), ((4000, 1000), (960, 240)), ((700, 900), (700, 900))):
        encoded = io.BytesIO()
        Image.new("RGB", size, "red").save(encoded, "PNG")
        with Image.open(io.BytesIO((await with_cells(encoded.getvalue())).data)) as drawn:
            assert drawn.size == shown
            across = [drawn.convert("RGB").getpixel((x, shown[1] // 2)) for x in range(shown[0])]
        bright = [x / shown[0] for x, colour in enumerate(across) if min(colour) > 180]  # type: ignore[arg-type]
        for line in (1 / 3, 2 / 3):
            assert any(abs(x - line) < 0.02 for x in bright), (size, line)
