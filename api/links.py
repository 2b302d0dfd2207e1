"""Links to pictures for whoever has them: signed, valid for an hour, and dead once the key is revoked."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

LINK_LASTS = timedelta(hours=1)


def picture_path(picture_id: UUID) -> str:
    """Return the path of a picture, which needs a key."""
    return f"/v1/pictures/{picture_id}"


def film_path(job_id: UUID) -> str:
    """Return the path of a job's film, which needs a key."""
    return f"/v1/jobs/{job_id}/film"


def signed_picture_path(secret: bytes, picture_id: UUID) -> str:
    """Return the path of a picture with what makes it valid for an hour."""
    expires = int((datetime.now(UTC) + LINK_LASTS).timestamp())
    return f"{picture_path(picture_id)}?expires={expires}&signature={_signature(secret, picture_id, str(expires))}"


def is_valid(secret: bytes, picture_id: UUID, expires: str, signature: str) -> bool:
    """Return whether the link is one of ours and has not expired."""
    is_ours = hmac.compare_digest(signature.encode(), _signature(secret, picture_id, expires).encode())
    return is_ours and datetime.now(UTC).timestamp() <= int(expires)


def _signature(secret: bytes, picture_id: UUID, expires: str) -> str:
    return hmac.new(secret, f"{picture_id}/{expires}".encode(), hashlib.sha256).hexdigest()
