"""Where the files of exports are, and the signed links to them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bot.store.exports import KEPT_FOR, Export


@dataclass(frozen=True, kw_only=True)
class ExportPlace:
    """Where exports are made.

    folder: of the files. database_url, storage_url: what the processes that make them work with.
    public_url: the address under which members reach this bot's `/exports/`; None if there is none.
    """

    folder: Path
    database_url: str = field(repr=False)
    storage_url: str
    public_url: str | None = None

    def file(self, export_id: UUID) -> Path:
        """Return the path of the export's file."""
        return self.folder / f"{export_id}.zip"

    def link(self, export: Export) -> str | None:
        """Return the signed address of the export's file; None without a public address."""
        if self.public_url is None or export.ended_at is None:
            return None
        expires = int((export.ended_at + KEPT_FOR).timestamp())
        return f"{self.public_url}/exports/{export.id}/{expires}/{signature(export.secret, export.id, expires)}"


def signature(secret: str, export_id: UUID, expires: int) -> str:
    """Return what only a link of ours has.

    expires: in seconds since 1970.
    """
    return hmac.new(secret.encode(), f"{export_id}/{expires}".encode(), hashlib.sha256).hexdigest()


def is_expired(expires: int) -> bool:
    """Return whether a link of that end is no longer valid."""
    return datetime.now(UTC).timestamp() > expires
