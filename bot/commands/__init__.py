"""The slash commands, one file for each family."""

from typing import Any

from discord import app_commands

from bot.commands.imagine import imagine

COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (imagine,)

__all__ = ["COMMANDS"]
