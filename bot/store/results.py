"""What members do with whole results: delete their messages, and have the original files sent.

The coroutines are presses, to be run by `bot.store.batch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from bot.store.button_actions import (
    ButtonPress,
    action_from_press,
    check_not_removed,
    find_picture,
    read_own,
    read_press,
)
from bot.store.interaction import InteractionContext
from bot.store.statements import leave_out_grid, note_vote, record_action
from engine.contract.errors import PictureUnknown
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Picture


@dataclass(frozen=True, kw_only=True)
class SavedPictures:
    """What a member wants the original files of: the job, and one picture of it or all."""

    job: Job
    pictures: tuple[Picture, ...]


async def check_may_delete(context: InteractionContext, job_id: UUID) -> None:
    """Store nothing.

    Raises: JobUnknown, NotYours.
    """
    await read_own(context, job_id)


async def delete_result(context: InteractionContext, job_id: UUID, slot: int | None) -> None:
    """Store that a result is deleted, the grid if `slot` is None; the message itself is Discord's to delete.

    Raises: JobUnknown, NotYours, PictureUnknown.
    """
    press = await read_own(context, job_id)
    await record_action(action_from_press(context, press, Verb.DELETE, _pictures(press, slot)[1]))
    await leave_out_grid(job_id)
    await note_vote(job_id)


async def save(context: InteractionContext, job_id: UUID, slot: int | None) -> SavedPictures:
    """Store that the member has a picture sent, or the four if `slot` is None; return what to send.

    Raises: JobUnknown, PictureUnknown.
    """
    press = await read_press(context, job_id)
    pictures, picture = _pictures(press, slot)
    await check_not_removed(context, press, [one.slot for one in pictures])
    await record_action(action_from_press(context, press, Verb.SAVE, picture))
    return SavedPictures(job=press.job, pictures=pictures)


def _pictures(press: ButtonPress, slot: int | None) -> tuple[tuple[Picture, ...], Picture | None]:
    """Return the pictures meant, and which one if it is one."""
    if slot is not None:
        picture = find_picture(press, slot)
        return (picture,), picture
    if not press.pictures:
        raise PictureUnknown(job_id=press.job.id)
    return press.pictures, None
