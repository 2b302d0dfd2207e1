"""`/v1/images`: pictures from prompts and pictures, in the shapes of OpenAI's API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from api import replies
from api.answers import json_of
from api.bodies import EditBody, GenerationBody, VariationBody, checked
from api.endpoints.painted_images import PaintedImages
from api.event_stream import stream
from api.following import finished
from api.own_adapters import usable_adapters
from api.pictures_sent import own_picture, stored_mask, stored_pictures
from api.reading import ReadBody, read_form, read_json
from api.refusals import ApiRefused
from api.services import ApiCall
from api.starting import asked_by, headers_of, start, waited_for
from api.wishes import Wish, options_of, spec_from_prompt
from engine.contract.edits import STRONG, Edit, whole_canvas
from engine.contract.jobs import Job, JobSpec, Operation, Picture
from engine.contract.references import pictures_of
from engine.prompt.checks.canvases import checked_canvas, varied_canvas
from engine.prompt.checks.followups import followup_spec
from engine.prompt.checks.outdated import check_supported

WHOLLY_NEW = 1.0
"""The strength of a region: as the rest of the picture holds it in place, it may leave its source entirely."""


async def generate(call: ApiCall) -> web.StreamResponse:
    """Answer with pictures of the prompt.

    Raises: ApiRefused, RequestError, StoreUnavailable.
    """
    read = await read_json(call.request)
    body = checked(GenerationBody, read.fields)
    limits = call.services.limits
    usable = await usable_adapters(call, body.prompt)
    spec = spec_from_prompt(body.prompt, limits, options_of(body, limits), usable=usable)
    wish = Wish(operation=Operation.IMAGINE, spec=spec)
    return await _painted(call, wish, body, read, "image_generation")


async def edit(call: ApiCall) -> web.StreamResponse:
    """Answer with pictures of the prompt that start from those that were sent.

    With a mask, what is transparent in it is painted anew; one picture of the key's own is varied; others go into the
    prompt.

    Raises: ApiRefused, UploadRefused, RequestError, StoreUnavailable.
    """
    read = await read_form(call.request)
    body = checked(EditBody, read.fields)
    return await _painted(call, await _edit_wish(call, body, _files(read, "mask")), body, read, "image_edit")


async def vary(call: ApiCall) -> web.StreamResponse:
    """Answer with variations of a picture of the key's own.

    Raises: ApiRefused, RequestError, StoreUnavailable.
    """
    read = await read_form(call.request)
    body = checked(VariationBody, read.fields)
    (image,) = _files(read)["image"][:1]
    source = await own_picture(call, image)
    if source is None:
        raise ApiRefused(400, replies.VARIATION_NEEDS_OWN, code="invalid_image", param="image")
    options_of(body, call.services.limits)
    spec = followup_spec(call.services.limits, Operation.VARY, source[0].spec)
    wish = Wish(operation=Operation.VARY, spec=spec, source=source, edit=_variation(call, source, spec))
    return await _painted(call, wish, body, read, "image_edit")


async def _edit_wish(call: ApiCall, body: EditBody, files: Mapping[str, list[bytes]]) -> Wish:
    limits, images = call.services.limits, files["image"]
    options, usable = options_of(body, limits), await usable_adapters(call, body.prompt)
    source = await own_picture(call, images[0]) if len(images) == 1 else None
    if "mask" in files and source is None:
        raise ApiRefused(400, replies.MASK_NEEDS_OWN, code="invalid_image", param="image")
    if source is None:
        keys = await stored_pictures(call, images)
        fields = {f"image {number}": name for number, name in enumerate(keys, 1)}
        spec = spec_from_prompt(body.prompt, limits, options, fields, usable)
        images_of_spec = tuple(keys[image.url] for image in pictures_of(spec))
        return Wish(operation=Operation.IMAGINE, spec=spec, image_keys=images_of_spec)
    spec = spec_from_prompt(body.prompt, limits, options, usable=usable)
    if "mask" not in files:
        check_supported(Operation.VARY, spec, limits)
        return Wish(operation=Operation.VARY, spec=spec, source=source, edit=_variation(call, source, spec))
    check_supported(Operation.INPAINT, spec, limits)
    mask = await stored_mask(call, files["mask"][0], source[1])
    canvas = checked_canvas(whole_canvas(source[1].width, source[1].height, mask=mask.mask), spec, limits)
    return Wish(operation=Operation.INPAINT, spec=spec, source=source, edit=Edit(strength=WHOLLY_NEW, canvas=canvas))


def _variation(call: ApiCall, source: tuple[Job, Picture], spec: JobSpec) -> Edit:
    job, picture = source
    return Edit(strength=STRONG, canvas=varied_canvas(picture, replace(job, spec=spec), call.services.limits))


async def _painted(call: ApiCall, wish: Wish, body: VariationBody, read: ReadBody, kind: str) -> web.StreamResponse:
    """Start the jobs and answer with their pictures, at once or as events of this kind."""
    asked = asked_by(call, read.fingerprint(call.request.path))
    started = await start(call, wish, body.n, asked)
    headers, images = headers_of(started), PaintedImages(call, body, started.jobs)
    async with waited_for(call, started):
        if body.stream:
            return await stream(call, images.events(kind), headers)
        try:
            answer = await images.answer(await finished(call.services, started.jobs))
        except ApiRefused as error:
            error.headers = {**headers, **error.headers}
            raise
    return web.json_response(json_of(answer), headers=headers)


def _files(read: ReadBody, *optional: str) -> Mapping[str, list[bytes]]:
    """Return the files by their fields; `image` is one of them.

    Raises: ApiRefused for files in other fields, and when there is no image.
    """
    if unknown := read.files.keys() - {"image", *optional}:
        name = min(unknown)
        raise ApiRefused(400, replies.unknown_parameter(name), code="unknown_parameter", param=name)
    if not any(read.files.get("image", ())):
        raise ApiRefused(400, replies.NO_IMAGE, code="missing_required_parameter", param="image")
    return read.files
