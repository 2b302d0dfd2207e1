"""What only the application itself can do in Discord, done without the bot: posting messages that it never would."""

from __future__ import annotations

from typing import Any

import aiohttp

from sandbox.server import Sandbox
from tests.bot.reading import Message


async def post_buttons(sandbox: Sandbox, channel: str, custom_ids: list[str]) -> Message:
    """Post a message as the application, with one button for each id."""
    buttons = [{"type": 2, "style": 2, "label": f"B{at}", "custom_id": text} for at, text in enumerate(custom_ids)]
    rows = [{"type": 1, "components": buttons[at : at + 5]} for at in range(0, len(buttons), 5)]
    body = {"content": "forged", "components": rows}
    return await _call(sandbox, "POST", f"/channels/{sandbox.channel(channel).id}/messages", body)


async def _call(sandbox: Sandbox, method: str, path: str, body: dict[str, Any]) -> Message:
    headers = {"Authorization": f"Bot {sandbox.token}", "User-Agent": "DiscordBot (https://example.org, 1)"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.request(method, sandbox.api_url + path, json=body) as response,
    ):
        response.raise_for_status()
        return dict(await response.json())
