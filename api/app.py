"""The web application: every answer in OpenAI's shapes, also those to what is not there or breaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version

from aiohttp import web
from structlog.contextvars import bound_contextvars

from api.authentication import authenticated
from api.description import describe
from api.endpoints.pictures import show_picture
from api.event_stream import ReaderGone
from api.refusals import answer_of, refusal_of
from api.routes import DESCRIPTION_PATH, ROUTES, ApiRoute
from api.services import ApiCall, ApiServices
from engine.contract.ids import new_id
from engine.error_boundary import logged_result_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_REQUEST_ID = web.RequestKey("request_id", str)


def create_app(services: ApiServices) -> web.Application:
    """Return the application with all addresses of the table, and its description."""
    app = web.Application(middlewares=[_in_our_shape])
    app.on_response_prepare.append(_name_request)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _handler(route, services))
    description = describe(version("easel"))

    async def show_description(_: web.Request) -> web.Response:
        return web.json_response(description)

    app.router.add_get(DESCRIPTION_PATH, show_description)
    return app


def _handler(route: ApiRoute, services: ApiServices) -> Handler:
    answer = show_picture if route.answer is None else partial(_answer, route)

    async def handle(request: web.Request) -> web.StreamResponse:
        request[_REQUEST_ID] = str(new_id())
        with bound_contextvars(request=request[_REQUEST_ID]), services.metrics.measured(route.name) as measured:
            result = await logged_result_of(answer(services, request))
            if isinstance(result, ReaderGone):
                # Nobody reads what is returned.
                return web.Response()
            response = answer_of(refusal_of(result)) if isinstance(result, Exception) else result
            measured.status = response.status
            return response

    return handle


async def _answer(route: ApiRoute, services: ApiServices, request: web.Request) -> web.StreamResponse:
    assert route.answer is not None
    key = await authenticated(services, request, route.scope)
    return await route.answer(ApiCall(request=request, services=services, key=key))


@web.middleware
async def _in_our_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer in OpenAI's shape where aiohttp itself refuses: an unknown address, a wrong method."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return answer_of(refusal_of(error))


async def _name_request(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-request-id"] = request.get(_REQUEST_ID) or str(new_id())
