"""The slash commands, one file for each family."""

from typing import Any

from discord import app_commands

from bot.commands.consent import consent
from bot.commands.export import export
from bot.commands.imagine import imagine, imagine_for
from bot.commands.prefer import prefer
from bot.commands.privacy import privacy
from bot.commands.rank import rank
from engine.prompt import Limits

Command = app_commands.Command[Any, ..., Any] | app_commands.Group

COMMANDS: tuple[Command, ...] = (imagine, rank, prefer, privacy, consent, export)


def commands_for(limits: Limits) -> tuple[Command, ...]:
    """Return the commands, with descriptions that say what the default model can paint."""
    return tuple(imagine_for(limits) if command is imagine else command for command in COMMANDS)


__all__ = ["COMMANDS", "commands_for"]
