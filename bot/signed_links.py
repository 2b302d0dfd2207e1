"""Links to what one member alone may see: signed, and valid until a time that is part of them."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from uuid import UUID

_SECONDS = re.compile(r"[0-9]{1,12}")


def signed_path(secret: str, subject: UUID, end: datetime) -> str:
    """Return the path that a link to the subject ends with: its id, when it expires, and the signature."""
    expires = int(end.timestamp())
    return f"{subject}/{expires}/{_signature(secret, subject, expires)}"


def is_signed(secret: str, subject: UUID, expires: str, signature: str) -> bool:
    """Return whether the parts of a link are those that `signed_path` wrote; it may have expired."""
    if not _SECONDS.fullmatch(expires):
        return False
    return hmac.compare_digest(signature.encode(), _signature(secret, subject, int(expires)).encode())


def is_expired(expires: str) -> bool:
    """Return whether a link of that end, in seconds since 1970, is no longer valid; others than whole numbers are."""
    return not _SECONDS.fullmatch(expires) or datetime.now(UTC).timestamp() > int(expires)


def _signature(secret: str, subject: UUID, expires: int) -> str:
    return hmac.new(secret.encode(), f"{subject}/{expires}".encode(), hashlib.sha256).hexdigest()
