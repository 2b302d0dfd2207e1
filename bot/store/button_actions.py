"""What each button does to the store: the feedback event and everything it starts, in one transaction.

Every function takes the connection of that transaction; what it returns is true once the block around it has ended.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import Claimant, Delivery, add_deliveries
from bot.store.interaction import Press
from bot.store.members import Member, admit_member
from bot.store.submissions import Draft, Submitted, delivery_for, submit_drafts
from engine.contract.errors import JobOver, JobUnknown, NotYours, PictureUnknown
from engine.contract.feedback import Event, Rating, Shown, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import MAX_SEED, Job, JobSpec, Operation, Picture
from engine.store.events import read_rating, record_event
from engine.store.jobs import read_job, read_job_with_pictures
from engine.store.transitions import cancel_job

Respec = Callable[[Operation, JobSpec], JobSpec]


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What a press met: who pressed, the job, all its pictures by slot, and those that the message shows."""

    member: Member
    job: Job
    pictures: tuple[Picture, ...]
    shown: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class Rated:
    """A stored rating and the one it replaces; None when it is the member's first."""

    rating: Rating
    before: Rating | None


async def rate(connection: AsyncConnection, press: Press, job_id: UUID, slot: int | None, rating: Rating) -> Rated:
    """Store the rating of one picture, or of the grid when `slot` is None; a former rating stays in the log.

    Raises: JobUnknown, PictureUnknown.
    """
    pressed = await _meet(connection, press, job_id)
    if slot is None and not pressed.pictures:
        raise PictureUnknown(job_id=job_id)
    picture = None if slot is None else _picture(pressed, slot)
    value = await read_rating(connection, pressed.member.id, job_id, picture.id if picture else None)
    await record_event(connection, event_from_press(press, pressed, Verb.RATE, picture, rating))
    return Rated(rating=rating, before=Rating(value) if value else None)


async def upscale(
    connection: AsyncConnection, press: Press, job_id: UUID, slot: int, claimant: Claimant
) -> Delivery | None:
    """Store that the picture is wanted on its own, with its delivery; None when the press was already stored.

    Raises: JobUnknown, PictureUnknown.
    """
    pressed = await _meet(connection, press, job_id)
    picture = _picture(pressed, slot)
    if not await record_event(connection, event_from_press(press, pressed, Verb.UPSCALE, picture)):
        return None
    delivery = delivery_for(press, pressed.member, job_id, picture_id=picture.id)
    await add_deliveries(connection, [delivery], claimant)
    return delivery


async def vary(
    connection: AsyncConnection, press: Press, job_id: UUID, slot: int, claimant: Claimant, respec: Respec
) -> Submitted | None:
    """Store a job that varies the picture, with its delivery; None when the press was already stored.

    respec: what a new job of the operation takes over from the old one's spec; refuses what cannot be done.

    Raises: JobUnknown, PictureUnknown, TooManyPending, and what `respec` raises.
    """
    pressed = await _meet(connection, press, job_id)
    picture = _picture(pressed, slot)
    draft = Draft(
        operation=Operation.VARY,
        spec=respec(Operation.VARY, pressed.job.spec),
        seed=draw_seed(),
        parent_job_id=job_id,
        parent_picture_id=picture.id,
    )
    event = event_from_press(press, pressed, Verb.VARY, picture)
    return await _start(connection, press, event, draft, claimant)


async def reroll(
    connection: AsyncConnection, press: Press, job_id: UUID, claimant: Claimant, respec: Respec
) -> Submitted | None:
    """Store the same job again with a new seed, and its delivery; None when the press was already stored.

    respec: what a new job of the operation takes over from the old one's spec; refuses what cannot be done.

    Raises: JobUnknown, TooManyPending, and what `respec` raises.
    """
    pressed = await _meet(connection, press, job_id)
    job = pressed.job
    draft = Draft(
        operation=job.operation,
        spec=respec(job.operation, job.spec),
        seed=draw_seed(),
        parent_job_id=job_id,
        parent_picture_id=job.parent_picture_id,
    )
    event = event_from_press(press, pressed, Verb.REROLL, None)
    return await _start(connection, press, event, draft, claimant)


async def cancel(connection: AsyncConnection, press: Press, job_id: UUID) -> None:
    """Stop the job for its owner or an administrator.

    Raises: JobUnknown, NotYours, JobOver.
    """
    pressed = await _meet(connection, press, job_id)
    if not (_is_owner(pressed) or press.is_administrator):
        raise NotYours(job_id=job_id)
    if not await record_event(connection, event_from_press(press, pressed, Verb.CANCEL, None)):
        return
    if not await cancel_job(connection, job_id):
        ended = await read_job(connection, job_id)
        raise JobOver(status=(ended or pressed.job).status.value)


def event_from_press(
    press: Press, pressed: Pressed, verb: Verb, picture: Picture | None, rating: Rating | None = None
) -> Event:
    """Return the feedback event for a press, with the pictures that were in view when it happened."""
    recipe: Mapping[str, Any] = pressed.pictures[0].recipe if pressed.pictures else {}
    return Event(
        id=new_id(),
        press_id=press.id,
        member_id=pressed.member.id,
        verb=verb,
        job_id=pressed.job.id,
        picture_id=picture.id if picture else None,
        value=rating.value if rating else None,
        shown=tuple(Shown(picture_id=shown.id, slot=shown.slot) for shown in pressed.shown),
        surface=press.surface,
        is_owner=_is_owner(pressed),
        latency=press.latency,
        model=recipe.get("model"),
        model_hash=recipe.get("model_sha256"),
        consent=pressed.member.consent,
        at=press.at,
    )


def draw_seed() -> int:
    """Return a seed nobody asked for."""
    return secrets.randbelow(MAX_SEED + 1)


async def _start(
    connection: AsyncConnection, press: Press, event: Event, draft: Draft, claimant: Claimant
) -> Submitted | None:
    if not await record_event(connection, event):
        return None
    submitted = await submit_drafts(connection, press, [draft], claimant)
    return submitted[0] if submitted else None


async def _meet(connection: AsyncConnection, press: Press, job_id: UUID) -> Pressed:
    found = await read_job_with_pictures(connection, job_id)
    if found is None:
        raise JobUnknown(job_id=job_id)
    job, pictures = found
    member = await admit_member(connection, press.discord_id)
    return Pressed(member=member, job=job, pictures=pictures, shown=_shown(press, pictures))


def _shown(press: Press, pictures: tuple[Picture, ...]) -> tuple[Picture, ...]:
    if press.shown_slot is None:
        return pictures
    return tuple(picture for picture in pictures if picture.slot == press.shown_slot)


def _picture(pressed: Pressed, slot: int) -> Picture:
    for picture in pressed.pictures:
        if picture.slot == slot:
            return picture
    raise PictureUnknown(job_id=pressed.job.id, slot=slot)


def _is_owner(pressed: Pressed) -> bool:
    return pressed.member.id == pressed.job.member_id
