"""Reads what a bot sent: JSON, or multipart with `payload_json` and `files[n]`. Rules about the content come later."""

import json
import re
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.actions.message_forms import Form
from sandbox.actions.uploads import Upload
from sandbox.state.errors import Code, Refusal, refusal_from_code
from sandbox.state.records import Json

BODY = web.RequestKey("body", object)
FILE_PART = re.compile(r"files\[(\d+)\]")


async def json_body(request: web.Request) -> Any:
    """Return a request's JSON. Raises: Refusal 50109 when it is none."""
    try:
        body = json.loads(await request.read())
    except ValueError as bad:
        raise refusal_from_code(Code.INVALID_JSON) from bad
    request[BODY] = body
    return body


async def object_body(request: web.Request) -> Json:
    """Return a request's JSON object. Raises: Refusal 50109 or 50035 when it is none."""
    body = await json_body(request)
    if not isinstance(body, dict):
        error = {"_errors": [{"code": "DICT_TYPE_CONVERT", "message": "Only dictionaries may be used in a DictType"}]}
        raise Refusal(400, int(Code.INVALID_FORM), "Invalid Form Body", error)
    return body


async def form_body(request: web.Request) -> Form:
    """Return a request's form, of either content type. Raises: Refusal when its JSON is none."""
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
        raise refusal_from_code(Code.INVALID_JSON) from bad
    if not isinstance(payload, dict):
        raise refusal_from_code(Code.INVALID_JSON)
    return payload
