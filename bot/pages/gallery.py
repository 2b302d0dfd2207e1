"""The public gallery of a guild: pages that everybody opens who has the address, and small copies of its pictures.

Strangers open it, so that it reads few things at a time, keeps nobody waiting long, and does each kind of work within
a limit: what cannot be done now is answered with 503.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from aiohttp import web

from bot.language import Phrase
from bot.pages.gallery_html import file_name, job_html, list_html, problem_html
from bot.pages.spoken import spoken
from bot.pages.thumbnails import WIDTHS, Thumbnails
from bot.store.finding.wanted import BestOf
from bot.store.gallery.pages import (
    ChannelsOf,
    PublicGallery,
    PublicJob,
    PublicPage,
    open_public,
    read_best,
    read_newest,
    read_public,
)
from engine.contract.errors import PictureCorrupt, StoreUnavailable
from engine.store.database import Database
from engine.store.objects import Objects

_READING, _WAITING = 2, 100
_KEY = re.compile(r"[\w-]{1,64}", re.ASCII)
_MAX_PAGES = 40

_NO_GALLERY = Phrase("There is no gallery at this address. Whoever manages the server can open one, at a new address.")
_NO_PICTURE = Phrase("This picture is not shown here, or no longer is.")
_NO_PAGE = Phrase("There is no such page of the gallery.")
_BUSY = Phrase("Too many pictures are being looked at right now. Try again in a moment.")
_AWAY = Phrase("Pictures cannot be read at the moment. Try again in a while.")

_STATIC = Path(__file__).parent / "static"
_FILES = {name: _STATIC / name for name in ("theme.css", "gallery.css", "icon.svg")}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Language",
}
_KEPT = {name: value for name, value in _HEADERS.items() if name != "Vary"} | {
    "Cache-Control": "public, max-age=604800, immutable"
}


class GalleryPages:
    """Answers whoever has the address of a gallery."""

    def __init__(self, database: Database, objects: Objects, channels_of: ChannelsOf) -> None:
        self._database, self._channels_of = database, channels_of
        self._thumbnails = Thumbnails(objects)
        self._reading, self._num_waiting = asyncio.Semaphore(_READING), 0

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the routes."""
        return (
            web.get("/gallery/files/{file}", self._file),
            web.get("/gallery/{key}", spoken(self._list)),
            web.get("/gallery/{key}/{job}", spoken(self._job)),
            web.get("/gallery/{key}/{job}/{file}", spoken(self._picture)),
        )

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = _FILES.get(request.match_info["file"])
        if path is None:
            raise _problem(404, _NO_PAGE)
        return web.FileResponse(path, headers=_HEADERS)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        key, asked = request.match_info["key"], request.query
        best, before, number = _best(asked.get("best")), _uuid(asked.get("before")), _number(asked.get("page"))
        async with self._open(key) as gallery:
            page = await _read_page(gallery, best, before, number)
        html = list_html(key, page, best, is_first=before is None and number == 1)
        return _html(html)

    async def _job(self, request: web.Request) -> web.StreamResponse:
        shown = await self._read(request)
        return _html(job_html(request.match_info["key"], shown))

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        shown = await self._read(request)
        names = {file_name(picture, width): (picture, width) for picture in shown.pictures for width in WIDTHS}
        found = names.get(request.match_info["file"])
        if found is None:
            raise _problem(404, _NO_PICTURE, request.match_info["key"])
        try:
            data = await self._thumbnails.get(found[0].object_key, found[1])
        except PictureCorrupt as error:
            raise _problem(404, _NO_PICTURE) from error
        except StoreUnavailable as error:
            raise _problem(503, _AWAY) from error
        return web.Response(body=data, content_type="image/webp", headers=_KEPT)

    async def _read(self, request: web.Request) -> PublicJob:
        key, job_id = request.match_info["key"], _uuid(request.match_info["job"])
        async with self._open(key) as gallery:
            shown = await read_public(gallery, job_id) if job_id else None
        if shown is None:
            raise _problem(404, _NO_PICTURE, key)
        return shown

    @asynccontextmanager
    async def _open(self, key: str) -> AsyncIterator[PublicGallery]:
        """Yield the gallery; refuse the request if there is no gallery."""
        # Postgres takes no text with every sign that an address can have.
        if not _KEY.fullmatch(key):
            raise _problem(404, _NO_GALLERY)
        if self._num_waiting >= _WAITING:
            raise _problem(503, _BUSY)
        self._num_waiting += 1
        try:
            async with self._reading, self._database.begin() as connection:
                gallery = await open_public(connection, key, self._channels_of)
                if gallery is None:
                    raise _problem(404, _NO_GALLERY)
                yield gallery
        except StoreUnavailable as error:
            raise _problem(503, _AWAY) from error
        finally:
            self._num_waiting -= 1


async def _read_page(gallery: PublicGallery, best: BestOf | None, before: UUID | None, number: int) -> PublicPage:
    if best is None:
        return await read_newest(gallery, before)
    page = await read_best(gallery, best, number)
    return page if number < _MAX_PAGES else PublicPage(jobs=page.jobs)


def _best(text: str | None) -> BestOf | None:
    if text is None:
        return None
    try:
        return BestOf(text)
    except ValueError as error:
        raise _problem(404, _NO_PAGE) from error


def _uuid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise _problem(404, _NO_PAGE) from error


def _number(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= _MAX_PAGES):
        raise _problem(404, _NO_PAGE)
    return int(text)


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)


def _problem(status: int, sentence: Phrase, key: str | None = None) -> web.HTTPException:
    """Return what refuses a request, to be raised."""
    headers = {**_HEADERS, **({"Retry-After": "10"} if status == 503 else {})}
    refusal = web.HTTPException(text=problem_html(str(sentence), key), content_type="text/html", headers=headers)
    refusal.set_status(status)
    return refusal
