"""A small S3 service at a plain-HTTP address, whose answers tests choose."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

OnCreate = Literal["refuse", "overwrite", "unknown"]

REFUSALS = {
    "NoSuchBucket": 404,
    "InvalidAccessKeyId": 403,
    "SignatureDoesNotMatch": 403,
    "AccessDenied": 403,
    "XMinioStorageFull": 507,
    "InternalError": 500,
}


@dataclass(kw_only=True)
class S3Server:
    """What it keeps, by path, where it is, and the code of the error that it answers instead; None for none.

    on_create: what becomes of an object that is there and is to be created only: refused, overwritten, or not known.
    authorization: the header of the last request, which names the key that signed it.
    """

    kept: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    refusal: str | None = None
    on_create: OnCreate = "refuse"
    authorization: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Store or return an object, or refuse to."""
        self.authorization = request.headers.get("Authorization", "")
        if self.refusal:
            return web.Response(status=REFUSALS[self.refusal], text=f"<Error><Code>{self.refusal}</Code></Error>")
        if request.method == "PUT":
            if "If-None-Match" in request.headers and self.on_create == "unknown":
                return web.Response(status=501, text="<Error><Code>NotImplemented</Code></Error>")
            if "If-None-Match" in request.headers and self.on_create == "refuse" and request.path in self.kept:
                return web.Response(status=412, text="<Error><Code>PreconditionFailed</Code></Error>")
            self.kept[request.path] = await request.read()
            return web.Response(headers={"ETag": '"1"'})
        if request.method in ("DELETE", "POST"):
            return await self._delete(request)
        if "list-type" in request.query:
            return self._list(request)
        if request.path not in self.kept:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        headers = {"ETag": '"1"', "Last-Modified": "Fri, 02 Jan 2026 00:00:00 GMT"}
        return web.Response(body=self.kept[request.path], headers=headers)

    async def _delete(self, request: web.Request) -> web.Response:
        """Delete one object, or those that the body lists; one that is missing is as good as deleted."""
        keys = re.findall("<Key>(.+?)</Key>", await request.text())
        for path in [f"{request.path}/{key}" for key in keys] or [request.path]:
            self.kept.pop(path, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return web.Response(text=f"<DeleteResult>{deleted}</DeleteResult>")

    def _list(self, request: web.Request) -> web.Response:
        """List the objects of the bucket that begin with the prefix."""
        keys = [path.removeprefix(f"{request.path}/") for path in self.kept]
        entries = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-01-02T00:00:00.000Z</LastModified><Size>1</Size></Contents>"
            for key in keys
            if key.startswith(request.query.get("prefix", ""))
        )
        return web.Response(text=f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>")


@asynccontextmanager
async def open_s3() -> AsyncIterator[S3Server]:
    """Yield a running service."""
    server = S3Server()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
