"""How a result is shown in the message of its delivery, by what a classifier says of it and where the message is."""

from __future__ import annotations

from bot.policy.pictures import Showing, unsafe_showing
from bot.store.deliveries import Delivery
from bot.store.job_status import JobDetails
from bot.store.moderation.picture_rules import (
    read_job_showing,
    read_picture_rules,
    read_showing,
    where_of_delivery,
)
from engine.contract.jobs import JobStatus
from engine.prompt import Limits
from engine.store.database import AsyncConnection


async def read_result_showing(
    connection: AsyncConnection, limits: Limits, delivery: Delivery, details: JobDetails
) -> Showing:
    """Return how the result is shown where the message is, or the preview, of which nobody knows how unsafe it is."""
    job, where = details.job, where_of_delivery(delivery)
    if limits.shows_unsafe:
        return Showing.SHOW
    if job.status is not JobStatus.FINISHED:
        may_be_seen = details.preview is None or not limits.has_classifier
        if may_be_seen:
            return Showing.SHOW
        return unsafe_showing(where, await read_picture_rules(connection, where.guild_id))
    if details.picture:
        return await read_showing(connection, where, job, [details.picture])
    return await read_job_showing(connection, where, job)
