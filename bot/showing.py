"""How a picture is shown to whoever has pressed a button under it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.policy.pictures import PictureWithheld, Showing, may_be_unsafe
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.moderation.picture_rules import read_showing, where_of_context
from engine.contract.jobs import Job, Picture


async def showing_there(
    services: Services, context: InteractionContext, job: Job, pictures: Sequence[Picture]
) -> Showing:
    """Return how the pictures of the job are shown where the button is: like any other, or behind a spoiler.

    Raises: PictureWithheld.
    """
    if services.limits.shows_unsafe or not may_be_unsafe(picture.unsafe_score for picture in pictures):
        return Showing.SHOW
    async with services.database.begin(limit=services.answer_margin) as connection:
        showing = await read_showing(connection, where_of_context(context), job, pictures)
    if showing is Showing.WITHHOLD:
        raise PictureWithheld(job_id=job.id)
    return showing
