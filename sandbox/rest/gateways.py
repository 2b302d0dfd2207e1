"""The Gateway's URL and the recommended shard count."""

from aiohttp import web

from sandbox.app_keys import gateway_of
from sandbox.json_response import json_response

routes = web.RouteTableDef()


@routes.get("/gateway")
async def get_gateway(request: web.Request) -> web.Response:
    """Return the Gateway's URL."""
    return json_response({"url": gateway_of(request).address})


@routes.get("/gateway/bot")
async def get_bot_gateway(request: web.Request) -> web.Response:
    """Return the Gateway's URL, the recommended shard count and the session start limit."""
    limits = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    gateway = gateway_of(request)
    body = {"url": gateway.address, "shards": gateway.num_shards, "session_start_limit": limits}
    return json_response(body)
