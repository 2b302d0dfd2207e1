"""What a member's plan lets them start; asked in the press that starts it, with their row locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.policy.plans import GuildPlans, Period, Plan, TimeLeft, check_prompt_fits, check_time
from bot.policy.quotas import check_quota
from bot.store.interaction import InteractionContext
from bot.store.members import Member
from bot.store.plans.spending import Account
from bot.store.statements import read_time_spent
from engine.contract.jobs import JobSpec


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """By which plan the jobs may be started.

    account: whose GPU time they use: what the member has in the guild by a plan of it, or has everywhere else.
    warning: what is left of the GPU time, if the jobs bring that below a fifth. relaxed: what is used up, so that they
        are relaxed though nobody asked for that.
    """

    plan: Plan
    account: Account
    warning: TimeLeft | None = None
    relaxed: TimeLeft | None = None


async def admit(
    context: InteractionContext, member: Member, specs: Sequence[JobSpec], plans: GuildPlans, num_pending: int
) -> Admitted:
    """Check that the member may start jobs of these specs now, by the plans of the guild.

    num_pending: how many unfinished jobs the member has.

    Raises: TooManyPending, SpeedNotAllowed, TooManyRepeats, TooManyPermutations, TimeUsedUp.
    """
    plan = plans.plan_of(context.role_ids)
    of_member = member.restriction.max_pending
    limit = plan.max_pending if of_member is None else of_member
    check_quota(pending=num_pending, num_new=len(specs), limit=limit)
    check_prompt_fits(plan, specs)
    account = Account(member_id=member.id, guild_id=context.guild_id if plans.has(plan) else None)
    if all(plan.limit(period) is None for period in Period):
        return Admitted(plan=plan, account=account)
    spent = await read_time_spent(account)
    return Admitted(plan=plan, account=account, warning=check_time(plan, spent, specs, context.at))
