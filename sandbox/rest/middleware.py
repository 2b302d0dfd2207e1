"""Middlewares for every bot request: error responses, injected faults, authentication, rate limits."""

import asyncio
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.app_keys import FAULTS, LIMITS, world_of
from sandbox.json_response import json_response
from sandbox.rest import PREFIX
from sandbox.state.errors import ApiError, ErrorCode, api_error, unauthorized
from sandbox.state.fault_injection import InjectedFault
from sandbox.state.ratelimits import RateLimitResult
from sandbox.state.records import Json

HEADERS = web.RequestKey("headers", dict[str, str])
MAJOR_PARAMETERS = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id")
# The token is in the path, and clients send neither header.
TOKEN_IN_PATH = ("/webhooks/", "/interactions/")


def route_template(request: web.Request) -> str:
    """Return the route's path template without the version prefix, empty when no route matches."""
    resource = request.match_info.route.resource
    return resource.canonical.removeprefix(PREFIX) if resource and request.match_info.http_exception is None else ""


@web.middleware
async def handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return errors as Discord's error objects and add rate limit headers to every response."""
    try:
        response = await handler(request)
    except ApiError as refusal:
        response = json_response(refusal.to_json(), status=refusal.status)
    except web.HTTPException as error:
        body = {"message": f"{error.status}: {error.reason}", "code": 0}
        response = json_response(body, status=error.status)
    response.headers.update(request.get(HEADERS, {}))
    # Clients treat a 429 without this header as a Cloudflare ban.
    response.headers["Via"] = "1.1 sandbox"
    return response


@web.middleware
async def inject_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Apply the first active fault that matches the request."""
    fault = request.config_dict[FAULTS].take(request.method, request.path.removeprefix(PREFIX))
    if fault is None:
        return await handler(request)
    return await apply_fault(fault, request, handler)


async def apply_fault(fault: InjectedFault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Apply a fault to a request."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.delay.total_seconds())
        return await handler(request)
    if fault.kind == "status":
        reason = f"{fault.status}: {HTTPStatus(fault.status).phrase}"
        return json_response({"message": reason, "code": 0}, status=fault.status)
    if fault.kind == "rate_limit":
        return _too_many(RateLimitResult(headers={}, retry_after=fault.retry_after, is_global=fault.is_global))
    if fault.kind == "lose_answer":
        await handler(request)
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject requests without the bot's token or a bot's User-Agent, except where the path has a token."""
    if not request.path.removeprefix(PREFIX).startswith(TOKEN_IN_PATH):
        if request.headers.get("Authorization") != f"Bot {world_of(request).application.token}":
            raise unauthorized()
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            raise api_error(ErrorCode.BAD_USER_AGENT)
    return await handler(request)


@web.middleware
async def enforce_rate_limits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return 429 when the route's bucket or the global limit is exhausted."""
    template = route_template(request)
    if not template:
        return await handler(request)
    major = "/".join(request.match_info.get(name, "") for name in MAJOR_PARAMETERS)
    result = request.config_dict[LIMITS].take(f"{request.method} {template}", major)
    request[HEADERS] = result.headers
    return await handler(request) if result.is_allowed else _too_many(result)


def _too_many(result: RateLimitResult) -> web.Response:
    body: Json = {
        "message": "You are being rate limited.",
        "code": 0,
        "retry_after": round(result.retry_after.total_seconds(), 3),
        "global": result.is_global,
    }
    response = json_response(body, status=429)
    response.headers["Retry-After"] = str(max(1, round(body["retry_after"])))
    return response


MIDDLEWARES = (handle_errors, inject_faults, authenticate, enforce_rate_limits)
