"""What members were shown: one impression for each result that was delivered, in the transaction that says so."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import Delivery
from bot.store.members import read_consent
from engine.contract.feedback import Surface
from engine.feedback.records import Impression, ImpressionKind, PromptOrigin
from engine.feedback.shown import hash_of_prompt, shown_from_picture
from engine.feedback.store.impressions import append_impression
from engine.store.jobs import read_jobs_with_pictures

UI_VERSION = 4
"""Of the layout of messages; to be raised when pictures or buttons change place or size."""


async def log_impression(connection: AsyncConnection, delivery: Delivery) -> None:
    """Log that the delivery's message shows its pictures; nothing if they were erased meanwhile."""
    (found,) = await read_jobs_with_pictures(connection, [delivery.job_id])
    job, pictures = found or (None, ())
    shown = [picture for picture in pictures if delivery.picture_id in {None, picture.id}]
    if job is None or not shown:
        return
    impression = Impression(
        id=delivery.id,
        kind=ImpressionKind.PICTURE if delivery.picture_id or len(pictures) == 1 else ImpressionKind.GRID,
        message_id=delivery.message_id,
        job_id=job.id,
        member_id=delivery.member_id,
        pictures=tuple(shown_from_picture(picture) for picture in shown),
        prompt_hash=hash_of_prompt(job.spec),
        # Prompts come from the options of commands alone; buttons repeat them.
        prompt_source=PromptOrigin.COMMAND,
        parent_job_id=job.parent_job_id,
        parent_picture_id=job.parent_picture_id,
        operation=job.operation.value,
        surface=Surface.DM if delivery.moved_from else delivery.surface,
        is_nsfw_channel=False if delivery.moved_from else delivery.is_nsfw_channel,
        ui_version=UI_VERSION,
        consent=await read_consent(connection, delivery.member_id),
        shown_at=datetime.now(UTC),
        guild_id=delivery.guild_id,
    )
    await append_impression(connection, impression)
