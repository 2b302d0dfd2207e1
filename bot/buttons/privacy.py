"""The buttons of `/privacy`: change what is agreed to, download, and erase, which is asked about once more."""

from __future__ import annotations

import io

import discord

from bot.answers import edit_pressed
from bot.buttons.about_member import MemberButton
from bot.consent_form import Switches, consent_view
from bot.consent_text import CONSENT_TEXT, CONSENT_VERSION
from bot.delivery.attachments import MAX_BYTES
from bot.own_data_file import NAME, build_file
from bot.privacy_card import (
    CHOICES_VERB,
    DOWNLOAD_VERB,
    ERASE_ALL_VERB,
    ERASE_VERB,
    STAY_VERB,
    question_content,
    question_view,
    summary_content,
    summary_view,
)
from bot.replies import privacy_replies
from bot.replies.export_replies import OWN_MORE, OWN_REST
from bot.services import Services
from bot.store.choices import erase_myself
from bot.store.exports import request_export
from bot.store.interaction import InteractionContext
from bot.store.own_data import StoredOfMember, read_own_data, read_stored


class ChoicesButton(MemberButton, verb=CHOICES_VERB):
    """Shows the form of consent."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show the form with what is in force."""
        stored = await _read(services, context)
        switches = Switches(
            may_train=stored is not None and stored.consent.may_train,
            may_publish=stored is not None and stored.consent.may_publish,
        )
        await edit_pressed(interaction, content=str(CONSENT_TEXT), view=consent_view(CONSENT_VERSION, switches))


class DownloadButton(MemberButton, verb=DOWNLOAD_VERB):
    """Sends the member their own data."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Answer at once, and send the file when it is made."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        async with services.database.background, services.database.begin() as connection:
            data = await read_own_data(connection, context.discord_id)
        if data is None:
            await interaction.edit_original_response(content=str(privacy_replies.NOTHING_STORED))
            return
        made = await build_file(data, services.objects, max_bytes=MAX_BYTES, credentials=services.credentials)
        said = privacy_replies.own_data(num_pictures=made.num_pictures, num_left_out=made.num_left_out)
        if made.is_cut:
            is_coming = await _request_all(services, context)
            said = f"{said}\n{OWN_MORE if is_coming else OWN_REST}"
        file = discord.File(io.BytesIO(made.content), NAME)
        await interaction.edit_original_response(content=said, attachments=[file])


class EraseButton(MemberButton, verb=ERASE_VERB):
    """Asks whether everything is to be erased."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Say what will go, and ask."""
        stored = await _read(services, context)
        if stored is None:
            await edit_pressed(interaction, content=summary_content(None), view=summary_view(None))
        else:
            await edit_pressed(interaction, content=question_content(stored), view=question_view())


class EraseAllButton(MemberButton, verb=ERASE_ALL_VERB):
    """Erases the member who presses."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store that they are to be erased, say so, and begin."""
        await services.commit(context, lambda: erase_myself(context))
        services.asked.discard(context.discord_id)
        services.eraser.wake()
        await edit_pressed(interaction, content=str(privacy_replies.ERASING), view=None)


class StayButton(MemberButton, verb=STAY_VERB):
    """Goes back without erasing."""

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show what is stored."""
        stored = await _read(services, context)
        await edit_pressed(interaction, content=summary_content(stored), view=summary_view(stored))


async def _request_all(services: Services, context: InteractionContext) -> bool:
    """Ask for a file with everything, of any size; return False where nobody could download it."""
    if services.exporter is None or services.exports is None or services.exports.public_url is None:
        return False
    options = {"format": "own-data"}
    async with services.database.background, services.database.begin() as connection:
        await request_export(connection, context, options, guild_id=None, max_bytes=MAX_BYTES)
    services.exporter.wake()
    return True


async def _read(services: Services, context: InteractionContext) -> StoredOfMember | None:
    async with services.database.background, services.database.begin() as connection:
        return await read_stored(connection, context.discord_id)
