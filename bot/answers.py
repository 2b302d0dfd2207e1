"""Answering interactions: run the work, reply with an error if it fails, and show the job that it started."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import replace

import aiohttp
import discord
import structlog
from structlog.contextvars import bound_contextvars

from bot import replies
from bot.cards import job_card, view_from_card
from bot.delivery.discord_messages import NO_MENTIONS
from bot.services import Services
from bot.store.job_status import JobProgress
from bot.store.submissions import SubmittedJob
from engine.contract.errors import EaselError
from engine.contract.jobs import JobStatus
from engine.error_boundary import logged_result_of
from engine.prompt import notes_on

_log = structlog.get_logger()

# Errors of sending an answer; it may have arrived all the same.
_UNSENT = (discord.HTTPException, aiohttp.ClientError, OSError, asyncio.TimeoutError)


async def answer(interaction: discord.Interaction, services: Services, name: str, work: Awaitable[None]) -> None:
    """Run the work, which answers the interaction; if it raises, reply with the error.

    name: of the command or verb, for logs and metrics.
    """
    began = time.monotonic()
    task = asyncio.current_task()
    assert task is not None
    services.answer_tasks.add(task)
    task.add_done_callback(services.answer_tasks.discard)
    with bound_contextvars(action=name, interaction=interaction.id):
        result = await logged_result_of(work)
        if isinstance(result, EaselError):
            await send_ephemeral(interaction, replies.reply_for(result))
        elif isinstance(result, Exception):
            await send_ephemeral(interaction, replies.BROKEN)
    outcome = type(result).__name__ if result else "done"
    services.metrics.answers.labels(name=name, outcome=outcome).inc()
    services.metrics.answer_seconds.labels(name=name).observe(time.monotonic() - began)


async def send_ephemeral(interaction: discord.Interaction, text: str) -> None:
    """Reply to the member alone; if Discord no longer accepts a reply, only log that."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True, allowed_mentions=NO_MENTIONS)
        else:
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NO_MENTIONS)
    except _UNSENT as error:
        _log.warning("answer_not_sent", error=type(error).__name__)


async def acknowledge(interaction: discord.Interaction) -> None:
    """Answer a press with nothing to see; if Discord no longer accepts an answer, only log that."""
    try:
        await interaction.response.defer()
    except _UNSENT as error:
        _log.warning("answer_not_sent", error=type(error).__name__)


async def remove_buttons(interaction: discord.Interaction) -> None:
    """Answer a press by taking the buttons off its message; if Discord no longer accepts that, only log it."""
    try:
        await interaction.response.edit_message(view=None)
    except _UNSENT as error:
        _log.warning("answer_not_sent", error=type(error).__name__)


async def show_job(interaction: discord.Interaction, services: Services, submitted: SubmittedJob) -> None:
    """Answer with the message of a job just stored; if that fails, the courier posts it instead."""
    job, delivery = submitted.job, submitted.delivery
    wait = services.courier.pace.wait(submitted.num_ahead)
    card = job_card(
        job,
        delivery.discord_id,
        services.buttons,
        num_ahead=submitted.num_ahead,
        wait=wait,
        notes=notes_on(job.spec, services.limits),
    )
    try:
        sent = await interaction.response.send_message(
            card.content, view=view_from_card(card), allowed_mentions=NO_MENTIONS
        )
    except _UNSENT as error:
        _log.warning("answer_not_sent", job=str(job.id), error=type(error).__name__)
        services.courier.deliver(delivery, is_fresh=False)
        return
    shown = JobProgress(status=JobStatus.WAITING, percent=0, num_ahead=submitted.num_ahead)
    if sent.message_id is None:
        services.courier.deliver(delivery, is_fresh=False)
    else:
        services.courier.deliver(replace(delivery, message_id=sent.message_id), is_fresh=True, shown=shown)
