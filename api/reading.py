"""Reads the bodies of requests, counting as it reads: aiohttp knows no limit for the parts of a form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from api import replies
from api.refusals import ApiRefused
from engine.contract.uploads import UploadFault, UploadRefused

MAX_JSON = 8 * 2**20
"""Bytes of a JSON body, which may hold a mask."""

MAX_FORM = 64 * 2**20
MAX_FILE = 25 * 2**20
"""Bytes of a file in a form, as of any picture that is brought to Easel."""

_AT_ONCE = 2**16
_LIST = "[]"


@dataclass(frozen=True, kw_only=True)
class ReadBody:
    """A body: its fields, and the files of a form by the names of their fields, without `[]`."""

    fields: dict[str, Any]
    files: dict[str, list[bytes]] = field(default_factory=dict)

    def fingerprint(self, path: str) -> bytes:
        """Return the hash of all that is asked, and where."""
        files = {name: [hashlib.sha256(data).hexdigest() for data in sent] for name, sent in self.files.items()}
        return hashlib.sha256(json.dumps([path, self.fields, files], sort_keys=True).encode()).digest()


async def read_json(request: web.Request) -> ReadBody:
    """Return the object in the body.

    Raises: ApiRefused when it is none, or too large.
    """
    _check_announced(request, MAX_JSON)
    content = bytearray()
    async for chunk in request.content.iter_chunked(_AT_ONCE):
        content += chunk
        _check_size(len(content), MAX_JSON)
    try:
        data = json.loads(content.decode())
    except ValueError as error:
        raise ApiRefused(400, replies.NOT_JSON, code="invalid_json") from error
    if not isinstance(data, dict):
        raise ApiRefused(400, replies.NOT_JSON, code="invalid_json")
    return ReadBody(fields=data)


async def read_form(request: web.Request) -> ReadBody:
    """Return the fields and files of a form.

    A field may be named with `[]`, as clients name lists; files that are named `image` and `image[]` are the same.

    Raises: ApiRefused when it is no form, or too large; UploadRefused for a file that is too large.
    """
    if request.content_type != "multipart/form-data":
        raise ApiRefused(415, replies.NOT_FORM, code="unsupported_media_type")
    _check_announced(request, MAX_FORM)
    body, size = ReadBody(fields={}), 0
    async for part in _parts(request):
        content = bytearray()
        while chunk := await part.read_chunk(_AT_ONCE):
            size += len(chunk)
            _check_size(size, MAX_FORM)
            content += chunk
            if len(content) > MAX_FILE:
                raise UploadRefused(UploadFault.TOO_LARGE)
        _add(body, part, bytes(content))
    return body


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise ApiRefused(400, replies.NOT_FORM, code="invalid_form")
            yield part
    except ValueError as error:
        # What aiohttp has for a form that is cut or has no boundary.
        raise ApiRefused(400, replies.NOT_FORM, code="invalid_form") from error


def _add(body: ReadBody, part: BodyPartReader, content: bytes) -> None:
    name = (part.name or "").removesuffix(_LIST)
    if part.filename is not None or name in {"image", "mask"}:
        body.files.setdefault(name, []).append(content)
        return
    try:
        body.fields[name] = content.decode()
    except UnicodeDecodeError as error:
        raise ApiRefused(400, replies.wrong_value(name, "text"), code="invalid_value", param=name) from error


def _check_announced(request: web.Request, limit: int) -> None:
    _check_size(request.content_length or 0, limit)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise ApiRefused(413, replies.body_too_large(limit), code="body_too_large")
