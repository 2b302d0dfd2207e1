"""`/v1/jobs`: jobs as Easel has them, for what OpenAI's shapes cannot say."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import hdrs, web

from api import replies
from api.answers import ErrorDetail, JobAnswer, PictureItem, json_of
from api.bodies import JobBody, checked
from api.endpoints.job_wishes import wish_of
from api.event_stream import stream
from api.following import changes_of
from api.links import film_path, picture_path
from api.reading import read_json
from api.refusals import ApiRefused, error_object, refusal_of_cause
from api.services import ApiCall
from api.starting import asked_by, headers_of, start
from api.store.own_jobs import read_own_job
from engine.contract.errors import JobOver, JobUnknown
from engine.contract.jobs import Job, Operation, Picture
from engine.store.jobs import read_pictures
from engine.store.queue_position import read_queue_positions
from engine.store.transitions import cancel_jobs


async def create_job(call: ApiCall) -> web.Response:
    """Start a job and answer with it at once.

    Raises: ApiRefused, RequestError, StoreUnavailable.
    """
    read = await read_json(call.request)
    body = checked(JobBody, read.fields)
    wish = await wish_of(call, body, _mask_of(body))
    started = await start(call, wish, 1, asked_by(call, read.fingerprint(call.request.path)))
    (job,) = started.jobs
    headers = {**headers_of(started), hdrs.LOCATION: f"/v1/jobs/{job.id}"}
    return web.json_response(await _json_of_job(call, job.id), status=202, headers=headers)


async def show_job(call: ApiCall) -> web.Response:
    """Answer with the job.

    Raises: JobUnknown, ApiRefused, StoreUnavailable.
    """
    return web.json_response(await _json_of_job(call, _id(call)))


async def cancel_job(call: ApiCall) -> web.Response:
    """Cancel the job and answer with it.

    Raises: JobUnknown, JobOver, ApiRefused, StoreUnavailable.
    """
    job_id = _id(call)
    async with call.services.database.begin() as connection:
        job, _ = await read_own_job(connection, call.member_id, job_id)
        if not await cancel_jobs(connection, [job_id]):
            raise JobOver(status=job.status.value)
    return web.json_response(await _json_of_job(call, job_id))


async def follow_job(call: ApiCall) -> web.StreamResponse:
    """Answer with the job's changes and previews as events, until it has ended; who hangs up changes nothing.

    Raises: JobUnknown, ApiRefused, StoreUnavailable.
    """
    job_id = _id(call)
    async with call.services.database.begin() as connection:
        await read_own_job(connection, call.member_id, job_id)
    return await stream(call, _events(call, job_id), {})


async def show_film(call: ApiCall) -> web.Response:
    """Answer with the file of a film.

    Raises: JobUnknown, also for a job without a film, ApiRefused, PictureCorrupt, StoreUnavailable.
    """
    async with call.services.database.begin() as connection:
        job, pictures = await read_own_job(connection, call.member_id, _id(call))
    if job.operation is not Operation.ANIMATE or job.grid_key is None or job.grid_type is None:
        raise JobUnknown()
    if not call.services.limits.shows_unsafe and any(one.is_unsafe for one in pictures):
        raise ApiRefused(403, replies.UNSAFE, code="content_policy_violation")
    content = await call.services.objects.get(job.grid_key)
    return web.Response(body=await call.services.credentials.signed(content, job.grid_type), content_type=job.grid_type)


async def _events(call: ApiCall, job_id: UUID) -> AsyncIterator[Mapping[str, Any]]:
    shown: bytes | None = None
    async for job, preview in changes_of(call.services, job_id):
        if call.services.stop.is_set():
            raise ApiRefused(503, replies.RESTARTING, code="restarting")
        yield {"type": "job", "job": await _json_of_job(call, job.id)}
        if preview is not None and preview != shown:
            shown = preview
            content = await call.services.credentials.signed(preview, "image/jpeg")
            yield {"type": "preview", "b64_json": b64encode(content).decode(), "media_type": "image/jpeg"}


async def _json_of_job(call: ApiCall, job_id: UUID) -> dict[str, Any]:
    async with call.services.database.begin() as connection:
        job, _ = await read_own_job(connection, call.member_id, job_id)
        pictures = await read_pictures(connection, job_id)
        ahead = (await read_queue_positions(connection, [job_id])).get(job_id)
    return json_of(_answer(call, job, pictures, ahead))


def _answer(call: ApiCall, job: Job, pictures: tuple[Picture, ...], ahead: int | None) -> JobAnswer:
    error = None if job.cause is None else ErrorDetail(**error_object(refusal_of_cause(job.cause))["error"])
    return JobAnswer(
        id=job.id,
        operation=job.operation.value,
        status=job.status.value,
        progress=job.progress,
        ahead=ahead,
        prompt=job.spec.prompt,
        seed=job.seed,
        created_at=int(job.created_at.timestamp()),
        started_at=_seconds(job.started_at),
        ended_at=_seconds(job.ended_at),
        error=error,
        pictures=[
            PictureItem(
                id=one.id,
                slot=one.slot,
                width=one.width,
                height=one.height,
                seed=one.seed,
                url=call.address(picture_path(one.id)),
            )
            for one in pictures
        ],
        film=call.address(film_path(job.id)) if pictures and job.operation is Operation.ANIMATE else None,
    )


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _mask_of(body: JobBody) -> bytes | None:
    if body.mask is None:
        return None
    try:
        return b64decode(body.mask, validate=True)
    except ValueError as error:
        raise ApiRefused(400, replies.MASK_NOT_BASE64, code="invalid_mask", param="mask") from error


def _id(call: ApiCall) -> UUID:
    if (given := call.id()) is None:
        raise ApiRefused(400, replies.BAD_ID, code="invalid_value", param="id")
    return given
