"""What each button does to the store: the feedback action and everything it starts, in one transaction.

The coroutines are presses, to be run by `bot.store.batch`; their results hold once the transaction is committed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from bot.policy.removals import check_shown
from bot.policy.visibility import check_may_see, surface_of
from bot.store.deliveries import BotInstance, Delivery, SinglePicture
from bot.store.interaction import InteractionContext
from bot.store.mask_pages import MaskPage, MaskPageRequest
from bot.store.members import Member
from bot.store.moderation.removals import JobInGuild
from bot.store.statements import (
    cancel_waiting,
    deliver,
    find_single_picture,
    is_delivered,
    lock_member,
    lock_whoever,
    note_vote,
    open_page,
    read_job_with_pictures,
    read_rating,
    read_removals,
    read_series_jobs,
    record_action,
)
from bot.store.submissions import new_delivery
from engine.contract.errors import JobOver, JobUnknown, NotYours, PictureUnknown
from engine.contract.feedback import Rating, Shown, Verb
from engine.contract.jobs import Job, Picture
from engine.feedback.records import Action
from engine.feedback.store.actions import Rated


@dataclass(frozen=True, kw_only=True)
class ButtonPress:
    """A press on a button: the member, the job, all its pictures by slot, and those that the message shows."""

    member: Member
    job: Job
    pictures: tuple[Picture, ...]
    shown: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class RatingChange:
    """A stored rating, and the one it replaces or None."""

    rating: Rating
    before: Rating | None


@dataclass(frozen=True, kw_only=True)
class PictureDelivery:
    """The delivery of a single picture: a new one, or the one that an earlier press has started."""

    delivery: Delivery
    is_new: bool


async def rate(context: InteractionContext, job_id: UUID, slot: int | None, rating: Rating) -> RatingChange:
    """Store the rating of one picture, or of the grid if `slot` is None; earlier ratings stay in the log.

    Raises: JobUnknown, PictureUnknown.
    """
    press = await read_press(context, job_id)
    if slot is None and not press.pictures:
        raise PictureUnknown(job_id=job_id)
    picture = None if slot is None else find_picture(press, slot)
    rated = Rated(member_id=press.member.id, job_id=job_id, picture_id=picture.id if picture else None)
    before = await read_rating(rated)
    action = action_from_press(context, press, Verb.RATE, picture)
    await record_action(replace(action, value=rating.value, replaces=before.press_id if before else None))
    await count_vote(press)
    return RatingChange(rating=rating, before=Rating(before.value) if before and before.value else None)


async def take_back_rating(context: InteractionContext, job_id: UUID, slot: int | None) -> Rating | None:
    """Store that the member no longer rates the picture, or the grid if `slot` is None; return the rating until now.

    Raises: JobUnknown, PictureUnknown.
    """
    press = await read_press(context, job_id)
    picture = None if slot is None else find_picture(press, slot)
    rated = Rated(member_id=press.member.id, job_id=job_id, picture_id=picture.id if picture else None)
    before = await read_rating(rated)
    if before is None or not before.value:
        return None
    action = action_from_press(context, press, Verb.RATE, picture)
    await record_action(replace(action, value=0, replaces=before.press_id))
    await count_vote(press)
    return Rating(before.value)


async def read_picture(context: InteractionContext, job_id: UUID, slot: int) -> tuple[Job, Picture]:
    """Return the job with the picture of that slot; nothing is stored.

    Raises: JobUnknown, PictureUnknown.
    """
    press = await read_press(context, job_id)
    picture = find_picture(press, slot)
    await check_not_removed(context, press, [slot])
    return press.job, picture


async def read_pressed_job(context: InteractionContext, job_id: UUID) -> Job:
    """Return the job that a press is about; nothing is stored.

    Raises: JobUnknown.
    """
    return (await read_press(context, job_id)).job


async def open_mask_page(context: InteractionContext, job_id: UUID, slot: int) -> MaskPage:
    """Return a page for the member to paint a mask over the picture of that slot.

    Raises: JobUnknown, PictureUnknown.
    """
    press = await read_press(context, job_id)
    find_picture(press, slot)
    await check_not_removed(context, press, [slot])
    return await open_page(MaskPageRequest(context=context, member_id=press.member.id, job_id=job_id, slot=slot))


async def upscale(
    context: InteractionContext, job_id: UUID, slot: int, instance: BotInstance, *, lost: UUID | None = None
) -> PictureDelivery | None:
    """Store the press and the delivery of the picture as a message of its own; None if the press was already stored.

    While the member's earlier press on it in the channel stands, nothing is stored: three quick clicks are one.

    lost: the delivery whose message no longer exists, so that the picture is delivered again.

    Raises: JobUnknown, PictureUnknown, PictureRemoved, DeletedByOwner.
    """
    press = await read_press(context, job_id)
    picture = find_picture(press, slot)
    await check_not_removed(context, press, [slot])
    single = SinglePicture(picture_id=picture.id, member_id=press.member.id, channel_id=context.channel_id)
    standing = await find_single_picture(single)
    if standing and standing.id != lost:
        return None if standing.press_id == context.id else PictureDelivery(delivery=standing, is_new=False)
    if not await record_action(action_from_press(context, press, Verb.UPSCALE, picture)):
        return None
    delivery = new_delivery(context, press.member, press.job, picture_id=picture.id)
    await deliver(([delivery], instance))
    return PictureDelivery(delivery=delivery, is_new=True)


async def cancel(context: InteractionContext, job_id: UUID) -> None:
    """Stop the job for its owner or an administrator.

    Raises: JobUnknown, NotYours, JobOver.
    """
    await _cancel(context, await read_own(context, job_id), [job_id])


async def cancel_series(context: InteractionContext, job_id: UUID) -> int:
    """Stop every unfinished job of the job's series for their owner or an administrator; return how many there were.

    Raises: JobUnknown, NotYours, JobOver.
    """
    press = await read_own(context, job_id)
    return await _cancel(context, press, await read_series_jobs(job_id))


async def read_own(context: InteractionContext, job_id: UUID) -> ButtonPress:
    """Return what the press is about, for its owner or an administrator of where it was posted, a banned one too.

    Raises: JobUnknown, NotYours.
    """
    press = await read_press(context, job_id, lock=lock_whoever)
    here = JobInGuild(job_id=job_id, guild_id=context.guild_id)
    if not may_delete(context, press) or not (_is_owner(press) or await is_delivered(here)):
        raise NotYours(job_id=job_id)
    return press


async def _cancel(context: InteractionContext, press: ButtonPress, job_ids: Sequence[UUID]) -> int:
    num_cancelled = await cancel_waiting(job_ids)
    is_new = await record_action(action_from_press(context, press, Verb.CANCEL, None))
    if is_new and not num_cancelled:
        ended = await read_job_with_pictures(press.job.id)
        raise JobOver(status=(ended[0] if ended else press.job).status.value)
    return num_cancelled


def action_from_press(context: InteractionContext, press: ButtonPress, verb: Verb, picture: Picture | None) -> Action:
    """Return the action that a press is, with the pictures that were in view when it happened."""
    recipe = press.pictures[0].recipe if press.pictures else {}
    return Action(
        press_id=int(context.id),
        impression_id=None,
        message_id=context.message_id,
        job_id=press.job.id,
        member_id=press.member.id,
        is_owner=_is_owner(press),
        verb=verb,
        slot=picture.slot if picture else None,
        picture_id=picture.id if picture else None,
        value=None,
        choice=None,
        variation=None,
        replaces=None,
        shown=tuple(Shown(picture_id=shown.id, slot=shown.slot) for shown in press.shown),
        model=recipe.get("model"),
        model_hash=recipe.get("model_sha256"),
        surface=surface_of(press.job.visibility, context.surface),
        latency=context.latency,
        consent=press.member.consent_in_force,
        at=context.at,
        guild_id=context.guild_id,
    )


async def read_press(
    context: InteractionContext, job_id: UUID, *, lock: Callable[[InteractionContext], Awaitable[Member]] = lock_member
) -> ButtonPress:
    """Return what the press is about, with the member's row locked.

    Raises: JobUnknown, also for a private job of somebody else; MemberBanned, MemberRestricted.
    """
    found = await read_job_with_pictures(job_id)
    if found is None:
        raise JobUnknown(job_id=job_id)
    job, pictures = found
    member = await lock(context)
    check_may_see(job, member.id)
    return ButtonPress(member=member, job=job, pictures=pictures, shown=_shown(context, pictures))


def _shown(context: InteractionContext, pictures: tuple[Picture, ...]) -> tuple[Picture, ...]:
    if context.shown_slot is None:
        return pictures
    return tuple(picture for picture in pictures if picture.slot == context.shown_slot)


def find_picture(press: ButtonPress, slot: int) -> Picture:
    """Return the picture in the slot, 0 to 3.

    Raises: PictureUnknown.
    """
    for picture in press.pictures:
        if picture.slot == slot:
            return picture
    raise PictureUnknown(job_id=press.job.id, slot=slot)


async def count_vote(press: ButtonPress) -> None:
    """Have the votes of the job counted anew, unless the press is its owner's, whose opinion is no vote."""
    if not _is_owner(press):
        await note_vote(press.job.id)


async def check_not_removed(context: InteractionContext, press: ButtonPress, slots: Sequence[int]) -> None:
    """Check that these pictures may be posted where the press is, or others made from them.

    Raises: PictureRemoved, DeletedByOwner.
    """
    removals = await read_removals(JobInGuild(job_id=press.job.id, guild_id=context.guild_id))
    check_shown(removals, slots, is_owner=_is_owner(press))


def may_delete(context: InteractionContext, press: ButtonPress) -> bool:
    """Return whether the presser may cancel the job and delete its messages: the owner and administrators may."""
    return _is_owner(press) or context.is_administrator


def _is_owner(press: ButtonPress) -> bool:
    return press.member.id == press.job.member_id
