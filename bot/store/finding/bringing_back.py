"""Bringing a finished job back: one more delivery of it; a press, to be run by `bot.store.batch`."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from bot.policy.guild_rules import check_channel
from bot.store.button_actions import check_not_removed, read_press
from bot.store.deliveries import BotInstance
from bot.store.interaction import InteractionContext
from bot.store.moderation.prompts import check_prompts
from bot.store.statements import deliver, is_answered, publish_job, read_guild_terms
from bot.store.submissions import SubmittedJob, form_of, new_delivery
from bot.store.tables import DeliveryForm, DeliveryKind
from engine.contract.errors import JobUnknown, PictureUnknown
from engine.contract.jobs import JobStatus, Visibility


async def bring_back(
    context: InteractionContext, job_id: UUID, instance: BotInstance, *, makes_public: bool = False
) -> SubmittedJob | None:
    """Store a delivery of the member's job as the answer; None if the interaction was already answered.

    makes_public: whether others may see the job from now on, and find it where it is shown then.

    Raises: JobUnknown, also for the job of somebody else, who alone may show it elsewhere; PictureUnknown,
        PictureRemoved; ChannelNotAllowed, WordForbidden where others would see it.
    """
    press = await read_press(context, job_id)
    if press.job.member_id != press.member.id:
        raise JobUnknown(job_id=job_id)
    if press.job.status is not JobStatus.FINISHED:
        raise PictureUnknown(job_id=job_id)
    await check_not_removed(context, press, [picture.slot for picture in press.pictures])
    is_published = makes_public and press.job.visibility is Visibility.PRIVATE
    job = replace(press.job, visibility=Visibility.PUBLIC) if is_published else press.job
    terms = await read_guild_terms(context.guild_id)
    if await is_answered(context.id):
        return None
    # What was painted elsewhere, or before there were rules, is shown to all as what is painted here is.
    if form_of(context, job.visibility) is not DeliveryForm.EPHEMERAL:
        check_channel(terms.rules, context.channel_id, context.thread_parent_id)
        await check_prompts(context, press.member.id, [job.spec], terms.words)
    if is_published:
        await publish_job(job.id)
    kind = DeliveryKind.GRID if is_published else DeliveryKind.AGAIN
    # The list in which it was found is a message that the member alone sees.
    delivery = replace(new_delivery(context, press.member, job), kind=kind, reply_to=None)
    await deliver(((delivery,), instance))
    return SubmittedJob(job=job, delivery=delivery, num_ahead=0)
