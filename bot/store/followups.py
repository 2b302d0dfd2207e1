"""Jobs that buttons start from other jobs: the feedback action, the new job and its delivery, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from bot.policy.guild_rules import check_guild_rules
from bot.policy.plans import TimeUsedUp
from bot.policy.visibility import visibility_for, visibility_of
from bot.store.adapters.using import check_adapters
from bot.store.allowance import Admitted, admit
from bot.store.button_actions import ButtonPress, action_from_press, check_not_removed, find_picture, read_press
from bot.store.deliveries import BotInstance
from bot.store.interaction import InteractionContext
from bot.store.moderation.prompts import check_prompts
from bot.store.standing import AskedFor
from bot.store.statements import (
    is_repeat,
    read_guild_terms,
    read_standing,
    record_action,
)
from bot.store.submissions import Draft, SubmittedJob, random_seed, seed_of, submit_for_member, with_results
from engine.contract.edits import Edit
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, JobSpec, Operation, Picture, Speed, Visibility
from engine.contract.references import pictures_of


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """What a button asks for.

    verb: how the press is recorded.
    slot: the picture, 0 to 3, that the new job starts from; None starts from what the old job started from.
    operation_of: tells the new job's operation from the old job.
    renew_spec: makes the new job's spec from the old one's; refuses what the models cannot do.
    edit_of: tells what is done to the picture that the new job starts from, given the old job with the new spec; None
        repeats what the old job did.
    variation: the kind of the verb, where it has several.
    image_keys: object keys of the pictures in the new prompt, by their links or names; None for those of the old job.
    is_deliberate: whether it cannot be one of several quick clicks, as what comes from a form or a page.
    has_prompt: whether the member has been asked for the prompt, or need not be, whatever their settings say.
    relax: makes the spec of a relaxed job, for a member who has no GPU time left; None refuses them.
    """

    verb: Verb
    job_id: UUID
    slot: int | None
    operation_of: Callable[[Job], Operation]
    renew_spec: Callable[[Operation, JobSpec], JobSpec]
    edit_of: Callable[[Job, Picture], Edit | None] | None = None
    variation: str | None = None
    image_keys: Mapping[str, str] | None = None
    is_deliberate: bool = False
    has_prompt: bool = False
    relax: Callable[[JobSpec], JobSpec] | None = None


@dataclass(frozen=True, kw_only=True)
class PromptWanted:
    """The member wants to be asked for the prompt of the new job; that of the old one, to change, is `prompt`."""

    prompt: str


async def start_follow_up(
    context: InteractionContext, follow_up: FollowUp, instance: BotInstance
) -> SubmittedJob | PromptWanted | None:
    """Store the new job with its delivery; None when the press was already stored, or repeats one of a moment ago.

    Quick clicks are one, whichever bots they come to: the member's row is locked, and what was stored decides.
    Nothing is stored for a member with remix who has not been asked for the prompt.

    Raises: JobUnknown, PictureUnknown, MemberRestricted, GuildPaused, ChannelNotAllowed, WordForbidden,
        PictureRemoved, DeletedByOwner, and what `admit`, `renew_spec` and `with_ends` raise.
    """
    press = await read_press(context, follow_up.job_id)
    picture = None if follow_up.slot is None else find_picture(press, follow_up.slot)
    if picture:
        await check_not_removed(context, press, [picture.slot])
    operation = follow_up.operation_of(press.job)
    spec = follow_up.renew_spec(operation, press.job.spec)
    draft = Draft(
        operation=operation,
        spec=spec,
        # The same way with the same noise would be the same pictures.
        seed=random_seed() if spec.ends else seed_of(spec),
        parent_job_id=press.job.id,
        parent_picture_id=_parent_picture(operation, press.job, picture),
        edit=_edit(follow_up, replace(press.job, spec=spec), picture),
        image_keys=_image_keys(follow_up, press.job, spec),
        visibility=_visibility(press, spec),
    )
    draft = await with_results(context, press.member, draft)
    spec = draft.spec
    # Before the member is asked for a prompt, which would be lost.
    terms = await read_guild_terms(context.guild_id)
    check_guild_rules(terms.rules, context.channel_id, context.thread_parent_id)
    if press.member.has_remix and not follow_up.has_prompt:
        return PromptWanted(prompt=spec.prompt)
    # Asked before the limit: the first delivery of the press may have used it up.
    standing = await read_standing(AskedFor(press_id=context.id, member_id=press.member.id))
    if standing.is_answered:
        return None
    pressed = action_from_press(context, press, follow_up.verb, picture)
    action = replace(pressed, variation=follow_up.variation)
    if not follow_up.is_deliberate and await is_repeat(action):
        return None
    admitting = partial(admit, context, press.member, plans=terms.plans, num_pending=standing.num_pending)
    admission, spec = await _admit(admitting, follow_up, spec)
    await check_adapters(context, press.member.id, [spec])
    await check_prompts(context, press.member.id, [spec], terms.words)
    await record_action(action)
    draft = replace(draft, spec=spec)
    (submitted,) = await submit_for_member(context, press.member, admission, [draft], instance)
    return submitted


async def read_visibility(context: InteractionContext, job_id: UUID, spec: JobSpec) -> Visibility:
    """Return who may see what a press on the job starts with the spec; nothing is stored.

    Raises: JobUnknown.
    """
    return _visibility(await read_press(context, job_id), spec)


def _visibility(press: ButtonPress, spec: JobSpec) -> Visibility:
    """Return who may see the new job: what starts from a private one is private, and so is what its member prefers."""
    return visibility_of(spec, visibility_for(press.member.preferences, press.job.visibility))


async def _admit(
    admitting: Callable[[Sequence[JobSpec]], Awaitable[Admitted]], follow_up: FollowUp, spec: JobSpec
) -> tuple[Admitted, JobSpec]:
    """Admit the member to a job of the spec; without GPU time to a relaxed one, unless they asked for a speed.

    Raises: what `admit` raises.
    """
    try:
        return await admitting([spec]), spec
    except TimeUsedUp as error:
        asks = any(spec.parameters.get(speed.value) for speed in Speed)
        if asks or follow_up.relax is None or Speed.RELAX not in error.plan.speeds:
            raise
        relaxed = follow_up.relax(spec)
        admission = await admitting([relaxed])
        return replace(admission, relaxed=error.left), relaxed


def _parent_picture(operation: Operation, job: Job, picture: Picture | None) -> UUID | None:
    if operation is Operation.IMAGINE:
        return None
    return picture.id if picture else job.parent_picture_id


def _image_keys(follow_up: FollowUp, job: Job, spec: JobSpec) -> tuple[str, ...]:
    new = follow_up.image_keys
    return job.image_keys if new is None else tuple(new[image.url] for image in pictures_of(spec))


def _edit(follow_up: FollowUp, job: Job, picture: Picture | None) -> Edit | None:
    if picture is None:
        return job.edit
    return None if follow_up.edit_of is None else follow_up.edit_of(job, picture)
