"""The files of exports, at signed addresses that are valid for a day."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from bot.exports.place import ExportPlace
from bot.language import Phrase
from bot.pages.spoken import spoken
from bot.signed_links import is_expired, is_signed
from bot.store.export_tables import ExportState
from bot.store.exports import read_export
from engine.contract.errors import StoreUnavailable
from engine.store.database import Database

_NOT_THERE = Phrase(
    "This link is not valid, or no longer is: files are kept for a day. Ask for the export again in Discord."
)
_AWAY = Phrase("The database cannot be read at the moment. Try again in a while.")
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Type": "application/zip",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


class ExportFiles:
    """Answers those who have a link to the file of an export, and nobody else."""

    def __init__(self, database: Database, place: ExportPlace) -> None:
        self._database, self._place = database, place

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the route."""
        return (web.get("/exports/{id}/{expires}/{signature}", spoken(self._file)),)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        try:
            export_id = UUID(request.match_info["id"])
        except ValueError:
            return _not_there()
        expires = request.match_info["expires"]
        if is_expired(expires):
            return _not_there()
        try:
            async with self._database.begin() as connection:
                export = await read_export(connection, export_id)
        except StoreUnavailable:
            return web.Response(status=503, text=f"{_AWAY}\n")
        if export is None or export.state is not ExportState.DONE:
            return _not_there()
        if not is_signed(export.secret, export.id, expires, request.match_info["signature"]):
            return _not_there()
        path = self._place.file(export.id)
        if not path.exists():
            return _not_there()
        name = "easel-data" if export.guild_id is None else f"easel-{export.options['format']}"
        disposition = f'attachment; filename="{name}.zip"'
        return web.FileResponse(path, headers={**_HEADERS, "Content-Disposition": disposition})


def _not_there() -> web.Response:
    return web.Response(status=404, text=f"{_NOT_THERE}\n")
