"""The description of the API in OpenAPI 3.1, from the table of addresses and the shapes that they take and give."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.answers import Answer, ErrorAnswer
from api.routes import EVENTS, ROUTES, ApiRoute

_REFS = "#/components/schemas/{model}"


def describe(release: str) -> dict[str, Any]:
    """Return the description of every address, as JSON data."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Easel", "version": release, "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _operation(route: ApiRoute) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.method.lower()}{route.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "description": f"Needs the scope `{route.scope}`.",
        "responses": {
            **{str(status): _response(route, shape) for status, shape in route.gives.items()},
            "default": {"description": "Refused or failed", "content": _json(ErrorAnswer)},
        },
    }
    if "{id}" in route.path:
        parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        described["parameters"] = [parameter]
    if route.body is not None:
        described["requestBody"] = {"required": True, "content": _form(route) if route.files else _json(route.body)}
    return described


def _response(route: ApiRoute, shape: type[Answer] | str) -> dict[str, Any]:
    if isinstance(shape, str):
        return {"description": route.summary, "content": {shape: {}}}
    events: dict[str, Any] = {EVENTS: {}} if route.streams else {}
    return {"description": route.summary, "content": {**_json(shape), **events}}


def _json(shape: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFS.format(model=shape.__name__)}}}


def _form(route: ApiRoute) -> dict[str, Any]:
    """Return the content of a form: the fields of the body, and its files, of which `image` is needed."""
    assert route.body is not None
    schema = route.body.model_json_schema(ref_template=_REFS)
    files: dict[str, Any] = {
        name: {"type": "string", "contentMediaType": "application/octet-stream"} for name in route.files
    }
    files["image"] = {"type": "array", "items": files["image"], "minItems": 1}
    schema["properties"] |= files
    schema["required"] = [*schema.get("required", ()), "image"]
    return {"multipart/form-data": {"schema": schema}}


def _schemas() -> dict[str, Any]:
    shapes = [shape for route in ROUTES for shape in route.gives.values() if not isinstance(shape, str)]
    bodies = [route.body for route in ROUTES if route.body is not None]
    answers = [(shape, "serialization") for shape in dict.fromkeys([*shapes, ErrorAnswer])]
    kinds: Any = [*answers, *((body, "validation") for body in dict.fromkeys(bodies))]
    _, schema = models_json_schema(kinds, ref_template=_REFS)
    defined: dict[str, Any] = schema["$defs"]
    return defined
