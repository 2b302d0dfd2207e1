"""From the body of a job to what is to be painted: one function for each operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from api import replies
from api.bodies import JobBody
from api.endpoints.images import WHOLLY_NEW
from api.own_adapters import usable_adapters
from api.pictures_sent import stored_mask
from api.refusals import ApiRefused
from api.services import ApiCall
from api.store.own_jobs import read_own_picture
from api.wishes import Wish, spec_from_prompt
from engine.contract.edits import CALM, CREATIVE, FAITHFUL, LIVELY, STRONG, SUBTLE, Canvas, Edit, whole_canvas
from engine.contract.errors import SourceMismatch
from engine.contract.jobs import Job, JobSpec, Operation, Picture
from engine.prompt.checks.canvases import animated_canvas, checked_canvas, varied_canvas
from engine.prompt.checks.followups import followup_spec, reworded_spec
from engine.prompt.checks.outdated import check_supported
from engine.prompt.checks.upscales import possible_factors

Source = tuple[Job, Picture]


async def wish_of(call: ApiCall, body: JobBody, mask: bytes | None) -> Wish:
    """Return what the body asks for.

    mask: the file that the body has in base64.

    Raises: ApiRefused, RequestError, StoreUnavailable.
    """
    operation = Operation(body.operation)
    if operation is Operation.IMAGINE:
        return await _imagine(call, body)
    if operation is Operation.ANIMATE and body.picture is None:
        return await _film(call, body)
    if body.picture is None:
        raise _missing(replies.NEEDS_PICTURE, "picture")
    async with call.services.database.begin() as connection:
        source = await read_own_picture(connection, call.member_id, body.picture)
    spec = await _spec(call, body, operation, source[0])
    edit = await _EDITS[operation](call, body, mask, replace(source[0], spec=spec), source[1])
    return Wish(operation=operation, spec=spec, source=source, edit=edit)


async def _imagine(call: ApiCall, body: JobBody) -> Wish:
    if body.prompt is None:
        raise _missing(replies.NEEDS_PROMPT, "prompt")
    if body.picture is not None:
        raise SourceMismatch(operation=body.operation, needs_source=False)
    usable = await usable_adapters(call, body.prompt)
    spec = spec_from_prompt(body.prompt, call.services.limits, usable=usable)
    check_supported(Operation.IMAGINE, spec, call.services.limits)
    return Wish(operation=Operation.IMAGINE, spec=spec)


async def _film(call: ApiCall, body: JobBody) -> Wish:
    if body.prompt is None:
        raise _missing(replies.NEEDS_PROMPT, "prompt")
    usable = await usable_adapters(call, body.prompt)
    spec = spec_from_prompt(body.prompt, call.services.limits, {"motion": body.motion}, usable=usable)
    check_supported(Operation.ANIMATE, spec, call.services.limits)
    return Wish(operation=Operation.ANIMATE, spec=spec)


async def _spec(call: ApiCall, body: JobBody, operation: Operation, job: Job) -> JobSpec:
    """Return the spec of a prompt of its own, or that of the picture's job."""
    limits = call.services.limits
    if body.prompt is None:
        return followup_spec(limits, operation, job.spec)
    spec = spec_from_prompt(body.prompt, limits, usable=await usable_adapters(call, body.prompt))
    return reworded_spec(limits, operation, spec)


async def _variation(call: ApiCall, body: JobBody, mask: bytes | None, job: Job, picture: Picture) -> Edit:
    strength = SUBTLE if body.strength == "subtle" else STRONG
    return Edit(strength=strength, canvas=varied_canvas(picture, job, call.services.limits))


async def _region(call: ApiCall, body: JobBody, mask: bytes | None, job: Job, picture: Picture) -> Edit:
    canvas = await _canvas(call, body, mask, picture)
    # Where it is that the words name is known once the engine has found it.
    part = canvas if canvas.words else checked_canvas(canvas, job.spec, call.services.limits)
    return Edit(strength=WHOLLY_NEW, canvas=part)


async def _canvas(call: ApiCall, body: JobBody, mask: bytes | None, picture: Picture) -> Canvas:
    if mask is not None:
        stored = await stored_mask(call, mask, picture)
        return whole_canvas(picture.width, picture.height, mask=stored.mask)
    if body.words is None:
        raise _missing(replies.NEEDS_REGION, "mask")
    if not call.services.limits.has_segmenter:
        raise ApiRefused(400, replies.NO_SEGMENTER, code="unsupported", param="words")
    return whole_canvas(picture.width, picture.height, words=body.words)


async def _upscale(call: ApiCall, body: JobBody, mask: bytes | None, job: Job, picture: Picture) -> Edit:
    factors = possible_factors((picture.width, picture.height))
    if body.factor not in factors:
        raise ApiRefused(400, replies.too_large_upscaled(sorted(factors)), code="invalid_value", param="factor")
    canvas = whole_canvas(picture.width * body.factor, picture.height * body.factor)
    return Edit(strength=CREATIVE if body.is_creative else FAITHFUL, canvas=canvas)


async def _animation(call: ApiCall, body: JobBody, mask: bytes | None, job: Job, picture: Picture) -> Edit:
    strength = CALM if body.motion == "low" else LIVELY
    return Edit(strength=strength, canvas=animated_canvas(picture, job, call.services.limits))


_EDITS: Mapping[Operation, Callable[[ApiCall, JobBody, bytes | None, Job, Picture], Awaitable[Edit]]] = {
    Operation.VARY: _variation,
    Operation.INPAINT: _region,
    Operation.UPSCALE: _upscale,
    Operation.ANIMATE: _animation,
}


def _missing(sentence: str, name: str) -> ApiRefused:
    return ApiRefused(400, sentence, code="missing_required_parameter", param=name)
