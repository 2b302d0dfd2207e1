"""Submitting jobs: member, limit, job, queue entry, delivery and action in one transaction, or none of them.

The coroutines are presses, to be run by `bot.store.batch`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from bot.policy.guild_rules import check_guild_rules
from bot.policy.plans import TimeLeft
from bot.policy.preferences import MemberPreferences, PreferencesChanged
from bot.policy.visibility import surface_of, visibility_of
from bot.store.adapters.using import check_adapters
from bot.store.allowance import Admitted, admit
from bot.store.between import with_ends
from bot.store.deliveries import BotInstance, Delivery
from bot.store.interaction import InteractionContext
from bot.store.members import Member
from bot.store.moderation.prompts import check_prompts
from bot.store.standing import AskedFor
from bot.store.statements import (
    charge,
    count_ahead,
    deliver,
    lock_member,
    read_guild_terms,
    read_standing,
    submit_jobs,
)
from bot.store.tables import DeliveryForm, DeliveryKind
from engine.contract.edits import Edit
from engine.contract.feedback import Surface
from engine.contract.ids import new_id
from engine.contract.jobs import MAX_COUNTED_AHEAD, MAX_SEED, Job, JobRequest, JobSpec, Operation, Visibility


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A job before it has an id and an owner.

    image_keys: object keys of the pictures in the prompt, in the order of `pictures_of(spec)`.
    """

    operation: Operation
    spec: JobSpec
    seed: int
    parent_job_id: UUID | None = None
    parent_picture_id: UUID | None = None
    edit: Edit | None = None
    image_keys: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PUBLIC


@dataclass(frozen=True, kw_only=True)
class SubmittedJob:
    """A stored job with its delivery, and how many waiting jobs start before it.

    warning, relaxed: as of `Admitted`, for it and the others of the same prompt.
    """

    job: Job
    delivery: Delivery
    num_ahead: int
    warning: TimeLeft | None = None
    relaxed: TimeLeft | None = None


async def submit_drafts(
    context: InteractionContext,
    drafts: Sequence[Draft],
    instance: BotInstance,
    preferences: MemberPreferences | None = None,
) -> tuple[SubmittedJob, ...]:
    """Store every draft as a job of the member with its delivery; empty if the interaction was already answered.

    The queue positions of all but the first are estimates: jobs of other members may come in between.

    preferences: those of the member with which the drafts were made; None if they were made without.

    Raises: what `admit` raises, MemberBanned, MemberRestricted, GuildPaused, ChannelNotAllowed, WordForbidden,
        PreferencesChanged if the member's are others, SettingUnsupported for an adapter that they may not use,
        and what `with_ends` raises; nothing is stored then.
    """
    member = await lock_member(context)
    if preferences not in (None, member.preferences):
        raise PreferencesChanged(preferences=member.preferences)
    drafts = _together([await with_results(context, member, draft) for draft in drafts])
    terms = await read_guild_terms(context.guild_id)
    check_guild_rules(terms.rules, context.channel_id, context.thread_parent_id)
    standing = await read_standing(AskedFor(press_id=context.id, member_id=member.id))
    if standing.is_answered:
        return ()
    specs = [draft.spec for draft in drafts]
    admission = await admit(context, member, specs, terms.plans, standing.num_pending)
    await check_adapters(context, member.id, specs)
    await check_prompts(context, member.id, specs, terms.words)
    return await submit_for_member(context, member, admission, drafts, instance)


