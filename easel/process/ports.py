"""The ports of `easel run`, checked before anything starts."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from engine.contract.errors import SettingsInvalid

HOST = "127.0.0.1"
USUAL_PORT = 8642
"""Port of the chat page; the health pages of the bot and the engine are at the next two."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Ports of the chat page and of the bot's and engine's health pages."""

    page: int
    bot: int
    engine: int


def free_ports(page: int) -> Ports:
    """Return `page` and the two ports after it, or three that are free when `page` is 0.

    Raises: SettingsInvalid when one of them is in use.
    """
    wanted = (page, page + 1, page + 2) if page else (0, 0, 0)
    listeners = [socket.socket() for _ in wanted]
    try:
        taken = [_bound(listener, port) for listener, port in zip(listeners, wanted, strict=True)]
    finally:
        for listener in listeners:
            listener.close()
    return Ports(page=taken[0], bot=taken[1], engine=taken[2])


def is_free(port: int) -> bool:
    """Return whether nothing on this machine listens on `port`."""
    with socket.socket() as probe:
        return _bind(probe, port) is None


def _bound(listener: socket.socket, port: int) -> int:
    error = _bind(listener, port)
    if error is not None:
        found = "is already in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        fix = f"Stop the program that uses it, or choose another with `easel run --port {port + 100}`."
        raise SettingsInvalid(problems=(f"Port {port} {found}. {fix}",))
    return int(listener.getsockname()[1])


def _bind(listener: socket.socket, port: int) -> OSError | None:
    # As servers do, so that a port whose last connection has just closed counts as free.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(1)
    except OSError as error:
        return error
    return None
