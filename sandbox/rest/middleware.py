"""What every bot request passes before its route: faults, token, rate limits; and how refusals leave as JSON."""

import asyncio
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.app_keys import FAULTS, LIMITS, world_of
from sandbox.json_response import json_response
from sandbox.state.errors import ApiError, ErrorCode, api_error, unauthorized
from sandbox.state.fault_injection import InjectedFault
from sandbox.state.ratelimits import RateLimitResult
from sandbox.state.records import Json

PREFIX = "/api/v10"
HEADERS = web.RequestKey("headers", dict[str, str])
MAJOR_PARAMETERS = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id")
# Their token is in the path, and clients send neither header to them.
TOKEN_IN_PATH = ("/webhooks/", "/interactions/")


def route_template(request: web.Request) -> str:
    """Return the path template below the version, empty for a path that no route has."""
    resource = request.match_info.route.resource
    return resource.canonical.removeprefix(PREFIX) if resource and request.match_info.http_exception is None else ""


@web.middleware
async def handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals into Discord's error objects and add the rate-limit headers to every answer."""
    try:
        response = await handler(request)
    except ApiError as refusal:
        response = json_response(refusal.to_json(), status=refusal.status)
    except web.HTTPException as error:
        body = {"message": f"{error.status}: {error.reason}", "code": 0}
        response = json_response(body, status=error.status)
    response.headers.update(request.get(HEADERS, {}))
    # Clients take an answer 429 without this header for a ban by the network in front of Discord.
    response.headers["Via"] = "1.1 sandbox"
    return response


@web.middleware
async def inject_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request meet the fault that a test switched on for it."""
    fault = request.config_dict[FAULTS].take(request.method, request.path.removeprefix(PREFIX))
    if fault is None:
        return await handler(request)
    return await apply_fault(fault, request, handler)


async def apply_fault(fault: InjectedFault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Carry one fault out."""
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
    """Refuse requests without the bot's token, or without a bot's User-Agent, where Discord asks for them."""
    if not request.path.removeprefix(PREFIX).startswith(TOKEN_IN_PATH):
        if request.headers.get("Authorization") != f"Bot {world_of(request).application.token}":
            raise unauthorized()
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            raise api_error(ErrorCode.BAD_USER_AGENT)
    return await handler(request)


@web.middleware
async def enforce_rate_limits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 429 when the route's bucket, or the bot's share of all, is empty."""
    template = route_template(request)
    if not template:
        return await handler(request)
    place = "/".join(request.match_info.get(name, "") for name in MAJOR_PARAMETERS)
    verdict = request.config_dict[LIMITS].take(f"{request.method} {template}", place)
    request[HEADERS] = verdict.headers
    return await handler(request) if verdict.passes else _too_many(verdict)


def _too_many(verdict: RateLimitResult) -> web.Response:
    body: Json = {
        "message": "You are being rate limited.",
        "code": 0,
        "retry_after": round(verdict.retry_after.total_seconds(), 3),
        "global": verdict.is_global,
    }
    answer = json_response(body, status=429)
    answer.headers["Retry-After"] = str(max(1, round(body["retry_after"])))
    return answer


MIDDLEWARES = (handle_errors, inject_faults, authenticate, enforce_rate_limits)
