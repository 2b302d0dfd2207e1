"""Serves the chat page's files, and rejects requests from other origins."""

from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

routes = web.RouteTableDef()
PAGE = Path(__file__).parents[1] / "page"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@web.middleware
async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject requests from other sites: a Host that is not loopback (DNS rebinding) or a foreign Origin."""
    origin = request.headers.get("Origin")
    if not _is_loopback(f"//{request.host}") or (origin and not _is_same(origin, request.host)):
        raise web.HTTPForbidden(text="Cross-origin requests are not allowed.")
    return await handler(request)


def _is_loopback(address: str) -> bool:
    try:
        return urlsplit(address).hostname in LOOPBACK
    except ValueError:
        return False


def _is_same(origin: str, host: str) -> bool:
    return origin == f"http://{host}" and _is_loopback(origin)


@routes.get("/")
async def get_page(request: web.Request) -> web.StreamResponse:
    """Serve the chat page."""
    return _file("index.html")


@routes.get("/page/{file:.+}")
async def get_file(request: web.Request) -> web.StreamResponse:
    """Serve a static file."""
    return _file(request.match_info["file"])


def _file(name: str) -> web.StreamResponse:
    path = (PAGE / name).resolve()
    if not path.is_relative_to(PAGE) or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers=HEADERS)
