"""A raw Gateway client for every compression, for payloads that no library would send."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import zstandard

from sandbox.server import Sandbox

Unpack = Callable[[aiohttp.WSMessage], str]


def _unpacker(compress: str | None) -> Unpack:
    if compress == "zlib-stream":
        stream = zlib.decompressobj()
        return lambda frame: stream.decompress(frame.data).decode()
    if compress == "zstd-stream":
        zstd = zstandard.ZstdDecompressor().decompressobj()
        return lambda frame: zstd.decompress(frame.data).decode()
    return lambda frame: frame.data if isinstance(frame.data, str) else zlib.decompress(frame.data).decode()


class RawSocket:
    """One socket of a bot. `sequence` is that of the last event."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, token: str, unpack: Unpack) -> None:
        self.socket, self.token, self._unpack = socket, token, unpack
        self.sequence: int | None = None

    async def receive(self) -> dict[str, Any]:
        """Return the next payload. Raises: ConnectionError with the close code when the socket ends."""
        async with asyncio.timeout(60):
            frame = await self.socket.receive()
        if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            raise ConnectionError(self.socket.close_code)
        payload: dict[str, Any] = json.loads(self._unpack(frame))
        if payload["op"] == 0:
            self.sequence = payload["s"]
        return payload

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the body of the next event of that kind."""
        while (payload := await self.receive())["t"] != kind:
            pass
        body: dict[str, Any] = payload["d"]
        return body

    async def send(self, op: int, data: Any) -> None:
        """Send a payload."""
        await self.socket.send_json({"op": op, "d": data})

    async def identify(self, *, intents: int = 1 | 1 << 9, **fields: Any) -> dict[str, Any]:
        """Identify and return the body of READY."""
        await self.send(2, {"token": self.token, "intents": intents, "properties": {}} | fields)
        return await self.until("READY")

    async def closed(self) -> int:
        """Return the code with which the server closes the socket."""
        try:
            while True:
                await self.receive()
        except ConnectionError as end:
            return int(end.args[0])


@asynccontextmanager
async def raw_socket(sandbox: Sandbox, compress: str | None = None) -> AsyncIterator[RawSocket]:
    """Connect, receive Hello and yield the socket."""
    address = f"{sandbox.gateway_url}?v=10&encoding=json" + (f"&compress={compress}" if compress else "")
    async with aiohttp.ClientSession() as http, http.ws_connect(address) as socket:
        raw = RawSocket(socket, sandbox.token, _unpacker(compress))
        hello = await raw.receive()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
        yield raw
