"""The Gateway server: Hello, Identify, Resume and heartbeats on each bot socket, until it closes."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.gateway.compression import PACKERS, payload_packer, plain_packer
from sandbox.gateway.connections import CloseCode, Connection, Op, SocketClosed
from sandbox.gateway.dispatch import dispatch_event
from sandbox.gateway.sessions import Session, Sessions
from sandbox.payloads.objects import guild_create_json, member_json, user_json
from sandbox.state.flags import KNOWN_INTENTS, PRIVILEGED, Intents
from sandbox.state.records import Json, WorldEvent
from sandbox.state.world import World

HEARTBEAT_INTERVAL = timedelta(milliseconds=41250)
LONGEST_SILENCE = 2 * HEARTBEAT_INTERVAL
LARGEST_PAYLOAD_BYTES = 4096
SENDS_PER_MINUTE = 120


class Gateway:
    """All Gateway sessions and connections."""

    def __init__(
        self, world: World, address: str, *, heartbeat_interval: timedelta = HEARTBEAT_INTERVAL, num_shards: int = 1
    ) -> None:
        self.world = world
        self.address = address
        self.num_shards = num_shards
        self.heartbeat_interval = heartbeat_interval
        self.sessions = Sessions()
        self.connections: set[Connection] = set()
        world.listeners.append(self._on_event)

    def _on_event(self, event: WorldEvent) -> None:
        for session in self.sessions:
            dispatch_event(self.world, session, event)

    def disconnect_all(self, *, resumable: bool = True) -> None:
        """Abort every connection. Unless `resumable`, also remove the sessions."""
        for connection in tuple(self.connections):
            if not resumable and connection.session:
                self.sessions.remove(connection.session.id)
            connection.abort()

    def request_reconnect(self) -> None:
        """Ask every client to reconnect and resume."""
        for connection in self.connections:
            connection.send_op(Op.RECONNECT)

    def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Send Invalid Session to every client."""
        for connection in self.connections:
            if not resumable and connection.session:
                self.sessions.remove(connection.session.id)
            connection.send_op(Op.INVALID_SESSION, resumable)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one socket until it closes."""
        socket = web.WebSocketResponse(compress=False, max_msg_size=LARGEST_PAYLOAD_BYTES * 4)
        await socket.prepare(request)
        packer = PACKERS.get(request.query.get("compress"), plain_packer)()
        connection = Connection(request, socket, packer)
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._receive_payloads(connection, request)
        except SocketClosed as closed:
            connection.end(closed.code)
            await writer
        finally:
            self._detach(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    async def _receive_payloads(self, connection: Connection, request: web.Request) -> None:
        if request.query.get("v", "10") not in ("10", "9"):
            raise SocketClosed(CloseCode.INVALID_VERSION)
        interval_ms = int(self.heartbeat_interval / timedelta(milliseconds=1))
        connection.send_op(Op.HELLO, {"heartbeat_interval": interval_ms, "_trace": []})
        while True:
            message = await self._receive(connection)
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._handle(connection, _payload(message.data))

    async def _receive(self, connection: Connection) -> Any:
        try:
            return await connection.socket.receive(timeout=LONGEST_SILENCE.total_seconds())
        except TimeoutError as silence:
            raise SocketClosed(CloseCode.SESSION_TIMED_OUT) from silence

    def _detach(self, connection: Connection) -> None:
        self.connections.discard(connection)
        session = connection.session
        if session and session.send == connection.send:
            session.send = None
            # A client that closes with one of these codes cannot resume.
            if connection.socket.close_code in (1000, 1001) and not connection.socket.exception():
                self.sessions.remove(session.id)

    def _handle(self, connection: Connection, payload: Json) -> None:
        self._count_send(connection)
        op, data = payload.get("op"), payload.get("d")
        if op not in HANDLERS:
            raise SocketClosed(CloseCode.UNKNOWN_OPCODE)
        if connection.session is None and op not in (Op.HEARTBEAT, Op.IDENTIFY, Op.RESUME):
            raise SocketClosed(CloseCode.NOT_AUTHENTICATED)
        if connection.session is not None and op in (Op.IDENTIFY, Op.RESUME):
            raise SocketClosed(CloseCode.ALREADY_AUTHENTICATED)
        HANDLERS[op](self, connection, data)

    def _count_send(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        connection.recent_sends[:] = [moment for moment in connection.recent_sends if moment > now - 60] + [now]
        if len(connection.recent_sends) > SENDS_PER_MINUTE:
            raise SocketClosed(CloseCode.RATE_LIMITED)

    def _heartbeat(self, connection: Connection, data: Any) -> None:
        connection.send_op(Op.HEARTBEAT_ACK)

    def _identify(self, connection: Connection, data: Any) -> None:
        if not isinstance(data, dict) or not _is_token(self.world, data.get("token")):
            raise SocketClosed(CloseCode.AUTHENTICATION_FAILED)
        # Transport compression takes precedence over payload compression when a client asks for both.
        if data.get("compress") and connection.is_plain:
            connection.packer = payload_packer()
        session = self.sessions.open(intents=self._intents(data), shard=_shard(data))
        self._attach(connection, session)
        session.dispatch("READY", self._ready(session))
        shows_members = bool(session.intents & Intents.GUILD_MEMBERS)
        for guild in self.world.bot_guilds:
            if session.covers(guild.id) and session.intents & Intents.GUILDS:
                session.dispatch("GUILD_CREATE", guild_create_json(self.world, guild, shows_members=shows_members))

    def _intents(self, data: Json) -> Intents:
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents & ~KNOWN_INTENTS:
            raise SocketClosed(CloseCode.INVALID_INTENTS)
        if intents & PRIVILEGED and not self.world.application.privileged_intents:
            raise SocketClosed(CloseCode.DISALLOWED_INTENTS)
        return Intents(intents)

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session = session
        session.send = connection.send

    def _ready(self, session: Session) -> Json:
        guilds = [guild for guild in self.world.bot_guilds if session.covers(guild.id)]
        application_id = str(self.world.application.id)
        return {
            "v": 10,
            "user": user_json(self.world.bot) | {"verified": True, "mfa_enabled": True, "email": None},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "private_channels": [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.address,
            "shard": list(session.shard),
            "application": {"id": application_id, "flags": 0},
        }

    def _resume(self, connection: Connection, data: Any) -> None:
        if not isinstance(data, dict) or not _is_token(self.world, data.get("token")):
            raise SocketClosed(CloseCode.AUTHENTICATION_FAILED)
        session, sequence = self.sessions.get(str(data.get("session_id"))), data.get("seq")
        if session is None:
            connection.send_op(Op.INVALID_SESSION, False)
            return
        if not isinstance(sequence, int) or not session.can_replay(sequence):
            self.sessions.remove(session.id)
            raise SocketClosed(CloseCode.INVALID_SEQUENCE)
        self._attach(connection, session)
        session.replay(sequence)

    def _ignore(self, connection: Connection, data: Any) -> None:
        """Accept presence and voice state updates, which have no effect here."""

    def _request_members(self, connection: Connection, data: Any) -> None:
        assert connection.session is not None
        guild = self.world.guilds.get(int(data["guild_id"]))
        wanted, prefix = {str(user_id) for user_id in _listed(data.get("user_ids"))}, data.get("query") or ""
        members = [
            member_json(self.world, member)
            for member in (guild.members if guild else ())
            if (str(member.user_id) in wanted if wanted else self._name(member.user_id).startswith(prefix))
        ]
        chunk: Json = {"guild_id": str(data["guild_id"]), "members": members, "chunk_index": 0, "chunk_count": 1}
        chunk |= {"not_found": [], "nonce": data.get("nonce")}
        connection.session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _name(self, user_id: int) -> str:
        return self.world.users[user_id].username


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _payload(data: str | bytes) -> Json:
    if len(data) > LARGEST_PAYLOAD_BYTES:
        raise SocketClosed(CloseCode.DECODE_ERROR)
    try:
        payload = json.loads(data)
    except ValueError as bad:
        raise SocketClosed(CloseCode.DECODE_ERROR) from bad
    if not isinstance(payload, dict):
        raise SocketClosed(CloseCode.DECODE_ERROR)
    return payload


def _is_token(world: World, token: Any) -> bool:
    return isinstance(token, str) and token.removeprefix("Bot ") == world.application.token


def _shard(data: Json) -> tuple[int, int]:
    shard = data.get("shard") or [0, 1]
    if len(shard) != 2 or not all(isinstance(part, int) for part in shard) or not 0 <= shard[0] < shard[1]:
        raise SocketClosed(CloseCode.INVALID_SHARD)
    return shard[0], shard[1]


HANDLERS: dict[Any, Callable[[Gateway, Connection, Any], None]] = {
    Op.HEARTBEAT: Gateway._heartbeat,
    Op.IDENTIFY: Gateway._identify,
    Op.PRESENCE: Gateway._ignore,
    Op.VOICE_STATE: Gateway._ignore,
    Op.RESUME: Gateway._resume,
    Op.REQUEST_MEMBERS: Gateway._request_members,
}
