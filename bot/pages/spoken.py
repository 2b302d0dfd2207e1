"""Pages in the language that the browser of who opens them asks for."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from aiohttp import web

from bot.language import ENGLISH, LANGUAGES, language, speaking, translated

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TEXT = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
"""A text of a static page that is translated."""

_CHOICE = re.compile(r"([a-zA-Z]{1,8})[^,;]*(?:;\s*q=([0-9.]{1,5}))?")
_WEIGHT = re.compile(r"[0-9]+(\.[0-9]*)?")


def language_of(request: web.Request) -> str:
    """Return the language that the browser likes most of those that Easel speaks."""
    wanted = _CHOICE.findall(request.headers.get("Accept-Language", "")[:200])
    liked = {tag.lower(): float(weight or 1) for tag, weight in wanted if _WEIGHT.fullmatch(weight or "1")}
    return max(LANGUAGES, key=lambda one: (liked.get(one, 0.0), one == ENGLISH))


def spoken(handler: Handler) -> Handler:
    """Return a handler that says everything in the language of who asks."""

    async def handle(request: web.Request) -> web.StreamResponse:
        with speaking(language_of(request)):
            return await handler(request)

    return handle


@cache
def page_in(path: Path, language: str) -> str:
    """Return a static page in the language."""
    with speaking(language):
        said = TEXT.sub(lambda found: html.escape(translated(found[1])), path.read_text())
    return said.replace('lang="en"', f'lang="{language}"', 1)


def page(path: Path) -> str:
    """Return a static page in the language of now."""
    return page_in(path, language())
