"""Who sends a request, by the key in its header, asked of the database each time; one in an address is refused."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import hdrs, web

from api import replies
from api.refusals import ApiRefused
from api.services import ApiServices
from engine.contract.api_keys import Scope
from engine.store.api_keys import SECRET_START, ApiKey, find_key

_KEY_NAMES = frozenset({"key", "api_key", "apikey", "api-key", "access_token", "token", "authorization"})
_BEARER = "bearer "


async def authenticated(services: ApiServices, request: web.Request, scope: Scope) -> ApiKey:
    """Return the key of the request, which may do what `scope` says.

    Raises: ApiRefused, StoreUnavailable.
    """
    refuse_key_in_address(request.query)
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    secret = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
    if not secret:
        raise _refused(401, replies.NO_KEY, "missing_api_key")
    async with services.database.begin() as connection:
        # Bytes that are no UTF-8 are in no secret.
        key = await find_key(connection, secret) if secret.isascii() else None
    if key is None:
        raise _refused(401, replies.WRONG_KEY, "invalid_api_key")
    if key.revoked_at is not None:
        raise _refused(401, replies.REVOKED_KEY, "revoked_api_key")
    if key.is_members and not services.takes_members_keys:
        raise _refused(401, replies.MEMBERS_KEYS_OFF, "revoked_api_key")
    if scope not in key.options.scopes:
        raise _refused(403, replies.no_scope(scope), "insufficient_scope")
    return key


def refuse_key_in_address(query: Mapping[str, str]) -> None:
    """Refuse a query string that has a key in it, even beside a good one in the header.

    Raises: ApiRefused.
    """
    if any(name.lower() in _KEY_NAMES or value.startswith(SECRET_START) for name, value in query.items()):
        raise _refused(400, replies.KEY_IN_ADDRESS, "key_in_address")


def _refused(status: int, message: str, code: str) -> ApiRefused:
    headers = {"WWW-Authenticate": "Bearer"} if status == web.HTTPUnauthorized.status_code else {}
    return ApiRefused(status, message, code=code, headers=headers)
