"""What every bot request passes before its route: faults, token, rate limits; and how refusals leave as JSON."""

import asyncio
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.app_keys import FAULTS, LIMITS, world_of
from sandbox.state.errors import Code, Refusal, refusal_from_code, unauthorized
from sandbox.state.fault_injection import Fault
from sandbox.state.json_response import json_answer
from sandbox.state.ratelimits import Verdict
from sandbox.state.records import Json

PREFIX = "/api/v10"
HEADERS = web.RequestKey("headers", dict[str, str])
PLACES = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id")
# Their token is in the path, and clients send neither header to them.
OPEN_TO_TOKENS = ("/webhooks/", "/interactions/")


def route_template(request: web.Request) -> str:
    """Return the path template below the version, empty for a path that no route has."""
    resource = request.match_info.route.resource
    return resource.canonical.removeprefix(PREFIX) if resource and request.match_info.http_exception is None else ""


@web.middleware
async def answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals into Discord's error objects and add the rate-limit headers to every answer."""
    try:
        response = await handler(request)
    except Refusal as refusal:
        response = json_answer(refusal.to_json(), status=refusal.status)
    except web.HTTPException as error:
        body = {"message": f"{error.status}: {error.reason}", "code": 0}
        response = json_answer(body, status=error.status)
    response.headers.update(request.get(HEADERS, {}))
    # Clients take an answer 429 without this header for a ban by the network in front of Discord.
    response.headers["Via"] = "1.1 sandbox"
    return response


@web.middleware
async def carry_out_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request meet the fault that a test switched on for it."""
    fault = request.config_dict[FAULTS].take(request.method, request.path.removeprefix(PREFIX))
    if fault is None:
        return await handler(request)
    return await meet_fault(fault, request, handler)


async def meet_fault(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Carry one fault out."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.delay.total_seconds())
        return await handler(request)
    if fault.kind == "status":
        reason = f"{fault.status}: {HTTPStatus(fault.status).phrase}"
        return json_answer({"message": reason, "code": 0}, status=fault.status)
    if fault.kind == "rate_limit":
        return _too_many(Verdict(headers={}, retry_after=fault.retry_after, is_global=fault.is_global))
    if fault.kind == "lose_answer":
        await handler(request)
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


@web.middleware
async def check_sender(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests without the bot's token, or without a bot's User-Agent, where Discord asks for them."""
    if not request.path.removeprefix(PREFIX).startswith(OPEN_TO_TOKENS):
        if request.headers.get("Authorization") != f"Bot {world_of(request).application.token}":
            raise unauthorized()
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            raise refusal_from_code(Code.BAD_USER_AGENT)
    return await handler(request)


@web.middleware
async def limit_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 429 when the route's bucket, or the bot's share of all, is empty."""
    template = route_template(request)
    if not template:
        return await handler(request)
    place = "/".join(request.match_info.get(name, "") for name in PLACES)
    verdict = request.config_dict[LIMITS].take(f"{request.method} {template}", place)
    request[HEADERS] = verdict.headers
    return await handler(request) if verdict.passes else _too_many(verdict)


def _too_many(verdict: Verdict) -> web.Response:
    body: Json = {
        "message": "You are being rate limited.",
        "code": 0,
        "retry_after": round(verdict.retry_after.total_seconds(), 3),
        "global": verdict.is_global,
    }
    answer = json_answer(body, status=429)
    answer.headers["Retry-After"] = str(max(1, round(body["retry_after"])))
    return answer


DOORS = (answer_in_json, carry_out_faults, check_sender, limit_rate)
