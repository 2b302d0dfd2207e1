"""The buttons of `/queue quarantine`: let a job run again, or give it up."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import discord

from bot.answers import replace_answer, send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import ButtonFace, Card, FaceStyle
from bot.interaction_context import may_manage_guild
from bot.language import Phrase
from bot.replies import guild_queue_replies
from bot.services import Services
from bot.store.guild_quarantine import give_up_in_guild, read_guild_quarantine, retry_in_guild
from bot.store.interaction import InteractionContext
from engine.store.database import AsyncConnection

# Discord takes five rows of buttons.
_NUM_SHOWN = 5


class _FailedJobButton(JobButton):
    """A button of a job in quarantine, for those who manage the server."""

    done: ClassVar[Phrase]

    async def change(self, connection: AsyncConnection, guild_id: int) -> bool:
        """Store the change; return False if the job is not one of the server's in quarantine."""
        raise NotImplementedError

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the change, and show what is left."""
        if context.guild_id is None or not may_manage_guild(interaction):
            await send_ephemeral(interaction, guild_queue_replies.MANAGERS_ONLY)
            return
        async with services.database.begin(limit=services.answer_margin) as connection:
            is_changed = await self.change(connection, context.guild_id)
        said = self.done if is_changed else guild_queue_replies.NOT_QUARANTINED
        await replace_answer(interaction, await quarantine_card(services, context.guild_id, str(said)))


class RetryButton(_FailedJobButton, verb="retry"):
    """Lets the job run again."""

    done = guild_queue_replies.RETRIED

    async def change(self, connection: AsyncConnection, guild_id: int) -> bool:
        """Put it back into the queue."""
        return await retry_in_guild(connection, guild_id, self.button.job_id)


class GiveUpButton(_FailedJobButton, verb="giveup"):
    """Takes the job out of quarantine for good."""

    done = guild_queue_replies.GIVEN_UP

    async def change(self, connection: AsyncConnection, guild_id: int) -> bool:
        """Count it as cancelled."""
        return await give_up_in_guild(connection, guild_id, self.button.job_id)


async def quarantine_card(services: Services, guild_id: int, said: str | None = None) -> Card:
    """Return the server's jobs in quarantine with their buttons, below what is said first."""
    async with services.database.begin(limit=services.answer_margin) as connection:
        failed = await read_guild_quarantine(connection, guild_id, limit=_NUM_SHOWN)
    return Card(
        content=guild_queue_replies.quarantine(failed, said),
        rows=tuple(_faces(job.id, number) for number, job in enumerate(failed, 1)),
    )


def _faces(job_id: UUID, number: int) -> tuple[ButtonFace, ...]:
    return (
        RetryButton.face(job_id, label=guild_queue_replies.retry_label(number)),
        GiveUpButton.face(job_id, label=guild_queue_replies.give_up_label(number), style=FaceStyle.DANGER),
    )
