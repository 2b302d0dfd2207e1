"""What the statistics page shows of trained adapters: their figures, and the pictures before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from bot.pages.stats import HEADERS, guarded, problem
from bot.store.learning.adapters import LearnedAdapter, read_adapters
from engine.contract.errors import PictureCorrupt, StoreUnavailable
from engine.store.database import Database
from engine.store.objects import Objects

_NO_SHEET = "There are no pictures of this adapter."


class AdapterFigures:
    """Answers what the page asks about adapters."""

    def __init__(self, database: Database, objects: Objects) -> None:
        self._database, self._objects = database, objects

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the routes, to be registered before those of the page."""
        return (
            web.get("/stats/adapters", guarded(self._list)),
            web.get("/stats/adapters/{name}.jpg", guarded(self._sheet)),
        )

    async def _list(self, _: web.Request) -> web.StreamResponse:
        try:
            adapters = await self._read()
        except StoreUnavailable as error:
            return problem(503, f"The database cannot be read at the moment: {error}")
        return web.json_response([adapter_json(one) for one in reversed(adapters)], headers=HEADERS)

    async def _sheet(self, request: web.Request) -> web.StreamResponse:
        try:
            by_name = {one.name: one.sheet_key for one in await self._read()}
            key = by_name.get(request.match_info["name"])
            data = None if key is None else await self._objects.get(key)
        except PictureCorrupt:
            data = None
        except StoreUnavailable:
            return problem(503, "Pictures cannot be read at the moment.")
        if data is None:
            return problem(404, _NO_SHEET)
        return web.Response(body=data, content_type="image/jpeg", headers=HEADERS)

    async def _read(self) -> Sequence[LearnedAdapter]:
        async with self._database.begin() as connection:
            return await read_adapters(connection)


def adapter_json(adapter: LearnedAdapter) -> Mapping[str, Any]:
    """Return an adapter for the page; of members there are only numbers."""
    evaluation = adapter.figures.get("evaluation", {})
    return {
        "name": adapter.name,
        "state": adapter.state.value,
        "model": adapter.model,
        "trained_at": adapter.trained_at.isoformat(),
        "preferences": adapter.num_preferences,
        "members": adapter.num_members,
        "is_outdated": adapter.is_outdated,
        "distance": adapter.figures.get("distance"),
        "log": adapter.figures.get("log", []),
        "win_rate": evaluation.get("win_rate"),
        "votes": evaluation.get("votes"),
        "has_sheet": adapter.sheet_key is not None,
    }
