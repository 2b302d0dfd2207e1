"""`/v1/pictures`: originals, for the key that they belong to and for who has a link."""

from __future__ import annotations

from pathlib import PurePath
from uuid import UUID

from aiohttp import hdrs, web

from api import replies
from api.authentication import authenticated, refuse_key_in_address
from api.links import is_valid
from api.refusals import ApiRefused
from api.services import ApiServices
from api.store.own_jobs import read_own_picture, read_signing_secret
from engine.contract.api_keys import Scope
from engine.contract.errors import PictureUnknown
from engine.contract.jobs import Picture
from engine.store.jobs import read_job, read_picture

_FOR_EVER = "private, max-age=31536000, immutable"


async def show_picture(services: ApiServices, request: web.Request) -> web.StreamResponse:
    """Answer with the file of the picture, as the engine has painted it.

    Raises: PictureUnknown, ApiRefused, PictureCorrupt, StoreUnavailable.
    """
    try:
        picture_id = UUID(request.match_info["id"])
    except ValueError as error:
        raise ApiRefused(400, replies.BAD_ID, code="invalid_value", param="id") from error
    picture = await _permitted(services, request, picture_id)
    if picture.is_unsafe and not services.limits.shows_unsafe:
        raise ApiRefused(403, replies.UNSAFE, code="content_policy_violation")
    tag = PurePath(picture.object_key).stem
    headers = {hdrs.CACHE_CONTROL: _FOR_EVER, hdrs.ETAG: f'"{tag}"', "X-Content-Type-Options": "nosniff"}
    if any(known.value == tag for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    content = await services.credentials.signed(await services.objects.get(picture.object_key), "image/png")
    return web.Response(body=content, content_type="image/png", headers=headers)


async def _permitted(services: ApiServices, request: web.Request, picture_id: UUID) -> Picture:
    if "signature" in request.query:
        refuse_key_in_address(request.query)
        return await _linked(services, request, picture_id)
    key = await authenticated(services, request, Scope.READ)
    async with services.database.begin() as connection:
        _, picture = await read_own_picture(connection, key.member_id, picture_id)
    return picture


async def _linked(services: ApiServices, request: web.Request, picture_id: UUID) -> Picture:
    async with services.database.begin() as connection:
        picture = await read_picture(connection, picture_id)
        job = await read_job(connection, picture.job_id) if picture else None
        secret = await read_signing_secret(connection, job.member_id) if job else None
    if picture is None or secret is None:
        raise PictureUnknown()
    if not is_valid(secret, picture_id, request.query.get("expires", ""), request.query["signature"]):
        raise ApiRefused(403, replies.LINK_EXPIRED, code="invalid_link")
    return picture
