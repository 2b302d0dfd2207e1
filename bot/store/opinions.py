"""What members say about pictures beside ratings: favourites, the best of four, and reports.

The coroutines are presses, to be run by `bot.store.batch`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from bot.policy.cases import MAX_REPORTS, TooManyReports
from bot.store.button_actions import ButtonPress, action_from_press, count_vote, find_picture, may_delete, read_press
from bot.store.interaction import InteractionContext
from bot.store.moderation.cases import DiscordPlace, Report
from bot.store.moderation.members import MemberInGuild
from bot.store.statements import count_reports, leave_out_grid, open_case, read_last, record_action
from engine.contract.errors import PictureUnknown
from engine.contract.feedback import ReportReason, Verb
from engine.contract.jobs import Job, Picture
from engine.feedback.store.opinions import LastAction, Presser


@dataclass(frozen=True, kw_only=True)
class Opinions:
    """What stands of a member's about a job: slots of their favourites of its grid, and of what they chose as its best.

    may_delete: whether they may delete its messages: the job is theirs, or they are an administrator.
    """

    job: Job
    favourites: frozenset[int]
    best: int | None
    may_delete: bool


async def read_opinions(context: InteractionContext, job_id: UUID) -> Opinions:
    """Return what stands.

    Raises: JobUnknown, PictureUnknown.
    """
    press, last = await _read(context, job_id)
    return _opinions(context, press, last)


async def toggle_favourite(context: InteractionContext, job_id: UUID, slot: int) -> Opinions:
    """Make the picture a favourite, or no longer one; return what stands then.

    Raises: JobUnknown, PictureUnknown.
    """
    press, last = await _read(context, job_id)
    return await _toggle(context, press, last, Verb.FAVOURITE, find_picture(press, slot))


async def toggle_best(context: InteractionContext, job_id: UUID, slot: int) -> Opinions:
    """Choose the picture as the best of its grid, or take that back if it is; return what stands then.

    Raises: JobUnknown, PictureUnknown.
    """
    press, last = await _read(context, job_id)
    return await _toggle(context, press, last, Verb.BEST, find_picture(press, slot))


async def report(context: InteractionContext, job_id: UUID, slot: int | None, reason: ReportReason) -> bool:
    """Store the member's report of a picture, or of the grid if `slot` is None; return False if there is one already.

    In a guild, it opens a case for the moderators, or counts in the open one.

    Raises: JobUnknown, PictureUnknown, TooManyReports.
    """
    press, last = await _read(context, job_id)
    picture = None if slot is None else find_picture(press, slot)
    if any(one.verb is Verb.REPORT and one.picture_id in (None, picture and picture.id) for one in last):
        return False
    own = MemberInGuild(guild_id=context.guild_id, member_id=press.member.id)
    if context.guild_id is not None and await count_reports(own) >= MAX_REPORTS:
        raise TooManyReports(limit=MAX_REPORTS)
    is_new = await record_action(replace(action_from_press(context, press, Verb.REPORT, picture), reason=reason))
    if is_new and context.guild_id is not None:
        await open_case(_report_of(context.guild_id, context, press, slot, reason))
    await leave_out_grid(job_id)
    return True


def _report_of(
    guild_id: int, context: InteractionContext, press: ButtonPress, slot: int | None, reason: ReportReason
) -> Report:
    message_id = context.message_id
    return Report(
        guild_id=guild_id,
        member_id=press.job.member_id,
        job_id=press.job.id,
        slot=slot,
        place=None if message_id is None else DiscordPlace(channel_id=context.channel_id, message_id=message_id),
        reason=reason,
    )


async def _read(context: InteractionContext, job_id: UUID) -> tuple[ButtonPress, Sequence[LastAction]]:
    press = await read_press(context, job_id)
    if not press.pictures:
        raise PictureUnknown(job_id=job_id)
    return press, await read_last(Presser(job_id=job_id, member_id=press.member.id))


async def _toggle(
    context: InteractionContext, press: ButtonPress, last: Sequence[LastAction], verb: Verb, picture: Picture
) -> Opinions:
    """Store that the verb holds of the picture, or no longer; a press that comes twice changes nothing."""
    if any(one.press_id == int(context.id) for one in last):
        return _opinions(context, press, last)
    before = next((one for one in last if one.verb is verb and _is_about(one, picture)), None)
    is_back = before is not None and before.picture_id == picture.id and before.value == 1
    action = action_from_press(context, press, verb, picture)
    action = replace(action, value=0 if is_back else 1, replaces=before.press_id if before else None)
    await record_action(action)
    if verb is Verb.FAVOURITE:
        await count_vote(press)
    stands = LastAction(press_id=action.press_id, verb=verb, picture_id=picture.id, value=action.value)
    return _opinions(context, press, [*(one for one in last if one is not before), stands])


def _is_about(last: LastAction, picture: Picture) -> bool:
    return last.verb is Verb.BEST or last.picture_id == picture.id


def _opinions(context: InteractionContext, press: ButtonPress, last: Sequence[LastAction]) -> Opinions:
    slots = {picture.id: picture.slot for picture in press.pictures}
    standing = [(one.verb, slots[one.picture_id]) for one in last if one.value == 1 and one.picture_id in slots]
    return Opinions(
        job=press.job,
        favourites=frozenset(slot for verb, slot in standing if verb is Verb.FAVOURITE),
        best=next((slot for verb, slot in standing if verb is Verb.BEST), None),
        may_delete=may_delete(context, press),
    )
