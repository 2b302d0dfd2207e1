"""A front before a Postgres with a Unix socket that offers encryption, with certificates for the host `localhost`.

The certificates in `certificates/` were made with openssl, for a hundred years; their authority's key is gone.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CERTIFICATES = Path(__file__).parent / "certificates"
_SSL_REQUEST = 80877103


@dataclass(frozen=True, kw_only=True)
class Front:
    """A running front. were_encrypted: of every session that began, whether it was."""

    port: int
    user: str
    database: str
    were_encrypted: list[bool] = field(default_factory=list)

    def url(self, query: str = "", host: str = "localhost") -> str:
        """Return the database's URL with these parameters."""
        return f"postgresql://{self.user}@{host}:{self.port}/{self.database}?{query}"


@asynccontextmanager
async def open_front(
    database_url: str, *, is_encrypted: bool = True, needs_client_certificate: bool = False
) -> AsyncIterator[Front]:
    """Yield a front for the database."""
    parts = urlsplit(database_url)
    (directory,) = parse_qs(parts.query)["host"]
    context = _context(needs_client_certificate) if is_encrypted else None
    sessions: set[asyncio.Task[None]] = set()
    were_encrypted: list[bool] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        socket = f"{directory}/.s.PGSQL.5432"
        task = asyncio.ensure_future(_serve(reader, writer, socket, context, were_encrypted))
        sessions.add(task)
        task.add_done_callback(sessions.discard)

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield Front(
            port=server.sockets[0].getsockname()[1],
            user=parts.username or "postgres",
            database=parts.path[1:],
            were_encrypted=were_encrypted,
        )
        for task in sessions:
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


def _context(needs_client_certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(CERTIFICATES / "ca.crt"))
    context.load_cert_chain(CERTIFICATES / "server.crt", CERTIFICATES / "server.key")
    # Before TLS 1.3 a client hears during the handshake that its certificate is missing, and not after it.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED if needs_client_certificate else ssl.CERT_NONE
    return context


async def _serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    socket: str,
    context: ssl.SSLContext | None,
    were_encrypted: list[bool],
) -> None:
    with suppress(asyncio.IncompleteReadError, OSError):
        try:
            head = await reader.readexactly(8)
            is_encrypted = False
            if struct.unpack("!II", head)[1] == _SSL_REQUEST:
                writer.write(b"S" if context else b"N")
                if context:
                    await writer.start_tls(context)
                    is_encrypted = True
                head = await reader.readexactly(8)
            were_encrypted.append(is_encrypted)
            answers, questions = await asyncio.open_unix_connection(socket)
            questions.write(head)
            try:
                await asyncio.gather(_pass_on(reader, questions), _pass_on(answers, writer))
            finally:
                questions.close()
        finally:
            writer.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        target.write(chunk)
    target.close()
