"""The application keys under which the server stores its parts, and accessors for route handlers."""

from aiohttp import web

from sandbox.gateway.server import Gateway
from sandbox.state.fault_injection import Faults
from sandbox.state.ratelimits import RateLimits
from sandbox.state.world import World


class ChatSockets(set[web.WebSocketResponse]):
    """The WebSockets of open chat pages."""


WORLD = web.AppKey("world", World)
FAULTS = web.AppKey("faults", Faults)
LIMITS = web.AppKey("limits", RateLimits)
CHAT_SOCKETS = web.AppKey("pages", ChatSockets)
GATEWAY = web.AppKey("gateway", Gateway)


def world_of(request: web.Request) -> World:
    """Return the request's world."""
    return request.config_dict[WORLD]


def gateway_of(request: web.Request) -> Gateway:
    """Return the request's Gateway."""
    return request.config_dict[GATEWAY]
