"""Starting jobs for a key: repeat, quota, jobs, queue entries and the note of the request in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store.tables import api_requests
from engine.contract.errors import RequestError, SettingUnsupported, TooManyPending
from engine.contract.ids import new_id
from engine.contract.jobs import Job, JobRequest, JobSpec, JobStatus
from engine.store.api_keys import ApiKey, lock_key
from engine.store.jobs import read_jobs_with_pictures, submit_jobs
from engine.store.own_adapters import read_adapters
from engine.store.queue_position import count_pending
from engine.store.restrictions import read_restrictions

DAY = timedelta(days=1)
"""How long a request is remembered, by its idempotency key and for the quota."""

SAME_BODY_WITHIN = timedelta(minutes=1)
"""How long the same request without an idempotency key counts as a repetition, because clients retry."""

RETRIED_WITHIN = timedelta(hours=1)
"""The same, for one that says itself that it is a retry."""

_LOST = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})


class DayQuotaUsed(RequestError):
    """The key has started as many jobs as it may in 24 hours; the fact `resets_in` says when it may start more."""


class NeverAllowed(RequestError):
    """The request needs more jobs than its key may ever have; the facts `jobs` and `limit` say how many."""


class GpuTimeUsed(RequestError):
    """The owner of the key has no GPU time left for this; `limit` of a `period` is renewed at `renewed_at`."""


class SpeedRefused(RequestError):
    """The plan of the key's owner does not have the `speed`, but those in `allowed`."""


class IdempotencyKeyReused(RequestError):
    """The idempotency key belongs to another request of the last day."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What tells a repetition from a new request.

    fingerprint: hash of all that was asked. is_retry: whether the client says that it sends this again.
    """

    fingerprint: bytes
    idempotency_key: str | None = None
    is_retry: bool = False


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How many jobs a key may start in 24 hours, how many are left, and when the oldest of them no longer counts."""

    limit: int
    left: int
    resets_in: timedelta


@dataclass(frozen=True, kw_only=True)
class Started:
    """The jobs of a request, which an earlier one may have started."""

    jobs: tuple[Job, ...]
    allowance: Allowance
    is_repeated: bool


class OwnersPlan(Protocol):
    """What members may use, for keys that act for one; handed in, because it is set in Discord."""

    async def lock(self, connection: AsyncConnection, member_id: UUID) -> None:
        """Let nothing else be started for the member until the transaction ends; before their key is locked."""

    async def check(
        self, connection: AsyncConnection, member_id: UUID, specs: Sequence[JobSpec], num_pending: int
    ) -> int | None:
        """Check that the member may start these jobs; return how many may be painted at once, None for any number.

        Raises: TooManyPending, GpuTimeUsed, SpeedRefused.
        """

    async def charge(self, connection: AsyncConnection, member_id: UUID, jobs: Sequence[Job]) -> None:
        """Note that the jobs use the member's GPU time."""


async def start_jobs(
    connection: AsyncConnection,
    key: ApiKey,
    asked: Asked,
    requests: Sequence[JobRequest],
    plan: OwnersPlan | None = None,
) -> Started:
    """Store the jobs, or return those that the same request has started and that can still be had.

    Of two requests at once, the second sees what the first has started.

    plan: what holds for members whose own keys are used; None for no limits but those of the key.

    Raises: IdempotencyKeyReused, NeverAllowed, TooManyPending, DayQuotaUsed, MemberBanned, GpuTimeUsed, SpeedRefused,
        SettingUnsupported for a LoRA that is not the member's own; nothing is stored then.
    """
    owners = plan if key.is_members else None
    if owners:
        await owners.lock(connection, key.member_id)
    await lock_key(connection, key.id)
    restriction = (await read_restrictions(connection, [key.member_id]))[key.member_id]
    restriction.check_not_banned()
    repeated = await _find_repeated(connection, key.id, asked)
    used, allowance = await _read_allowance(connection, key)
    if repeated:
        return Started(jobs=repeated, allowance=allowance, is_repeated=True)
    pending = await count_pending(connection, key.member_id)
    at_once = min(key.options.jobs_at_once, restriction.max_pending or key.options.jobs_at_once)
    if len(requests) > (most := min(at_once, key.options.jobs_per_day)):
        raise NeverAllowed(jobs=len(requests), limit=most)
    if pending + len(requests) > at_once:
        raise TooManyPending(pending=pending, limit=at_once)
    if used + len(requests) > key.options.jobs_per_day:
        raise DayQuotaUsed(limit=allowance.limit, left=allowance.left, resets_in=allowance.resets_in)
    await _check_adapters(connection, key, requests)
    if owners:
        max_running = await owners.check(connection, key.member_id, [request.spec for request in requests], pending)
        requests = [replace(request, max_running=max_running) for request in requests]
    jobs = await submit_jobs(connection, requests)
    if owners:
        await owners.charge(connection, key.member_id, jobs)
    await _record(connection, key.id, asked, jobs)
    left = allowance.left - len(jobs)
    resets_in = allowance.resets_in or DAY
    return Started(
        jobs=jobs, allowance=Allowance(limit=allowance.limit, left=left, resets_in=resets_in), is_repeated=False
    )


