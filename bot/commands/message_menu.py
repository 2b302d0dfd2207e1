"""The menu of a message: the recipe of what it shows, its picture in a prompt or described, a report, and deleting it.

Discord hands over the message that a member chooses, also where the bot receives no others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.buttons.delete import ask_to_delete
from bot.buttons.picture_prompt import ask_for_prompt
from bot.buttons.report import ask_for_report
from bot.custom_ids import AnswerOrigin, id_from_text
from bot.interaction_context import context_from_interaction, custom_ids
from bot.prompts import PICTURE_ALONE
from bot.queueing import queue_prompt
from bot.replies import menu_replies
from bot.services import SEND_MARGIN, Services, services_of
from bot.store.finding.searches import FoundJob, find_shown
from engine.contract.jobs import Operation, Visibility

Use = Callable[[discord.Interaction, Services, discord.Message], Awaitable[None]]


def _menu(name: str, use: Use) -> app_commands.ContextMenu:
    """Return one entry of the menu."""

    async def chosen(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        services = services_of(interaction)
        await answer(interaction, services, name, use(interaction, services, message))

    return app_commands.ContextMenu(
        name=name,
        callback=chosen,
    )


async def _show_recipe(interaction: discord.Interaction, services: Services, message: discord.Message) -> None:
    found = await _find(interaction, services, message)
    if found is None:
        return
    if not found.pictures:
        await send_ephemeral(interaction, menu_replies.NOT_PAINTED_YET)
        return
    slot = _slot_of(found)
    shown = [picture for picture in found.pictures if slot in (None, picture.slot)]
    await send_ephemeral(interaction, menu_replies.recipe_text(found.job, shown))


async def _use_in_prompt(interaction: discord.Interaction, services: Services, message: discord.Message) -> None:
    picture = _picture_of(message)
    if picture is None:
        await send_ephemeral(interaction, menu_replies.NO_PICTURE)
    else:
        await ask_for_prompt(interaction, message, picture)


async def _describe(interaction: discord.Interaction, services: Services, message: discord.Message) -> None:
    picture = _picture_of(message)
    if picture is None:
        await send_ephemeral(interaction, menu_replies.NO_PICTURE)
        return
    words, given = PICTURE_ALONE, {"image": picture}
    visibility = Visibility.PRIVATE if message.flags.ephemeral else Visibility.PUBLIC
    await queue_prompt(interaction, services, words, {}, given, operation=Operation.DESCRIBE, visibility=visibility)


async def _report(interaction: discord.Interaction, services: Services, message: discord.Message) -> None:
    found = await _find(interaction, services, message)
    if found is not None:
        await ask_for_report(interaction, found.job.id, _origin(found, message))


async def _delete(interaction: discord.Interaction, services: Services, message: discord.Message) -> None:
    found = await _find(interaction, services, message)
    if found is not None:
        context = context_from_interaction(interaction)
        await ask_to_delete(interaction, services, context, found.job.id, _origin(found, message))


MENU = (
    _menu(menu_replies.RECIPE_NAME.text, _show_recipe),
    _menu(menu_replies.PICTURE_PROMPT_NAME.text, _use_in_prompt),
    _menu(menu_replies.DESCRIBE_NAME.text, _describe),
    _menu(menu_replies.REPORT_NAME.text, _report),
    _menu(menu_replies.DELETE_NAME.text, _delete),
)


async def _find(interaction: discord.Interaction, services: Services, message: discord.Message) -> FoundJob | None:
    """Return what the message shows; None, and the member is told, if that is no job of this bot."""
    is_own = message.author.id == interaction.application_id
    named = next((button.job_id for button in map(id_from_text, custom_ids(message)) if button), None)
    found = None
    if is_own:
        async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
            found = await find_shown(connection, interaction.user.id, message.id, named)
    if found is None:
        is_erased = is_own and named is not None
        await send_ephemeral(interaction, menu_replies.ERASED if is_erased else menu_replies.NOT_OURS)
    return found


def _slot_of(found: FoundJob) -> int | None:
    """Return the slot of the picture that the message shows by itself; None for a grid."""
    picture_id = found.delivery.picture_id if found.delivery else None
    if picture_id is None and len(found.pictures) == 1:
        return found.pictures[0].slot
    return next((picture.slot for picture in found.pictures if picture.id == picture_id), None)


def _origin(found: FoundJob, message: discord.Message) -> AnswerOrigin:
    shown_at = message.edited_at or message.created_at
    return AnswerOrigin(message_id=message.id, slot=_slot_of(found), shown_at=shown_at)


def _picture_of(message: discord.Message) -> discord.Attachment | None:
    files = message.attachments
    return next((file for file in files if (file.content_type or "").startswith("image/")), None)
