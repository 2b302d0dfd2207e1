"""A small server with the sandbox's HTTP interface for the chat page, controlled by the test.

It records the page's requests and sends the events that the test gives it.
"""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web
from PIL import Image, ImageDraw

PAGE = Path(__file__).parents[3] / "sandbox" / "page"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
JSON = dict[str, Any]


def png(width: int, height: int, colour: str) -> bytes:
    """A picture of `colour` with a lighter disc, `width` by `height` pixels, as PNG."""
    image = Image.new("RGB", (width, height), colour)
    x, y, radius = width / 2, height / 2, min(width, height) / 3
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill="#f3e3c8")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@dataclass
class FakeDiscord:
    """The state, responses and records of a fake sandbox; `url` is set while it is served."""

    state: JSON
    url: str = ""
    interactions: list[JSON] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    said: list[JSON] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    reacted: list[tuple[str, str]] = field(default_factory=list)
    older: dict[str, list[JSON]] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    refusal: str | None = None
    is_away: bool = False
    sockets: list[tuple[str, web.WebSocketResponse]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def push(self, kind: str, data: JSON) -> None:
        """Sends an event to every connected page."""
        for _, socket in list(self.sockets):
            await socket.send_json({"t": kind, "d": data})

    async def until(self, ready: Any) -> None:
        """Waits until `ready()` holds; checked after every request."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(ready), 60)

    async def drop(self) -> None:
        """Cuts every socket."""
        for _, socket in list(self.sockets):
            await socket.close()

    async def next_interaction(self, kind: int) -> JSON:
        """The newest interaction of `kind`, once there is one."""
        await self.until(lambda: any(each["type"] == kind for each in self.interactions))
        return [each for each in self.interactions if each["type"] == kind][-1]

    async def _noted(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": CSP})

    async def snapshot(self, request: web.Request) -> web.Response:
        member = request.query.get("member") or self.state["members"][0]["id"]
        me = next((each for each in self.state["members"] if each["id"] == member), None)
        if me is None:
            return web.json_response({"message": "Unknown member."}, status=404)
        return web.json_response({**self.state, "me": me})

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        if self.is_away:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"t": "READY", "d": {}})
        entry = (request.query["member"], socket)
        self.sockets.append(entry)
        await self._noted()
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                break
        self.sockets.remove(entry)
        return socket

    async def interact(self, request: web.Request) -> web.Response:
        if self.refusal:
            return web.json_response({"message": self.refusal}, status=400)
        if request.content_type == "application/json":
            payload = await request.json()
        else:
            form = await request.post()
            payload = json.loads(str(form["payload_json"]))
            self.files = [
                (value.filename, value.file.read()) for value in form.values() if isinstance(value, web.FileField)
            ]
        self.interactions.append(payload)
        await self._noted()
        return web.json_response({"interaction_id": f"77{len(self.interactions)}"})

    async def say(self, request: web.Request) -> web.Response:
        self.said.append(await request.json())
        await self._noted()
        return web.json_response({})

    async def remove(self, request: web.Request) -> web.Response:
        self.removed.append(request.match_info["id"])
        await self._noted()
        return web.Response(status=204)

    async def react(self, request: web.Request) -> web.Response:
        self.reacted.append((request.method, request.match_info["emoji"]))
        await self._noted()
        return web.Response(status=204)

    async def history(self, request: web.Request) -> web.Response:
        asked = await request.json()
        batch = [each for each in self.older.get(asked["channel_id"], []) if int(each["id"]) < int(asked["before"])]
        return web.json_response(batch[-50:])

    async def picture(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name in self.held:
            await self.held[name].wait()
        if name not in self.pictures:
            raise web.HTTPNotFound
        return web.Response(body=self.pictures[name], content_type="image/png")

    def application(self) -> web.Application:
        """The routes of the contract."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self.index),
                web.static("/page", PAGE),
                web.get("/sandbox/state", self.snapshot),
                web.get("/sandbox/events", self.events),
                web.post("/sandbox/interactions", self.interact),
                web.post("/sandbox/messages", self.say),
                web.delete("/sandbox/messages/{channel}/{id}", self.remove),
                web.put("/sandbox/reactions/{channel}/{message}/{emoji}", self.react),
                web.delete("/sandbox/reactions/{channel}/{message}/{emoji}", self.react),
                web.post("/sandbox/history", self.history),
                web.get("/attachments/{name}", self.picture),
            ]
        )
        return app
