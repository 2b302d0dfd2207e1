"""Every text that an option of a command takes is answered, however long and strange it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from bot import replies
from sandbox.chat.test_client import FileOption, MemberClient
from sandbox.state.seed import GUILD_ID, PATRONS
from tests.bot.reading import text_of
from tests.engine.uploads.pictures import encoded, photo

SUBCOMMAND, GROUP = 1, 2
LONGEST = 6000
TEXT = "@everyone <@&5> \x00 \ud800 ```` {x} %_' 😀 \n"
USUAL: dict[int, Any] = {
    3: "1:1",
    4: 1,
    5: False,
    6: str(GUILD_ID),
    7: "",
    8: str(GUILD_ID + PATRONS),
    11: FileOption(name="a.png", content=encoded(photo(), "PNG")),
}


def text_options(commands: list[dict[str, Any]]) -> Iterator[tuple[list[str], dict[str, Any], dict[str, Any]]]:
    """Yield each option that takes any text, with the names of its command and the options that are required."""
    for command in (one for one in commands if one["type"] == 1):
        for names, options in _leaves([command["name"]], command.get("options", [])):
            required = {one["name"]: one for one in options if one.get("required")}
            for option in options:
                if option["type"] == 3 and not option.get("choices"):
                    yield names, option, required


def _leaves(names: list[str], options: list[dict[str, Any]]) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    inner = [one for one in options if one["type"] in (SUBCOMMAND, GROUP)]
    if not inner:
        yield names, options
    for one in inner:
        yield from _leaves([*names, one["name"]], one.get("options", []))


async def test_every_text_of_an_option_is_answered(bot: asyncio.Task[None], ada: MemberClient) -> None:
    """With a sentence of its own, which repeats no more than a message takes, and mentions nobody."""
    wrong = []
    for names, option, required in text_options(ada.commands):
        longest = min(option.get("max_length") or LONGEST, LONGEST)
        given = {name: _usual(one, ada) for name, one in required.items()}
        given[option["name"]] = (TEXT * LONGEST)[:longest]
        command, *subcommands = names
        answer = await ada.reply(await ada.command(command, *subcommands, **given))
        if text_of(answer) == str(replies.BROKEN) or answer["mentions"] or answer["mention_everyone"]:
            wrong.append((names, option["name"], text_of(answer)))
    assert not wrong


def _usual(option: dict[str, Any], member: MemberClient) -> Any:
    if choices := option.get("choices"):
        return choices[0]["value"]
    return member.channels["studio"] if option["type"] == 7 else USUAL[option["type"]]
