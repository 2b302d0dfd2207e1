"""`/imagine`, `easel imagine` and `easel parse` refuse the same prompts with the same words."""

from __future__ import annotations

from pathlib import Path

from bot.replies import code_block
from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import SHIPPED
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.easel.command import run_easel

REFUSED = ("a star --sref random", "a star --chaos 400", "a star --ar 9:1", "a cat AND a dog", "a star --model nowhere")
LONG = "a very long and winding description of a star over the sea at night --stepz 12 --no clouds, birds, ships"
ACCEPTED = "a red star --steps 12"


async def test_a_prompt_is_judged_alike_everywhere(start_bot: BotStarter, ben: MemberClient, tmp_path: Path) -> None:
    async with start_bot(limits=await read_limits(SHIPPED, None)):
        for prompt in REFUSED:
            reply = await ben.reply(await ben.command("imagine", prompt=prompt))
            parsed = await run_easel("parse", prompt, home=tmp_path)
            assert (parsed.code, parsed.out) == (3, "")
            assert reply["content"] == code_block(parsed.err.rstrip("\n"))
        accepted = await ben.reply(await ben.command("imagine", prompt=ACCEPTED))
        assert "Waiting" in accepted["content"]
    parsed = await run_easel("parse", ACCEPTED, home=tmp_path)
    assert (parsed.code, parsed.err) == (0, "")
    imagined = await run_easel("imagine", REFUSED[0], "-o", str(tmp_path / "x.png"), home=tmp_path)
    assert imagined.code == 3 and "no model on this server supports it" in imagined.err


async def test_carets_are_under_the_fault_on_a_phone_too(
    ben: MemberClient, start_bot: BotStarter, tmp_path: Path
) -> None:
    """Neither on Discord nor in a narrow terminal does a line wrap, which would move the carets."""
    async with start_bot(limits=await read_limits(SHIPPED, None)):
        reply = await ben.reply(await ben.command("imagine", prompt=LONG))
    parsed = await run_easel("parse", LONG, home=tmp_path, COLUMNS="30")
    for shown, width in ((reply["content"].splitlines()[1:], 36), (parsed.err.splitlines(), 30)):
        line, carets = shown[:2]
        assert len(line) <= width
        assert line[carets.index("^") : len(carets)] == "--stepz"
