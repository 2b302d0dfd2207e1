"""The CDN: uploaded files at signed URLs, and default avatars."""

import struct
import zlib
from functools import cache

from aiohttp import web

from sandbox.actions.uploads import content_type_from_filename
from sandbox.app_keys import world_of

routes = web.RouteTableDef()
GONE = "This content is no longer available."
AVATAR_COLOURS = ("5865f2", "757e8a", "3ba55c", "faa61a", "ed4245", "eb459f")
INLINE = ("image/", "video/", "audio/")


@routes.get(r"/attachments/{channel_id:\d+}/{attachment_id:\d+}/{filename}")
async def get_attachment(request: web.Request) -> web.Response:
    """Serve a file at a valid signed URL."""
    world = world_of(request)
    channel_id, attachment_id = int(request.match_info["channel_id"]), int(request.match_info["attachment_id"])
    expiry, signature = request.query.get("ex", "0"), request.query.get("hm", "")
    content = await world.files.read(attachment_id)
    if content is None or not world.links.is_valid(channel_id, attachment_id, expiry, signature):
        raise web.HTTPNotFound(text=GONE)
    return web.Response(body=content, headers=_headers(request.match_info["filename"]))


def _headers(filename: str) -> dict[str, str]:
    kind = content_type_from_filename(filename)
    # A file that a browser could run as a page of this origin is always a download.
    disposition = "inline" if kind.startswith(INLINE) and "svg" not in kind else "attachment"
    return {
        "Content-Type": kind,
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=86400",
    }


@routes.get(r"/embed/avatars/{number:\d+}.png")
async def get_default_avatar(request: web.Request) -> web.Response:
    """Serve a default avatar."""
    colour = AVATAR_COLOURS[int(request.match_info["number"]) % len(AVATAR_COLOURS)]
    return web.Response(body=_plain_png(bytes.fromhex(colour)), content_type="image/png")


@cache
def _plain_png(colour: bytes, side_px: int = 64) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + colour * side_px) * side_px
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
