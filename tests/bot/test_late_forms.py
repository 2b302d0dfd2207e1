"""Forms and answers that are open while their picture is erased: each press is told so, and nothing starts."""

from __future__ import annotations

from bot.replies import followup_replies, suggestion_replies
from engine.prompt import Limits
from sandbox.chat.test_client import MemberClient
from tests.bot.buttons.test_opinions import single
from tests.bot.buttons.test_region import choose
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, text_of

ERASED = "This was erased, so it can no longer be used. Use /imagine to start again."


async def test_what_is_sent_about_an_erased_picture_is_refused(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    async with start_bot(limits=Limits(has_segmenter=True)):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, is_grid)
        picture = await single(ben, grid, "U2")
        zoom = await ben.modal(await ben.press(picture, str(followup_replies.ZOOM_LABEL)))
        more = await ben.reply(await ben.press(picture, "⋯"))
        asked = await ben.reply(await ben.press(picture, str(followup_replies.REGION_LABEL)))
        asked = await choose(ben, asked, "5")
        reworded = await ben.modal(await ben.press(asked, str(followup_replies.REWORD_LABEL)))
        named = await ben.modal(await ben.press(asked, str(followup_replies.NAME_LABEL)))

        await hand.forget(job.id)
        for sent in (
            await ben.submit(zoom, prompt="a cat", factor="2", shape="1:1"),
            await ben.submit(reworded, prompt="a cat"),
            await ben.submit(named, prompt="a cat", what="the hat"),
            await ben.press(asked, str(followup_replies.PAINT_LABEL)),
            await ben.press(more, str(suggestion_replies.DESCRIBE_LABEL)),
        ):
            told = await ben.reply(sent)
            assert (text_of(told), told["flags"] & 64) == (ERASED, 64)
    assert await hand.jobs() == []
