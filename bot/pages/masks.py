"""Pages on which a member paints a mask over a picture, at signed addresses that are valid for an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

from aiohttp import web

from bot import replies
from bot.pages.mask_upload import mask_from_upload
from bot.pages.spoken import page, spoken
from bot.replies import mask_replies
from bot.signed_links import is_expired, is_signed
from bot.store.deliveries import find_answered
from bot.store.mask_pages import MaskPage, read_page
from engine.contract.errors import EaselError, PictureCorrupt, PromptRefused, StoreUnavailable
from engine.contract.jobs import Job, Picture
from engine.error_boundary import logged_result_of
from engine.mask_file import MaskFile
from engine.store.database import Database
from engine.store.jobs import read_jobs_with_pictures
from engine.store.objects import Objects

StartMasked = Callable[[MaskPage, MaskFile, str], Awaitable[bool]]
"""Starts the job of a page with a mask and a prompt; False if the page has started its job."""

_STATIC = Path(__file__).parent / "static"
_FILES = {name: _STATIC / name for name in ("theme.css", "masks.css", "masks.js", "strokes.js", "icon.svg")}
_PAGE = "/masks/{id}/{expires}/{signature}"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}


class MaskPages:
    """Answers who has the link to a page, and nobody else."""

    def __init__(self, database: Database, objects: Objects, start: StartMasked) -> None:
        self._database, self._objects, self._start = database, objects, start

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the routes of the pages."""
        return (
            web.get("/masks/{file}", self._file),
            web.get(_PAGE, spoken(self._html)),
            web.get(f"{_PAGE}/about", spoken(self._about)),
            web.get(f"{_PAGE}/picture", spoken(self._image)),
            web.post(_PAGE, spoken(self._send)),
        )

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = _FILES.get(request.match_info["file"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={**_HEADERS, "Cache-Control": "no-cache"})

    async def _html(self, request: web.Request) -> web.StreamResponse:
        await self._open(request, is_new=True)
        text = await asyncio.to_thread(page, _STATIC / "masks.html")
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    async def _about(self, request: web.Request) -> web.StreamResponse:
        _, job, picture = await self._open(request, is_new=True)
        about = {"prompt": job.spec.prompt, "width": picture.width, "height": picture.height}
        return web.json_response(about, headers=_HEADERS)

    async def _image(self, request: web.Request) -> web.StreamResponse:
        _, _, picture = await self._open(request)
        try:
            data = await self._objects.get(picture.object_key)
        except (PictureCorrupt, StoreUnavailable) as error:
            raise _problem(503, replies.reply_for(error)) from error
        return web.Response(body=data, content_type="image/png", headers=_HEADERS)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        page, _, picture = await self._open(request)
        mask, prompt = await _read_form(request)
        file = mask_from_upload(mask, (picture.width, picture.height))
        if isinstance(file, str):
            raise _problem(400, file)
        result = await logged_result_of(self._start(page, file, prompt))
        if isinstance(result, Exception):
            raise _problem(*_answer_to(result))
        sentence = mask_replies.STARTED if result else mask_replies.SENT_ALREADY
        return web.Response(text=str(sentence), status=200 if result else 409, headers=_HEADERS)

    async def _open(self, request: web.Request, *, is_new: bool = False) -> tuple[MaskPage, Job, Picture]:
        """Return the page that the address names, with its picture; refuse the request otherwise.

        is_new: whether it is about to be painted on, so that one that has started its job is refused.
        """
        asked = request.match_info
        try:
            page_id = UUID(asked["id"])
        except ValueError as error:
            raise _problem(404, str(mask_replies.NOT_VALID)) from error
        try:
            page, job, pictures, is_used = await self._read(page_id)
        except StoreUnavailable as error:
            raise _problem(503, replies.reply_for(error)) from error
        if page and not is_signed(page.secret, page.id, asked["expires"], asked["signature"]):
            raise _problem(404, str(mask_replies.NOT_VALID))
        if is_expired(asked["expires"]):
            raise _problem(410, str(mask_replies.EXPIRED))
        picture = next((one for one in pictures if page and one.slot == page.slot), None)
        if page is None or job is None or picture is None:
            raise _problem(410, str(mask_replies.GONE))
        if is_new and is_used:
            raise _problem(410, str(mask_replies.SENT_ALREADY))
        return page, job, picture

    async def _read(self, page_id: UUID) -> tuple[MaskPage | None, Job | None, tuple[Picture, ...], bool]:
        """Return the page, its job and pictures, and whether a job was started on it."""
        async with self._database.begin() as connection:
            page = await read_page(connection, page_id)
            found = await read_jobs_with_pictures(connection, [page.job_id]) if page else [None]
            (is_used,) = await find_answered(connection, [page.context.id]) if page else [False]
        job, pictures = found[0] or (None, ())
        return page, job, pictures, is_used


async def _read_form(request: web.Request) -> tuple[bytes, str]:
    """Return the mask and the prompt that were sent."""
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge as error:
        raise _problem(413, str(mask_replies.TOO_LARGE)) from error
    except ValueError as error:
        raise _problem(400, str(mask_replies.NO_FILE)) from error
    mask, prompt = form.get("mask"), form.get("prompt")
    if not isinstance(mask, web.FileField) or not isinstance(prompt, str):
        raise _problem(400, str(mask_replies.NO_FILE))
    return mask.file.read(), prompt


def _answer_to(error: Exception) -> tuple[int, str]:
    match error:
        case PromptRefused():
            return 400, error.message
        case StoreUnavailable():
            return 503, replies.reply_for(error)
        case EaselError():
            return 422, replies.reply_for(error)
        case _:
            return 500, str(mask_replies.BROKEN)


def _problem(status: int, sentence: str) -> web.HTTPException:
    """Return what refuses a request, to be raised."""
    refusal = web.HTTPException(text=sentence, headers=_HEADERS)
    refusal.set_status(status)
    return refusal
