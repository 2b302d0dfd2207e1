"""The statistics page: `/stats`, its data, and small copies of the pictures that it shows."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web
from PIL import Image

from engine.contract.errors import PictureCorrupt, StoreUnavailable
from engine.contract.provenance import PROVENANCE
from engine.feedback.stats.summary import LogSummary, summary_to_json
from engine.feedback.store.summary import read_summary
from engine.store.database import Database
from engine.store.jobs import read_picture
from engine.store.objects import Objects

DAYS: Mapping[str, int | None] = {"7": 7, "30": 30, "90": 90, "365": 365, "all": None}
"""What the page offers to look back, in days; None for everything."""

_LIMIT = timedelta(seconds=30)
_KEPT_FOR = timedelta(minutes=1)
_THUMBNAIL = (256, 256)
_STATIC = Path(__file__).parent
_FILES = {
    "theme.css": _STATIC / "static" / "theme.css",
    "stats.css": _STATIC / "static" / "stats.css",
    "stats.js": _STATIC / "static" / "stats.js",
    "charts.js": _STATIC / "static" / "charts.js",
    "adapters.js": _STATIC / "static" / "adapters.js",
    "icon.svg": _STATIC / "static" / "icon.svg",
    "vega.js": _STATIC / "vendor" / "vega.js",
}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class StatsPage:
    """Answers the page's requests; a summary is read at most once a minute, however many ask."""

    def __init__(self, database: Database, objects: Objects) -> None:
        self._database, self._objects = database, objects
        self._summaries: dict[str, tuple[float, LogSummary]] = {}
        self._reading = asyncio.Lock()

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the routes of the page."""
        return (
            web.get("/stats", guarded(self._page)),
            web.get("/stats/summary", guarded(self._summary)),
            web.get("/stats/pictures/{id}", guarded(self._picture)),
            web.get("/stats/{file}", guarded(self._file)),
        )

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(_STATIC / "static" / "stats.html", headers=HEADERS)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = _FILES.get(request.match_info["file"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=HEADERS)

    async def _summary(self, request: web.Request) -> web.StreamResponse:
        days = request.query.get("days", "30")
        if days not in DAYS:
            return problem(400, f"Choose one of {', '.join(DAYS)} for days.")
        try:
            summary = await self._read(days)
        except StoreUnavailable as error:
            return problem(503, f"The database cannot be read at the moment: {error}")
        return web.json_response(summary_to_json(summary), headers=HEADERS)

    async def _read(self, days: str) -> LogSummary:
        async with self._reading:
            made_at, summary = self._summaries.get(days, (0.0, None))
            if summary is None or time.monotonic() - made_at > _KEPT_FOR.total_seconds():
                back = DAYS[days]
                since = None if back is None else (datetime.now(UTC) - timedelta(days=back - 1)).date()
                async with self._database.begin(limit=_LIMIT) as connection:
                    summary = await read_summary(connection, since=since)
                self._summaries[days] = (time.monotonic(), summary)
        return summary

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        """Answer with a small copy of a picture that a summary shows, and of no other one."""
        shown = {
            str(picture): picture
            for _, summary in self._summaries.values()
            for result in (*summary.best, *summary.worst)
            for picture in result.pictures
        }
        picture_id = shown.get(request.match_info["id"])
        try:
            data = None if picture_id is None else await self._small_copy(picture_id)
        except PictureCorrupt:
            return problem(404, "The file of this picture is damaged or missing.")
        except StoreUnavailable:
            return problem(503, "Pictures cannot be read at the moment.")
        if data is None:
            return problem(404, "There is no such picture.")
        return web.Response(body=data, content_type="image/webp", headers=HEADERS)

    async def _small_copy(self, picture_id: UUID) -> bytes | None:
        """Return None when the picture was erased meanwhile."""
        async with self._database.begin() as connection:
            picture = await read_picture(connection, picture_id)
        if picture is None:
            return None
        return await asyncio.to_thread(_shrink, await self._objects.get(picture.object_key))


def guarded(handler: Any) -> Any:
    """Refuse a Host that is not loopback: a page of another site whose name leads here could read the answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not _is_loopback(request.host):
            return problem(403, "The statistics are served on 127.0.0.1 only. Open them there, or through a tunnel.")
        response: web.StreamResponse = await handler(request)
        return response

    return answer


def _is_loopback(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False


def problem(status: int, sentence: str) -> web.Response:
    """Return an answer that says what is wrong."""
    return web.Response(status=status, text=f"{sentence}\n", headers=HEADERS)


def _shrink(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB")
        small.thumbnail(_THUMBNAIL)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=85, xmp=PROVENANCE)
    return buffer.getvalue()
