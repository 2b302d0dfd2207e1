"""The one way in which Easel fetches an address that a member gives, so that nobody reaches a private network by it.

Source of the threats: OWASP, Server-Side Request Forgery Prevention.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

import aiohttp
from aiohttp.abc import AbstractCookieJar
from yarl import URL

from engine.contract.uploads import UploadFault, UploadRefused
from engine.uploads.addresses import is_public

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]

_SCHEMES = frozenset({"http", "https"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AT_ONCE = 2**16
# A compressed answer could be a thousand times as large as what is counted.
_HEADERS: Mapping[str, str] = MappingProxyType(
    {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "Easel"}
)


@dataclass(frozen=True, kw_only=True)
class FetchLimits:
    """How much is fetched: bytes of the file, time for everything together, redirects."""

    max_bytes: int = 25 * 2**20
    timeout: timedelta = timedelta(seconds=20)
    max_redirects: int = 5


async def fetch(address: str, *, origins: frozenset[str] = frozenset(), limits: FetchLimits = FetchLimits()) -> bytes:
    """Return the content at an http or https address, whatever its headers call it.

    origins: such as "http://files.lan:8080", which may be in a private network all the same.

    Guarantees: each connection goes to the very address that was checked, also after a redirect, so that a name that
    resolves to another one the next time gains nothing. No cookies, proxies or passwords are used.

    Raises: UploadRefused.
    """
    try:
        async with asyncio.timeout(limits.timeout.total_seconds()):
            return await _follow(_url_from_text(address), origins, limits)
    except TimeoutError as error:
        raise UploadRefused(UploadFault.SLOW) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UploadRefused(UploadFault.UNREACHABLE) from error


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, such as "https://example.com".

    Raises: ValueError when it has none.
    """
    return str(URL(address).origin())


async def _follow(url: URL, origins: frozenset[str], limits: FetchLimits) -> bytes:
    for _ in range(limits.max_redirects + 1):
        found = await _get(_checked(url), str(url.origin()) in origins, limits)
        if isinstance(found, bytes):
            return found
        url = url.join(found)
    raise UploadRefused(UploadFault.REDIRECTS)


def _url_from_text(text: str) -> URL:
    try:
        return URL(text)
    except ValueError as error:
        raise UploadRefused(UploadFault.NOT_HTTP) from error


def _checked(url: URL) -> URL:
    if url.scheme not in _SCHEMES or not url.host:
        raise UploadRefused(UploadFault.NOT_HTTP)
    if url.user is not None or url.password is not None:
        raise UploadRefused(UploadFault.HAS_LOGIN)
    return url


async def _get(url: URL, is_allowed: bool, limits: FetchLimits) -> bytes | URL:
    """Return the content, or the address that it redirects to."""
    connector = aiohttp.TCPConnector(socket_factory=_any_socket if is_allowed else _public_socket, force_close=True)
    async with (
        aiohttp.ClientSession(
            connector=connector, cookie_jar=_no_cookies(), headers=_HEADERS, auto_decompress=False
        ) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        if answer.status in _REDIRECTS:
            return URL(answer.headers.get("Location", ""))
        if not 200 <= answer.status < 300:
            raise UploadRefused(UploadFault.MISSING)
        return await _read(answer, limits.max_bytes)


async def _read(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    content = bytearray()
    async for part in answer.content.iter_chunked(_AT_ONCE):
        content += part
        if len(content) > max_bytes:
            raise UploadRefused(UploadFault.TOO_LARGE)
    return bytes(content)


def _no_cookies() -> AbstractCookieJar:
    return aiohttp.DummyCookieJar()


def _any_socket(found: AddressInfo) -> socket.socket:
    family, kind, protocol, *_ = found
    return socket.socket(family, kind, protocol)


def _public_socket(found: AddressInfo) -> socket.socket:
    """Return a socket for an address that is about to be connected to, written as a number or found by a name."""
    if not is_public(found[4][0]):
        raise UploadRefused(UploadFault.PRIVATE)
    return _any_socket(found)
