"""Where the Gateway is and how many shards suit. The Gateway itself is not REST."""

from aiohttp import web

from sandbox.app_keys import gateway_of
from sandbox.json_response import json_response

routes = web.RouteTableDef()


@routes.get("/gateway")
async def get_gateway(request: web.Request) -> web.Response:
    """Answer with the Gateway's address."""
    return json_response({"url": gateway_of(request).address})


@routes.get("/gateway/bot")
async def get_bot_gateway(request: web.Request) -> web.Response:
    """Answer with the Gateway's address, the shards that suit and the sessions left to start."""
    limits = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    gateway = gateway_of(request)
    body = {"url": gateway.address, "shards": gateway.num_shards, "session_start_limit": limits}
    return json_response(body)
