"""`easel migrate`: upgrades the database schema and prints the migrations it applied."""

from __future__ import annotations

from bot.settings import BotSettings
from easel.output import Output
from easel.postgres import open_postgres
from engine.settings import read_settings
from migrations import upgrade


async def migrate(output: Output) -> None:
    """Apply the migrations that are missing."""
    settings = read_settings(BotSettings)
    async with open_postgres(settings) as url:
        applied = await upgrade(url)
    sentence = f"Applied {', '.join(applied)}." if applied else "The database schema is up to date."
    output.print_done(sentence, {"applied": list(applied)})
