"""Answering with the message of jobs just stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import discord
import structlog

from bot.answers import UNSENT, send_ephemeral
from bot.cards import Card, job_card, view_from_card
from bot.delivery.compose import with_private_note
from bot.delivery.discord_messages import NO_MENTIONS
from bot.language import speaking
from bot.replies import plan_replies
from bot.series_card import series_card
from bot.services import Services
from bot.store.deliveries import Delivery
from bot.store.job_status import JobProgress
from bot.store.series import Series
from bot.store.submissions import SubmittedJob
from bot.store.tables import DeliveryForm
from engine.contract.jobs import JobStatus
from engine.prompt import notes_on

_log = structlog.get_logger()


async def show_job(interaction: discord.Interaction, services: Services, submitted: SubmittedJob) -> None:
    """Answer with the message of a job just stored; if that fails, the courier posts it instead."""
    job, delivery = submitted.job, submitted.delivery
    wait = services.courier.pace.wait(submitted.num_ahead)
    notes = notes_on(job.spec, services.limits, job.operation)
    with speaking(delivery.language):
        card = job_card(
            job, delivery.discord_id, services.buttons, num_ahead=submitted.num_ahead, wait=wait, notes=notes
        )
        card = with_private_note(card, job, delivery)
    message_id = await _send_card(interaction, card, delivery)
    if message_id is None:
        services.courier.deliver(delivery, is_fresh=False)
        return
    shown = JobProgress(status=JobStatus.WAITING, percent=0, num_ahead=submitted.num_ahead)
    services.courier.deliver(replace(delivery, message_id=message_id), is_fresh=True, shown=shown)
    await _warn(interaction, submitted)


async def show_series(interaction: discord.Interaction, services: Services, submitted: Sequence[SubmittedJob]) -> None:
    """Answer with the one message of jobs just stored; if that fails, the courier posts it instead."""
    last, owner = submitted[-1], submitted[0].delivery.discord_id
    series = Series(
        jobs=tuple(one.job for one in submitted),
        waiting=frozenset(one.job.id for one in submitted),
        wait=services.courier.pace.wait(last.num_ahead),
    )
    with speaking(submitted[0].delivery.language):
        card = series_card(series, owner, services.buttons, services.limits)
    message_id = await _send_card(interaction, card, submitted[0].delivery)
    deliveries = [replace(one.delivery, reply_to=message_id) for one in submitted]
    is_sent = message_id is not None
    services.courier.deliver_series(deliveries, is_fresh=is_sent, shown=card if is_sent else None)
    if is_sent:
        await _warn(interaction, last)


async def _warn(interaction: discord.Interaction, submitted: SubmittedJob) -> None:
    """Tell the member alone how little of their GPU time will be left, or that there is none for the job."""
    if said := plan_replies.notice(warning=submitted.warning, relaxed=submitted.relaxed):
        await send_ephemeral(interaction, said)


async def _send_card(interaction: discord.Interaction, card: Card, delivery: Delivery) -> int | None:
    """Return the id of the answer, or None if it may not have been sent."""
    view, is_awaited = view_from_card(card), interaction.response.is_done()
    try:
        if is_awaited:
            edited = await interaction.edit_original_response(
                content=card.content, view=view, allowed_mentions=NO_MENTIONS
            )
            return edited.id
        is_private = delivery.form is DeliveryForm.EPHEMERAL
        sent = await interaction.response.send_message(
            card.content, view=view, ephemeral=is_private, allowed_mentions=NO_MENTIONS
        )
    except UNSENT as error:
        _log.warning("answer_not_sent", error=type(error).__name__)
        return None
    return sent.message_id
