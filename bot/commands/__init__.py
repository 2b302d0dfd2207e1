"""The slash commands, one file for each family."""

from typing import Any

from discord import app_commands

from bot.commands.imagine import imagine, imagine_for
from bot.commands.privacy import privacy
from engine.prompt import Limits

COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (imagine, privacy)


def commands_for(limits: Limits) -> tuple[app_commands.Command[Any, ..., Any], ...]:
    """Return the commands, with descriptions that say what the default model can paint."""
    return (imagine_for(limits), privacy)


__all__ = ["COMMANDS", "commands_for"]
