"""Options and arguments that several commands have, and the settings that they run with."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import BotSettings

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the chat page on 127.0.0.1; 0 picks a free one.")]
ApiPort = Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0 picks a free one.")]
ApiHost = Annotated[str, typer.Option(help="Address to serve the API on; 0.0.0.0 for all of the machine's.")]
PublicUrl = Annotated[
    str | None, typer.Option(help="Address under which clients reach the API, for links; else that of each request.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Log only warnings and errors.")]
FreshChat = Annotated[
    bool, typer.Option("--fresh-chat", help="Start the sandbox's chat anew; the old one goes to chat.previous.")
]
HealthPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of /healthz, /readyz and /metrics; 0 picks a free one.")
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OnlyProblems = Annotated[bool, typer.Option("--quiet", help="Print only problems.")]
Prompt = Annotated[
    list[str],
    typer.Argument(
        metavar="PROMPT", help="What to paint, with the same flags as in Discord, in quotes; - reads standard input."
    ),
]

_PAUSE = re.compile(r"(\d{1,4})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]


def pause_from_text(text: str | timedelta) -> timedelta:
    """Return how long the text says, such as 30m or 1h; BadParameter if it is no time."""
    if isinstance(text, timedelta):
        return text
    found = _PAUSE.fullmatch(text)
    pause = timedelta(seconds=int(found[1]) * _SECONDS[found[2]]) if found else timedelta(0)
    if not pause:
        raise typer.BadParameter(f'"{text}" is not a time. Write it in minutes or hours, such as 30m or 1h.')
    return pause


def settings() -> BotSettings:
    """Return the settings of the environment; raises SettingsInvalid with every fault of them."""
    from bot.settings import BotSettings
    from engine.settings import read_settings

    return read_settings(BotSettings)