def _together(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Return the drafts, all of them private if one is: one message tells about all."""
    is_private = any(draft.visibility is Visibility.PRIVATE for draft in drafts)
    return [replace(draft, visibility=Visibility.PRIVATE) for draft in drafts] if is_private else drafts


async def submit_for_member(
    context: InteractionContext,
    member: Member,
    admission: Admitted,
    drafts: Sequence[Draft],
    instance: BotInstance,
) -> tuple[SubmittedJob, ...]:
    """Do the same for a member who is locked and admitted, and has not had an answer to the interaction."""
    jobs = await submit_jobs([_request(draft, member, admission.plan.max_running) for draft in drafts])
    added = [new_delivery(context, member, job, ordinal=ordinal) for ordinal, job in enumerate(jobs)]
    if len(jobs) > 1:
        added = [replace(delivery, is_in_series=True) for delivery in added]
    await deliver((added, instance))
    await charge((admission.account, jobs))
    num_ahead = await count_ahead(jobs[0].id)
    return tuple(
        SubmittedJob(
            job=job,
            delivery=delivery,
            num_ahead=min(num_ahead + further, MAX_COUNTED_AHEAD),
            warning=admission.warning,
            relaxed=admission.relaxed,
        )
        for further, (job, delivery) in enumerate(zip(jobs, added, strict=True))
    )


def new_delivery(
    context: InteractionContext, member: Member, job: Job, *, ordinal: int = 0, picture_id: UUID | None = None
) -> Delivery:
    """Return a new delivery for the interaction.

    Its own response is only the first one with a grid, or what the bot cannot post as a message of its own.
    """
    form = form_of(context, job.visibility)
    is_own_answer = (picture_id is None or form is not DeliveryForm.MESSAGE) and ordinal == 0
    return Delivery(
        id=new_id(),
        kind=DeliveryKind.PICTURE if picture_id else DeliveryKind.GRID,
        job_id=job.id,
        picture_id=picture_id,
        member_id=member.id,
        discord_id=member.discord_id,
        press_id=context.id,
        ordinal=ordinal,
        channel_id=context.channel_id,
        moved_from=None,
        reply_to=context.message_id,
        message_id=None,
        token=context.token if is_own_answer else None,
        created_at=context.at,
        surface=surface_of(job.visibility, context.surface),
        is_nsfw_channel=context.is_nsfw_channel,
        guild_id=context.guild_id,
        form=form,
        language=context.languages.member if form is DeliveryForm.EPHEMERAL else context.languages.channel,
        direct_language=context.languages.direct,
    )


def form_of(context: InteractionContext, visibility: Visibility) -> DeliveryForm:
    """Return what kind of message answers the interaction with a job; direct messages are private by themselves."""
    if visibility is Visibility.PRIVATE and context.surface is not Surface.DM:
        return DeliveryForm.EPHEMERAL
    return DeliveryForm.MESSAGE if context.is_bot_there else DeliveryForm.ANSWER


async def with_results(context: InteractionContext, member: Member, draft: Draft) -> Draft:
    """Return the draft with the two results that its prompt names, private if one of them is. A part of a press.

    Raises: what `with_ends` raises.
    """
    found = await with_ends(context, member.id, draft.spec) if draft.operation is Operation.IMAGINE else None
    if found is None:
        return draft
    visibility = draft.visibility
    if found.visibility is Visibility.PRIVATE:
        visibility = visibility_of(found.spec, found.visibility)
    return replace(draft, spec=found.spec, seed=seed_of(found.spec), visibility=visibility)


def random_seed() -> int:
    """Return a seed for a job that asked for none, 0 to 2**32 - 1."""
    return secrets.randbelow(MAX_SEED + 1)


def seed_of(spec: JobSpec) -> int:
    """Return the seed that the spec asks for, by its number or by the first of two results; else a random one."""
    if spec.ends:
        return spec.ends[0].seeds[0]
    seed = spec.parameters.get("seed")
    return seed if isinstance(seed, int) else random_seed()


def _request(draft: Draft, member: Member, max_running: int | None) -> JobRequest:
    return JobRequest(
        id=new_id(),
        member_id=member.id,
        operation=draft.operation,
        spec=draft.spec,
        seed=draft.seed,
        parent_job_id=draft.parent_job_id,
        parent_picture_id=draft.parent_picture_id,
        edit=draft.edit,
        image_keys=draft.image_keys,
        visibility=draft.visibility,
        max_running=max_running,
    )
