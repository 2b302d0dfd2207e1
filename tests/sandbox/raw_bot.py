"""A raw HTTP client with a bot's token, for requests that no library would send."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.server import Sandbox

USER_AGENT = "DiscordBot (https://example.org, 1.0)"


@dataclass(frozen=True)
class RawResponse:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int:
        """Discord's numeric error code."""
        return int(self.body["code"])


class RawBot:
    """Sends requests as the bot and returns the raw responses."""

    def __init__(self, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self.http, self.sandbox = http, sandbox
        self.headers = {"Authorization": f"Bot {sandbox.token}", "User-Agent": USER_AGENT}

    async def call(
        self, method: str, path: str, body: Any = None, *, files: Sequence[tuple[str, bytes]] = (), **options: Any
    ) -> RawResponse:
        """Send JSON, or multipart when there are files, to a path below the API's base."""
        payload: dict[str, Any] = {} if body is None else {"json": body}
        if files:
            payload = {"data": _form(body or {}, files)}
        headers = self.headers | options.pop("headers", {})
        url = self.sandbox.api_url + path
        async with self.http.request(method, url, headers=headers, **payload, **options) as response:
            text = await response.text()
            return RawResponse(response.status, json.loads(text) if text else None, dict(response.headers))

    async def post_message(self, body: dict[str, Any], channel: str = "studio", **options: Any) -> RawResponse:
        """Post a message to a channel by name."""
        path = f"/channels/{self.sandbox.channel(channel).id}/messages"
        return await self.call("POST", path, body, **options)


def _form(body: Any, files: Sequence[tuple[str, bytes]]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    for index, (name, content) in enumerate(files):
        form.add_field(f"files[{index}]", io.BytesIO(content), filename=name)
    return form
