"""What members may use by the keys of their own: what the operator's plan allows, as in direct messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from api.store.submissions import GpuTimeUsed, SpeedRefused
from bot.policy.plans import SpeedNotAllowed, TimeUsedUp, check_prompt_fits, check_time
from bot.policy.quotas import check_quota
from bot.store.members import lock_members, read_discord_ids
from bot.store.plans.reading import read_plans
from bot.store.plans.spending import Account, charge_jobs, read_spent
from engine.contract.jobs import Job, JobSpec
from engine.store.database import AsyncConnection
from engine.store.restrictions import read_restrictions


class StandardPlan:
    """The operator's plan, which holds outside servers, for the API."""

    async def lock(self, connection: AsyncConnection, member_id: UUID) -> None:
        """Let nothing else be started for the member until the transaction ends."""
        await lock_members(connection, list((await read_discord_ids(connection, [member_id])).values()))

    async def check(
        self, connection: AsyncConnection, member_id: UUID, specs: Sequence[JobSpec], num_pending: int
    ) -> int | None:
        """Check that the member may start these jobs; return how many may be painted at once, None for any number.

        Raises: TooManyPending, GpuTimeUsed, SpeedRefused.
        """
        (plans,) = await read_plans(connection, [None])
        plan, (spent,) = plans.default, await read_spent(connection, [_account_of(member_id)])
        of_member = (await read_restrictions(connection, [member_id]))[member_id].max_pending
        check_quota(pending=num_pending, num_new=len(specs), limit=plan.max_pending if of_member is None else of_member)
        try:
            check_prompt_fits(plan, specs)
            check_time(plan, spent, specs, datetime.now(UTC))
        except SpeedNotAllowed as error:
            raise SpeedRefused(speed=error.facts["speed"], allowed=error.facts["allowed"]) from error
        except TimeUsedUp as error:
            left = error.left
            raise GpuTimeUsed(limit=left.limit, period=left.period.value, renewed_at=left.renewed_at) from error
        return plan.max_running

    async def charge(self, connection: AsyncConnection, member_id: UUID, jobs: Sequence[Job]) -> None:
        """Note that the jobs use the member's GPU time."""
        await charge_jobs(connection, [(_account_of(member_id), jobs)])


def _account_of(member_id: UUID) -> Account:
    return Account(member_id=member_id, guild_id=None)
