"""Reads request bodies: JSON, or multipart with `payload_json` and `files[n]`."""

import json
import re
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.actions.message_forms import Form
from sandbox.actions.uploads import Upload
from sandbox.state.errors import ApiError, ErrorCode, api_error
from sandbox.state.records import Json

BODY = web.RequestKey("body", object)
FILE_PART = re.compile(r"files\[(\d+)\]")


async def json_body(request: web.Request) -> Any:
    """Return a request's JSON. Raises: ApiError 50109 when it is invalid."""
    try:
        body = json.loads(await request.read())
    except ValueError as bad:
        raise api_error(ErrorCode.INVALID_JSON) from bad
    request[BODY] = body
    return body


async def object_body(request: web.Request) -> Json:
    """Return a request's JSON object. Raises: ApiError 50109 for invalid JSON, 50035 for another type."""
    body = await json_body(request)
    if not isinstance(body, dict):
        error = {"_errors": [{"code": "DICT_TYPE_CONVERT", "message": "Only dictionaries may be used in a DictType"}]}
        raise ApiError(400, int(ErrorCode.INVALID_FORM), "Invalid Form Body", error)
    return body


async def form_body(request: web.Request) -> Form:
    """Return a request's form, JSON or multipart. Raises: ApiError when its JSON is invalid."""
    if not request.content_type.startswith("multipart/"):
        return Form(payload=await object_body(request), uploads={})
    payload: Json = {}
    uploads: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=False))
        numbered = FILE_PART.fullmatch(part.name or "")
        if part.name == "payload_json":
            payload = _json_object(content)
        elif numbered:
            uploads[int(numbered[1])] = Upload(filename=part.filename or "file", content=content)
    request[BODY] = payload
    return Form(payload=payload, uploads=uploads)


def _json_object(content: bytes) -> Json:
    try:
        payload = json.loads(content)
    except ValueError as bad:
        raise api_error(ErrorCode.INVALID_JSON) from bad
    if not isinstance(payload, dict):
        raise api_error(ErrorCode.INVALID_JSON)
    return payload
