"""HTTP answers in JSON, typed as Discord types them. What they say is decided elsewhere."""

import json
from typing import Any

from aiohttp import web


def json_response(body: Any, *, status: int = 200) -> web.Response:
    """Return an answer whose content type names no charset: discord.py 2.7 takes any other for text."""
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")
