"""`/v1/models`: what the server paints with."""

from __future__ import annotations

from aiohttp import web

from api.answers import ModelAnswer, ModelsAnswer, json_of
from api.services import ApiCall
from engine.contract.errors import ModelUnknown


async def list_models(call: ApiCall) -> web.Response:
    """Answer with every model, the default first."""
    default = call.services.limits.default_model
    names = sorted(_names(call), key=lambda name: name != default)
    return web.json_response(json_of(ModelsAnswer(data=[ModelAnswer(id=name) for name in names])))


async def show_model(call: ApiCall) -> web.Response:
    """Answer with the model.

    Raises: ModelUnknown.
    """
    name = call.request.match_info["id"]
    if name not in _names(call):
        raise ModelUnknown(name=name, known=_names(call))
    return web.json_response(json_of(ModelAnswer(id=name)))


def _names(call: ApiCall) -> tuple[str, ...]:
    return tuple(model.name for model in call.services.limits.models)
