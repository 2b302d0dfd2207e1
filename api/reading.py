"""Reads the bodies of requests, counting as it reads: aiohttp knows no limit for the parts of a form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from api import replies
from api.refusals import ApiRefused
from engine.contract.uploads import UploadFault, UploadRefused

MAX_JSON = 8 * 2**20
"""Bytes of a JSON body, which may hold a mask."""

MAX_FORM = 64 * 2**20
MAX_FILE = 25 * 2**20
"""Bytes of a file in a form, as of any picture that is brought to Easel."""

_AT_ONCE = 2**16
# What aiohttp has for a body that is cut, compressed otherwise than announced, or a form that is none.
_BROKEN = (ValueError, web.RequestPayloadError, HttpProcessingError)
# aiohttp ends the connection after it.
_LAST: Mapping[str, str] = MappingProxyType({hdrs.CONNECTION: "close"})
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
    try:
        async for chunk in request.content.iter_chunked(_AT_ONCE):
            content += chunk
            _check_size(len(content), MAX_JSON)
        data = json.loads(content.decode())
    except (*_BROKEN, RecursionError) as error:
        raise ApiRefused(400, replies.NOT_JSON, code="invalid_json", headers=_LAST) from error
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
    try:
        return await _read_parts(request)
    except _BROKEN as error:
        raise ApiRefused(400, replies.NOT_FORM, code="invalid_form", headers=_LAST) from error


async def _read_parts(request: web.Request) -> ReadBody:
    body = ReadBody(fields={})
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ApiRefused(400, replies.NOT_FORM, code="invalid_form")
        content = bytearray()
        while chunk := await part.read_chunk(_AT_ONCE):
            _check_read(request)
            content += chunk
            if len(content) > MAX_FILE:
                raise UploadRefused(UploadFault.TOO_LARGE)
        _check_read(request)
        _add(body, part, bytes(content))
    return body


def _check_read(request: web.Request) -> None:
    """Count the heads of the parts as well, of which a form may have any number."""
    _check_size(request.content.total_bytes, MAX_FORM)


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
