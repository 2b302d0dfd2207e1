"""The rating row: under a grid it rates the grid as a whole, under a single picture that picture."""

from __future__ import annotations

import discord

from bot.answers import replace_answer, send_card, send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind, answer_rows
from bot.custom_ids import ONE_TO_FOUR, ONE_TO_FOUR_OR_ALL, PICTURE_AND_RATING
from bot.interaction_context import origin_of
from bot.language import _
from bot.replies.feedback_replies import RATING_EMOJI, rated, taken_back
from bot.services import Services
from bot.store.button_actions import RatingChange, rate, take_back_rating
from bot.store.interaction import InteractionContext
from engine.contract.feedback import Rating
from engine.contract.jobs import Job


class RateButton(JobButton, verb="rate", index=ONE_TO_FOUR):
    """Rates the grid; the index is the rating."""

    rows = {CardKind.GRID: 2}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return one button for each rating."""
        return tuple(cls.face(job.id, rating.value, emoji=RATING_EMOJI[rating]) for rating in Rating)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the rating, and show which one stands."""
        rating = Rating(self.button.index or 0)
        change = await services.commit(context, lambda: rate(context, self.button.job_id, None, rating))
        services.gallery_keeper.wake()
        await _show(self, interaction, services, change)


class RatePictureButton(JobButton, verb="judge", index=PICTURE_AND_RATING):
    """Rates one picture; the first digit of the index is the picture, the second the rating."""

    rows = {CardKind.PICTURE: 4}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return one button for each rating."""
        assert slot is not None
        tens = 10 * (slot + 1)
        return tuple(cls.face(job.id, tens + rating.value, emoji=RATING_EMOJI[rating]) for rating in Rating)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the rating, and show which one stands."""
        number, rating = divmod(self.button.index or 0, 10)
        change = await services.commit(context, lambda: rate(context, self.button.job_id, number - 1, Rating(rating)))
        services.gallery_keeper.wake()
        await _show(self, interaction, services, change)


class TakeBackButton(JobButton, verb="unrate", index=ONE_TO_FOUR_OR_ALL):
    """Takes back the member's rating of the picture that its index names, or of the grid."""

    rows = {CardKind.RATED: 0}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, subject.number, origin=subject.origin, label=_("Take back"), emoji="↩️"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store that there is no rating any more, and say so in place of the rating."""
        before = await services.commit(
            context, lambda: take_back_rating(context, self.button.job_id, self.slot_or_all())
        )
        services.gallery_keeper.wake()
        await replace_answer(interaction, Card(content=taken_back(before)))


async def _show(button: JobButton, interaction: discord.Interaction, services: Services, change: RatingChange) -> None:
    origin = origin_of(interaction)
    text = rated(change.rating, change.before)
    if origin is None:
        await send_ephemeral(interaction, text)
        return
    subject = AnswerSubject(job_id=button.button.job_id, origin=origin)
    await send_card(interaction, Card(content=text, rows=answer_rows(services.buttons, CardKind.RATED, subject)))
