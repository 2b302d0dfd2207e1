"""JSON responses with Discord's content type."""

import json
from typing import Any

from aiohttp import web


def json_response(body: Any, *, status: int = 200) -> web.Response:
    """Return a JSON response without a charset: discord.py 2.7 reads any other content type as text."""
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")
