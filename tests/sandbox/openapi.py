"""Validates the sandbox's REST requests and responses against Discord's OpenAPI description."""

import json
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs
from aiohttp import web
from aiohttp.typedefs import Handler
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sandbox.request_bodies import BODY
from sandbox.rest.middleware import route_template

DESCRIPTION = Path(__file__).resolve().parents[2].parent / "shared" / "discord" / "openapi.json"
ROOT = "urn:discord"


@cache
def description() -> Mapping[str, Any]:
    """Return Discord's description, as it lies beside the repository."""
    parsed: dict[str, Any] = json.loads(DESCRIPTION.read_text())
    # It gives the errors inside a form's tree numbers as codes; Discord sends words, as its own documentation shows.
    inner = parsed["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]
    inner["items"] = {"type": "object", "required": ["code", "message"], "properties": {"code": {"type": "string"}}}
    return parsed


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(description(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(ROOT, resource)
    return registry


@cache
def _validator(pointer: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"{ROOT}#{pointer}"}, registry=_registry(), format_checker=FormatChecker(("date-time",))
    )


@cache
def _quick_registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(ROOT, dict(description()))])


@cache
def _quick_validator(pointer: str) -> jsonschema_rs.Draft202012Validator:
    """Return what finds valid bodies valid in a fraction of a millisecond, where the other takes milliseconds."""
    schema = {"$ref": f"{ROOT}#{pointer}"}
    return jsonschema_rs.Draft202012Validator(schema, registry=_quick_registry(), validate_formats=True)


def _pointer(*parts: str) -> str:
    return "".join("/" + quote(part.replace("~", "~0").replace("/", "~1"), safe="~") for part in parts)


class OpenApiRecorder:
    """Compares every request and answer that passes with the description; `mismatches` lists what differs.

    Bodies that the sandbox itself refuses as malformed are not held to the description: tests send them on purpose.
    """

    def __init__(self) -> None:
        self.mismatches: list[str] = []
        self.seen: set[str] = set()

    @web.middleware
    async def observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request pass and compare it and its answer."""
        response = await handler(request)
        template = route_template(request)
        if template and isinstance(response, web.Response):
            self._compare(request, response, template)
        return response

    def _compare(self, request: web.Request, response: web.Response, template: str) -> None:
        method = request.method.lower()
        operation = description()["paths"].get(template, {}).get(method)
        if operation is None:
            self.mismatches.append(f"{request.method} {template} is not in the description")
            return
        self.seen.add(f"{request.method} {template}")
        if response.status < 400:
            self._compare_query(request, template, operation)
        if BODY in request and response.status < 400:
            self._compare_request(request, template, method)
        if response.status < 500:
            self._compare_response(response, template, method, operation)

    def _compare_query(self, request: web.Request, template: str, operation: Any) -> None:
        known = {parameter["name"] for parameter in operation.get("parameters", ())}
        for name in set(request.query) - known:
            self.mismatches.append(f"{request.method} {template}: unknown query parameter {name}")

    def _compare_request(self, request: web.Request, template: str, method: str) -> None:
        where = ("paths", template, method, "requestBody", "content", "application/json", "schema")
        self._validate(f"request {request.method} {template}", where, as_discord_reads(request[BODY]))

    def _compare_response(self, response: web.Response, template: str, method: str, operation: Any) -> None:
        key = _response_key(response.status, operation["responses"])
        name = f"answer {response.status} of {method.upper()} {template}"
        if key is None:
            self.mismatches.append(f"{name} is not in the description")
            return
        described = operation["responses"][key]
        where: tuple[str, ...] = ("paths", template, method, "responses", key)
        if "$ref" in described:
            where = tuple(described["$ref"].removeprefix("#/").split("/"))
            described = description()["components"]["responses"][where[-1]]
        if "content" in described:
            body = json.loads(bytes(response.body or b"null"))  # type: ignore[arg-type]
            self._validate(name, (*where, "content", "application/json", "schema"), body)
        elif response.body:
            self.mismatches.append(f"{name} has a body that the description does not know")

    def _validate(self, name: str, where: tuple[str, ...], body: Any) -> None:
        pointer = _pointer(*where)
        if _quick_validator(pointer).is_valid(body):
            return
        for error in _validator(pointer).iter_errors(body):
            self.mismatches.append(f"{name}: {_deepest(error)}")


def as_discord_reads(body: Any) -> Any:
    """Return a request with the ids that clients send as numbers as text: Discord takes both, its description one."""
    if isinstance(body, list):
        return [as_discord_reads(item) for item in body]
    if not isinstance(body, dict):
        return body
    if "default_values" in body:
        body = body | {"default_values": [one | {"id": str(one["id"])} for one in body["default_values"]]}
    if "filename" in body:
        body = body | {"id": str(body["id"])}
    return {key: str(value) if _is_id(key, value) else as_discord_reads(value) for key, value in body.items()}


def _is_id(key: str, value: Any) -> bool:
    return key.endswith("_id") and isinstance(value, int)


def _response_key(status: int, responses: Mapping[str, Any]) -> str | None:
    candidates = (str(status), f"{status // 100}XX")
    return next((candidate for candidate in candidates if candidate in responses), None)


def _deepest(error: Any) -> str:
    while error.context:
        branches = [list(group) for _, group in groupby(error.context, key=lambda inner: inner.schema_path[0])]
        error = min(branches, key=_distance)[0]
    path = "/".join(str(part) for part in error.absolute_path)
    return f"at {path or 'the root'}: {error.message[:200]}"


def _distance(branch: list[Any]) -> tuple[int, int]:
    # A branch whose `type` does not fit was never meant.
    strangers = sum(
        list(error.path)[-1:] == ["type"] or (not error.path and error.validator == "type") for error in branch
    )
    return strangers, len(branch)
