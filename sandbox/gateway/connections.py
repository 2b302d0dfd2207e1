"""A bot's Gateway socket: opcodes, close codes and the write queue."""

import asyncio
import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiohttp import web

from sandbox.gateway.compression import Packer
from sandbox.gateway.sessions import Session


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class CloseCode(IntEnum):
    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    RATE_LIMITED = 4008
    SESSION_TIMED_OUT = 4009
    INVALID_SHARD = 4010
    INVALID_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


class SocketClosed(Exception):
    """The server closes the socket with a close code."""

    def __init__(self, code: CloseCode) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True)
class _Close:
    code: int


class Connection:
    """A Gateway socket. A separate task writes queued payloads in order, so that `send` never waits."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, packer: Packer) -> None:
        self._request = request
        self.socket = socket
        self.packer = packer
        self.is_plain = "compress" not in request.query
        self.session: Session | None = None
        self.recent_sends: list[float] = []
        self._waiting: asyncio.Queue[str | _Close] = asyncio.Queue()

    def send(self, text: str) -> None:
        """Queue a payload."""
        self._waiting.put_nowait(text)

    def send_op(self, op: Op, data: Any = None) -> None:
        """Queue a payload with an opcode other than Dispatch."""
        self.send(json.dumps({"op": int(op), "d": data, "s": None, "t": None}))

    def end(self, code: int) -> None:
        """Close the socket after the queued payloads."""
        self._waiting.put_nowait(_Close(code))

    def abort(self) -> None:
        """Abort the connection without a close frame."""
        if self._request.transport:
            self._request.transport.abort()

    async def write(self) -> None:
        """Write queued payloads until the socket closes."""
        while True:
            item = await self._waiting.get()
            if isinstance(item, _Close):
                await self.socket.close(code=item.code)
                return
            await self._write(self.packer(item))

    async def _write(self, packed: str | bytes) -> None:
        if self.socket.closed:
            return
        if isinstance(packed, str):
            await self.socket.send_str(packed)
        else:
            await self.socket.send_bytes(packed)
