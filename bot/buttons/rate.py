"""The rating row: under a grid it rates the grid as a whole, under a single picture that picture."""

from __future__ import annotations

import discord

from bot import replies
from bot.answers import send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR, PICTURE_AND_RATING
from bot.services import Services
from bot.store.button_actions import rate
from bot.store.interaction import InteractionContext
from engine.contract.feedback import Rating
from engine.contract.jobs import Job


class RateButton(JobButton, verb="rate", index=ONE_TO_FOUR):
    """Rates the grid; the index is the rating."""

    rows = {CardKind.GRID: 2}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return one button for each rating."""
        return tuple(cls.face(job.id, rating.value, emoji=replies.RATING_EMOJI[rating]) for rating in Rating)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the rating, and confirm it."""
        rating = Rating(self.button.index or 0)
        rated = await services.commit(context, lambda: rate(context, self.button.job_id, None, rating))
        await send_ephemeral(interaction, replies.rated(rated.rating, rated.before))


class RatePictureButton(JobButton, verb="judge", index=PICTURE_AND_RATING):
    """Rates one picture; the first digit of the index is the picture, the second the rating."""

    rows = {CardKind.PICTURE: 1}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return one button for each rating."""
        assert slot is not None
        tens = 10 * (slot + 1)
        return tuple(cls.face(job.id, tens + rating.value, emoji=replies.RATING_EMOJI[rating]) for rating in Rating)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the rating, and confirm it."""
        number, rating = divmod(self.button.index or 0, 10)
        rated = await services.commit(context, lambda: rate(context, self.button.job_id, number - 1, Rating(rating)))
        await send_ephemeral(interaction, replies.rated(rated.rating, rated.before))
