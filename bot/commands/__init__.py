"""The slash commands, one file for each family."""

from typing import Any

from discord import app_commands

from bot.commands.animate import animate
from bot.commands.apikey import apikey
from bot.commands.between import between
from bot.commands.blend import blend
from bot.commands.consent import consent
from bot.commands.describe import describe, shorten
from bot.commands.export import export
from bot.commands.gallery import gallery
from bot.commands.help import help_command
from bot.commands.imagine import imagine, imagine_for
from bot.commands.info import info
from bot.commands.interpolate import interpolate
from bot.commands.lora import lora
from bot.commands.message_menu import MENU
from bot.commands.plan import plan
from bot.commands.prefer import prefer
from bot.commands.privacy import privacy
from bot.commands.queue import queue
from bot.commands.rank import rank
from bot.commands.safety_pictures import safety
from bot.commands.search import history, search, show
from bot.commands.server import server
from bot.commands.settings import settings
from bot.commands.train import train
from engine.prompt import Limits

Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu

COMMANDS: tuple[Command, ...] = (
    imagine,
    help_command,
    info,
    blend,
    interpolate,
    between,
    animate,
    describe,
    shorten,
    history,
    search,
    show,
    gallery,
    train,
    lora,
    rank,
    prefer,
    settings,
    privacy,
    consent,
    export,
    queue,
    apikey,
    safety,
    server,
    plan,
    *MENU,
)


def commands_for(limits: Limits) -> tuple[Command, ...]:
    """Return the commands, with descriptions that say what the default model can paint."""
    return tuple(imagine_for(limits) if command is imagine else command for command in COMMANDS)


def command_names() -> tuple[str, ...]:
    """Return the full names of the commands, those in groups included, such as `export start`."""
    groups = (group.walk_commands() if isinstance(group, app_commands.Group) else (group,) for group in COMMANDS)
    return tuple(command.qualified_name for group in groups for command in group)


__all__ = ["COMMANDS", "command_names", "commands_for"]
