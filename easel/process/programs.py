"""The programs that `easel run` and `easel imagine` start: each is this same command, supervised."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bot.settings import BotSettings
from easel.process.ports import HOST, Ports
from easel.process.supervise import Program
from sandbox.rest import PREFIX
from sandbox.state.seed import TOKEN

POSTGRES = "Postgres"
CHAT_FOLDER = "chat"
"""Where the sandbox keeps its chat, below EASEL_HOME."""

LEARNING_FOLDER = "learning"
"""Where adapters are trained, below EASEL_HOME."""

_COMMAND = (sys.executable, "-m", "easel")
# transformers warns about image processors that Easel does not use.
_ENVIRONMENT = {"TRANSFORMERS_VERBOSITY": "error"}


def engine_program(health_port: int, *options: str, after: tuple[str, ...] = ()) -> Program:
    """Return the engine program; port 0 picks a free one."""
    command = (*_COMMAND, "engine", "--supervised", "--health-port", str(health_port), *options)
    return Program(name="engine", command=command, environment=_ENVIRONMENT, after=after)


def all_programs(settings: BotSettings, ports: Ports) -> Iterator[Program]:
    """Yield the engine, what trains adapters if it is to, the bot and, without a token, the sandbox.

    The engine takes longest to load, so it does not wait for the embedded Postgres, which it can open itself.
    """
    yield engine_program(ports.engine, after=(POSTGRES,) if settings.database_url else ())
    if settings.learn_votes:
        folder = str(settings.home / LEARNING_FOLDER)
        watch = (*_COMMAND, "learn", "watch", "--supervised", "-o", folder, "--votes", str(settings.learn_votes))
        yield Program(name="learning", command=watch, environment=_ENVIRONMENT, after=(POSTGRES,))
    serve_bot = (*_COMMAND, "bot", "--supervised", "--health-port", str(ports.bot))
    if settings.discord_token:
        yield Program(name="bot", command=serve_bot, after=(POSTGRES,))
        return
    yield Program(name="sandbox", command=(*_COMMAND, "sandbox", "--supervised", "--port", str(ports.page)))
    origin = f"http://{HOST}:{ports.page}"
    local = {
        "DISCORD_TOKEN": TOKEN,
        "DISCORD_API_URL": f"{origin}{PREFIX}",
        "EASEL_UPLOAD_ORIGINS": " ".join([*sorted(settings.upload_origins), origin]),
        # Who can open the chat page can open the bot's.
        "EASEL_PUBLIC_URL": settings.public_url or f"http://{HOST}:{ports.bot}",
    }
    yield Program(name="bot", command=serve_bot, environment=local, after=(POSTGRES, "sandbox"))
