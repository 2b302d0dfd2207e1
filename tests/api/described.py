"""Holds what the API answers to the description of it that it serves itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx2
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_ROOT = "urn:description"


@dataclass(frozen=True, kw_only=True)
class Description:
    """The description; `seen`: which answers were held to it, by method, path and status."""

    data: dict[str, Any]
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    def template(self, path: str) -> str | None:
        """Return the path of the description that this one is of."""
        patterns = {template: re.sub(r"\{\w+\}", "[^/]+", template) for template in self.data["paths"]}
        exact = [template for template in patterns if template == path]
        return next(iter(exact + [name for name, pattern in patterns.items() if re.fullmatch(pattern, path)]), None)

    def check(self, method: str, path: str, status: int, data: Any) -> None:
        """Check that the answer is one that the description has."""
        template = self.template(path)
        if template is None or method.lower() not in self.data["paths"][template]:
            self._validate(data, "#/components/schemas/ErrorAnswer")
            return
        responses = self.data["paths"][template][method.lower()]["responses"]
        content = responses.get(str(status), responses["default"])["content"]
        assert status >= 400 or str(status) in responses, (method, path, status)
        self._validate(data, content["application/json"]["schema"]["$ref"])
        self.seen.add((method, template, status))

    async def check_response(self, response: httpx2.Response) -> None:
        """Check the JSON that OpenAI's client is about to read."""
        if response.headers["content-type"].startswith("application/json"):
            data = json.loads(await response.aread())
            self.check(response.request.method, urlsplit(str(response.url)).path, response.status_code, data)

    def _validate(self, data: Any, reference: str) -> None:
        registry: Registry[Any] = Registry().with_resource(_ROOT, DRAFT202012.create_resource(self.data))
        Draft202012Validator({"$ref": f"{_ROOT}{reference}"}, registry=registry).validate(data)


async def read_description(http: aiohttp.ClientSession, url: str) -> Description:
    """Return the description that the API at `url` serves."""
    async with http.get(f"{url}/openapi.json") as answer:
        return Description(data=await answer.json())
