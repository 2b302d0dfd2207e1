"""Appeals and decisions on cases: of two moderators at once, one decides, and what it means is stored with it.

The coroutines are presses, to be run by `bot.store.batch`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from bot.policy.cases import (
    MAX_OPEN_APPEALS,
    AboutYourself,
    AppealedAlready,
    BannedAlready,
    BansNeeded,
    CaseUnknown,
    NobodyToRestrict,
    NothingToAppeal,
    NothingToRemove,
    NothingToShow,
    RestrictedAgain,
    TooManyAppeals,
)
from bot.policy.restrictions import GuildRestriction, RestrictionKind
from bot.store.button_actions import ButtonPress, action_from_press
from bot.store.interaction import InteractionContext
from bot.store.members import Member
from bot.store.moderation.appeals import Appealed
from bot.store.moderation.cases import Case, NewRuling, Ruling
from bot.store.moderation.members import MemberInGuild, NewRestriction
from bot.store.moderation.picture_rules import ReleasedResult
from bot.store.moderation.tables import AppealSubject, Decision
from bot.store.statements import (
    count_appeals,
    end_restriction,
    leave_out_grid,
    lock_any_member,
    open_appeal,
    read_appealed,
    read_case,
    read_job_with_pictures,
    read_restriction,
    record_action,
    release,
    restrict,
    rule,
)
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Picture

# There is one restriction of a member at a time, and it can be appealed whatever else waits.
_OFTEN = frozenset({AppealSubject.WORDS, AppealSubject.PICTURE})
_OF_APPEALS = frozenset({Decision.ACCEPT, Decision.REFUSE})
_KINDS = {Decision.TIME_OUT: RestrictionKind.TIME_OUT, Decision.BAN: RestrictionKind.BAN}


@dataclass(frozen=True, kw_only=True)
class RulingWish:
    """How a moderator wants a case to be decided.

    reason: for a time out or a ban. lasts: how long a time out does. removes: whether the messages are deleted.
    may_ban: whether the moderator may end bans.
    """

    decision: Decision
    reason: str | None = None
    lasts: timedelta | None = None
    removes: bool = False
    may_ban: bool = False


@dataclass(frozen=True, kw_only=True)
class Decided:
    """How the case is decided now; not by this press if somebody was faster."""

    case: Case
    ruling: Ruling
    is_own: bool


async def decide(context: InteractionContext, case_id: UUID, wish: RulingWish) -> Decided:
    """Decide the case as wished, unless it is decided already; whether the moderator may is not asked here.

    Raises: CaseUnknown, NothingToRemove, NothingToShow, NobodyToRestrict, BannedAlready, BansNeeded, AboutYourself,
        RestrictedAgain; nothing is stored then.
    """
    case = await read_case(case_id)
    if case is None or case.guild_id != context.guild_id or (case.appeal is not None) != (wish.decision in _OF_APPEALS):
        raise CaseUnknown(case_id=case_id)
    if case.ruling:
        return Decided(case=case, ruling=case.ruling, is_own=case.ruling.press_id == int(context.id))
    found = await read_job_with_pictures(case.job_id) if case.job_id else None
    member = await lock_any_member(context.discord_id)
    if case.member_id == member.id and not context.is_administrator:
        raise AboutYourself(case_id=case_id)
    if found is None:
        _check_needs_nothing(case, wish)
    if case.appeal and case.appeal.subject is AppealSubject.BAN and not wish.may_ban:
        raise BansNeeded(case_id=case_id)
    if wish.decision is Decision.ACCEPT:
        await _check_still_holds(case)
    restriction = await _restriction(context, case, wish)
    ruling = Ruling(
        decision=wish.decision,
        discord_id=context.discord_id,
        at=context.at,
        press_id=int(context.id),
        reason=wish.reason,
        until=restriction.restriction.until if restriction else None,
        is_removed=wish.removes,
    )
    if not await rule(NewRuling(case_id=case.id, decided_by=member.id, ruling=ruling)):
        return await _faster(context, case_id)
    if wish.removes and found:
        await record_action(action_from_press(*_removal(context, case, member, *found)))
    if restriction:
        await restrict(restriction)
    if wish.decision is Decision.ACCEPT and case.member_id and case.appeal and case.appeal.id:
        await _accept(case, case.member_id, case.appeal.subject, case.appeal.id)
    if wish.removes and found:
        await leave_out_grid(found[0].id)
    return Decided(case=case, ruling=ruling, is_own=True)


async def appeal(context: InteractionContext, appealed_id: UUID) -> None:
    """Open a case for what the member says was wrong, if it is theirs.

    Raises: NothingToAppeal, AppealedAlready, TooManyAppeals.
    """
    member = await lock_any_member(context.discord_id)
    appealed = Appealed(guild_id=context.guild_id, member_id=member.id, id=appealed_id)
    found = await read_appealed(appealed)
    if found is None:
        raise NothingToAppeal(appealed_id=appealed_id)
    own = MemberInGuild(guild_id=context.guild_id, member_id=member.id)
    if found.subject in _OFTEN and await count_appeals(own) >= MAX_OPEN_APPEALS:
        raise TooManyAppeals(limit=MAX_OPEN_APPEALS)
    if not await open_appeal(replace(found, language=context.languages.member)):
        raise AppealedAlready(appealed_id=appealed_id)


def _check_needs_nothing(case: Case, wish: RulingWish) -> None:
    """Check that the wish can be done though what the case is about was erased."""
    if wish.removes:
        raise NothingToRemove(case_id=case.id)
    if wish.decision is Decision.ACCEPT and case.appeal and case.appeal.subject is AppealSubject.PICTURE:
        raise NothingToShow(case_id=case.id)


async def _check_still_holds(case: Case) -> None:
    """Check that nothing else holds for the member than what they have appealed against."""
    if case.member_id is None or case.appeal is None or case.appeal.subject in _OFTEN:
        return
    held = await read_restriction(MemberInGuild(guild_id=case.guild_id, member_id=case.member_id))
    if held and held.case_id != case.appeal.id:
        raise RestrictedAgain(case_id=case.id)


async def _accept(case: Case, member_id: UUID, subject: AppealSubject, appealed_id: UUID) -> None:
    """Do what the appeal asked for; what is about a prompt holds because it was accepted."""
    if subject is AppealSubject.PICTURE:
        await release(ReleasedResult(guild_id=case.guild_id, job_id=appealed_id))
    else:
        await end_restriction(Appealed(guild_id=case.guild_id, member_id=member_id, id=appealed_id))


async def _restriction(context: InteractionContext, case: Case, wish: RulingWish) -> NewRestriction | None:
    kind = _KINDS.get(wish.decision)
    if kind is None:
        return None
    if case.member_id is None or case.discord_id is None:
        raise NobodyToRestrict(case_id=case.id)
    of = MemberInGuild(guild_id=case.guild_id, member_id=case.member_id)
    held = await read_restriction(of)
    if kind is RestrictionKind.TIME_OUT and held and held.kind is RestrictionKind.BAN:
        raise BannedAlready(case_id=case.id)
    until = context.at + wish.lasts if wish.lasts else None
    if until and held and held.until:
        # Of two cases about a member, the second one lets them back in no sooner.
        until = max(until, held.until)
    restriction = GuildRestriction(kind=kind, reason=wish.reason or "", until=until)
    return NewRestriction(of=of, restriction=restriction, case_id=case.id)


async def _faster(context: InteractionContext, case_id: UUID) -> Decided:
    case = await read_case(case_id)
    if case is None or case.ruling is None:
        raise CaseUnknown(case_id=case_id)
    return Decided(case=case, ruling=case.ruling, is_own=case.ruling.press_id == int(context.id))


def _removal(
    context: InteractionContext, case: Case, member: Member, job: Job, pictures: tuple[Picture, ...]
) -> tuple[InteractionContext, ButtonPress, Verb, Picture | None]:
    """Return what the feedback log has of it: the result was deleted, under the message where it was reported."""
    message_id = case.reported.message_id if case.reported else None
    there = replace(context, message_id=message_id, latency=None, shown_slot=None)
    picture = next((picture for picture in pictures if picture.slot == case.slot), None)
    press = ButtonPress(member=member, job=job, pictures=pictures, shown=pictures)
    return there, press, Verb.DELETE, picture