async def _check_adapters(connection: AsyncConnection, key: ApiKey, requests: Sequence[JobRequest]) -> None:
    """Check that the jobs use no LoRA of a member but the key's; pictures may have been made with one that was shared.

    Raises: SettingUnsupported, as for one that there is not.
    """
    wanted = {name: one for request in requests for name, one in request.spec.adapters.items()}
    if not wanted:
        return
    found = await read_adapters(connection, wanted.values())
    for name, adapter_id in wanted.items():
        if adapter_id not in found or found[adapter_id].member_id != key.member_id:
            model = str(requests[0].spec.parameters.get("model", ""))
            raise SettingUnsupported(name="lora", value=name, model=model)


async def _find_repeated(connection: AsyncConnection, key_id: UUID, asked: Asked) -> tuple[Job, ...]:
    """Return the jobs of the same request; none if one of them was cancelled, has failed or was erased."""
    rows = api_requests.c
    if asked.idempotency_key is not None:
        condition, within = rows.idempotency_key == asked.idempotency_key, DAY
    else:
        condition = sa.and_(rows.fingerprint == asked.fingerprint, rows.idempotency_key.is_(None))
        within = RETRIED_WITHIN if asked.is_retry else SAME_BODY_WITHIN
    query = sa.select(api_requests).where(rows.key_id == key_id, condition, rows.created_at > sa.func.now() - within)
    row = (await connection.execute(query.order_by(rows.created_at.desc()).limit(1))).one_or_none()
    if row is None:
        return ()
    if row.fingerprint != asked.fingerprint:
        raise IdempotencyKeyReused()
    found = await read_jobs_with_pictures(connection, row.job_ids)
    jobs = tuple(one[0] for one in found if one is not None)
    is_whole = len(jobs) == len(found) and not any(job.status in _LOST for job in jobs)
    return jobs if is_whole else ()


async def _read_allowance(connection: AsyncConnection, key: ApiKey) -> tuple[int, Allowance]:
    rows = api_requests.c
    query = sa.select(
        sa.func.coalesce(sa.func.sum(sa.func.cardinality(rows.job_ids)), 0), sa.func.min(rows.created_at)
    ).where(rows.key_id == key.id, rows.created_at > sa.func.now() - DAY)
    used, oldest = (await connection.execute(query)).one()
    limit = key.options.jobs_per_day
    resets_in = max(timedelta(0), oldest + DAY - datetime.now(UTC)) if oldest else timedelta(0)
    return int(used), Allowance(limit=limit, left=max(0, limit - int(used)), resets_in=resets_in)


async def _record(connection: AsyncConnection, key_id: UUID, asked: Asked, jobs: Sequence[Job]) -> None:
    """Note the request, and forget the key's from before the last day."""
    old = sa.delete(api_requests).where(
        api_requests.c.key_id == key_id, api_requests.c.created_at < sa.func.now() - DAY
    )
    await connection.execute(old)
    row: dict[str, Any] = {
        "id": new_id(),
        "key_id": key_id,
        "fingerprint": asked.fingerprint,
        "idempotency_key": asked.idempotency_key,
        "job_ids": [job.id for job in jobs],
    }
    await connection.execute(sa.insert(api_requests).values(row))
