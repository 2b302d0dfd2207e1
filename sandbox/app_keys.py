"""Where the server keeps its parts while it runs, and how a route reaches them."""

from aiohttp import web

from sandbox.gateway.server import Gateway
from sandbox.state.fault_injection import Faults
from sandbox.state.ratelimits import RateLimits
from sandbox.state.world import World


class ChatSockets(set[web.WebSocketResponse]):
    """The sockets of the chat pages that are open."""


WORLD = web.AppKey("world", World)
FAULTS = web.AppKey("faults", Faults)
LIMITS = web.AppKey("limits", RateLimits)
CHAT_SOCKETS = web.AppKey("pages", ChatSockets)
GATEWAY = web.AppKey("gateway", Gateway)


def world_of(request: web.Request) -> World:
    """Return the world that a request is about."""
    return request.config_dict[WORLD]


def gateway_of(request: web.Request) -> Gateway:
    """Return the Gateway beside the route."""
    return request.config_dict[GATEWAY]
