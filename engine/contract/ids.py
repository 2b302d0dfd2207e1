"""Identifiers: UUID version 7, so that ids sort by creation time (RFC 9562, sections 5.7 and 6.2)."""

from __future__ import annotations

import secrets
import time
from uuid import UUID

_PER_MILLISECOND = 1_000_000


def new_id() -> UUID:
    """Return a new UUIDv7: 48 bits of milliseconds since 1970, 12 bits of the fraction, 62 random bits."""
    milliseconds, rest = divmod(time.time_ns(), _PER_MILLISECOND)
    fraction = rest * 2**12 // _PER_MILLISECOND
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62
    return UUID(int=value | secrets.randbits(62))
