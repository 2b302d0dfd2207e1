"""Starts the jobs of a request, once however often it is sent, and cancels those that nobody waits for any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from api import replies
from api.event_stream import ReaderGone
from api.refusals import NO_RETRY, ApiRefused, rate_headers
from api.services import ApiCall
from api.store.submissions import Asked, Started, start_jobs
from api.wishes import Wish, requests_of
from engine.store.transitions import cancel_jobs
from engine.store.unused_files import secure_files

_RETRIES = "x-stainless-retry-count"
_IDEMPOTENCY = "Idempotency-Key"
_MAX_IDEMPOTENCY_KEY = 255


def asked_by(call: ApiCall, fingerprint: bytes) -> Asked:
    """Return what tells the request from others.

    Raises: ApiRefused for an idempotency key that is too long or no text.
    """
    headers = call.request.headers
    given = headers.get(_IDEMPOTENCY)
    if given is not None and not (1 <= len(given) <= _MAX_IDEMPOTENCY_KEY and given.isprintable()):
        rule = f"1 to {_MAX_IDEMPOTENCY_KEY} printable characters"
        raise ApiRefused(400, replies.wrong_value(_IDEMPOTENCY, rule), code="invalid_value", param=_IDEMPOTENCY)
    is_retry = headers.get(_RETRIES, "0") not in {"", "0"}
    return Asked(fingerprint=fingerprint, idempotency_key=given, is_retry=is_retry)


async def start(call: ApiCall, wish: Wish, num_pictures: int, asked: Asked) -> Started:
    """Store the jobs that make so many pictures; a client that hangs up meanwhile does not leave half of it done.

    Raises: what `start_jobs` raises, StoreUnavailable.
    """
    storing = asyncio.ensure_future(_store(call, wish, num_pictures, asked))
    try:
        return await asyncio.shield(storing)
    except asyncio.CancelledError:
        started = await storing
        await _abandon(call, [job.id for job in started.jobs])
        raise


@asynccontextmanager
async def waited_for(call: ApiCall, started: Started) -> AsyncIterator[None]:
    """Hold the jobs while the client waits; if it hangs up, they go on, or are cancelled where its key says so."""
    job_ids = [job.id for job in started.jobs]
    call.services.waiting.update(job_ids)
    is_abandoned = False
    try:
        yield
    except (asyncio.CancelledError, ReaderGone):
        is_abandoned = True
        raise
    finally:
        call.services.waiting.subtract(job_ids)
        for job_id in [job_id for job_id in job_ids if not call.services.waiting[job_id]]:
            del call.services.waiting[job_id]
        if is_abandoned:
            await _abandon(call, job_ids)


def headers_of(started: Started) -> dict[str, str]:
    """Return the headers of every answer to a request whose jobs are started: it is not to be sent again."""
    allowance = started.allowance
    repeated = {"Idempotent-Replayed": "true"} if started.is_repeated else {}
    return {**NO_RETRY, **repeated, **rate_headers(allowance.limit, allowance.left, allowance.resets_in)}


async def _store(call: ApiCall, wish: Wish, num_pictures: int, asked: Asked) -> Started:
    requests = requests_of(wish, call.member_id, num_pictures)
    async with call.services.database.begin() as connection:
        await secure_files(connection, call.services.objects, call.masks)
        return await start_jobs(connection, call.key, asked, requests, call.services.owners_plan)


async def _abandon(call: ApiCall, job_ids: Sequence[UUID]) -> None:
    """Cancel the jobs where the key says so, unless another request waits for them or the process ends."""
    services = call.services
    if not call.key.options.cancels_abandoned or services.stop.is_set():
        return
    left = [job_id for job_id in job_ids if not services.waiting[job_id]]
    async with services.database.begin() as connection:
        await cancel_jobs(connection, left)
