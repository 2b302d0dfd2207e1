"""Server-sent events, as the official clients read them: each ends with an empty line, and comments keep it alive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from aiohttp import web

from api.refusals import error_object, refusal_of
from api.services import ApiCall
from engine.contract.errors import RequestError
from engine.error_boundary import logged_result_of

KEEP_ALIVE = timedelta(seconds=15)
"""Proxies close a connection on which nothing is said for a minute."""

_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class ReaderGone(RequestError):
    """Whoever read the events has hung up."""


class EventStream:
    """Events to one reader."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response

    async def send(self, data: Mapping[str, Any]) -> None:
        """Send an event, which is named as its data say in `type`.

        Raises: ReaderGone.
        """
        name = f"event: {data['type']}\n" if "type" in data else ""
        await self._write(f"{name}data: {json.dumps(data)}\n\n")

    async def keep_alive(self) -> None:
        """Send a comment, which readers skip; a ping of another kind would reach them as an event.

        Raises: ReaderGone.
        """
        await self._write(": keep-alive\n\n")

    async def _write(self, text: str) -> None:
        try:
            await self._response.write(text.encode())
        except ConnectionResetError as error:
            raise ReaderGone() from error


async def stream(
    call: ApiCall, events: AsyncIterator[Mapping[str, Any]], headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer the call with the events; what ends them too soon is the last event, as an error.

    Raises: ReaderGone.
    """
    response = web.StreamResponse(headers={**_HEADERS, **headers})
    await response.prepare(call.request)
    sent = EventStream(response)
    with call.services.metrics.streams.track_inprogress():
        async with _kept_alive(sent):
            result = await logged_result_of(_send_all(sent, events))
            if isinstance(result, ReaderGone):
                raise result
            if isinstance(result, Exception):
                await sent.send(error_object(refusal_of(result)))
        await response.write_eof()
    return response


async def _send_all(sent: EventStream, events: AsyncIterator[Mapping[str, Any]]) -> None:
    async for event in events:
        await sent.send(event)


@asynccontextmanager
async def _kept_alive(sent: EventStream) -> AsyncIterator[None]:
    async def keep() -> None:
        with suppress(ReaderGone):
            while True:
                await asyncio.sleep(KEEP_ALIVE.total_seconds())
                await sent.keep_alive()

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
