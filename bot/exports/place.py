"""Where the files of exports are, and the signed links to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from bot.signed_links import signed_path
from bot.store.exports import KEPT_FOR, Export
from engine.content_credentials import UNSIGNED, ContentCredentials


@dataclass(frozen=True, kw_only=True)
class ExportPlace:
    """Where exports are made.

    folder: of the files. database_url, storage_url: what the processes that make them work with.
    credentials: what pictures are signed with.
    public_url: the address under which members reach this bot's `/exports/`; None if there is none.
    """

    folder: Path
    database_url: str = field(repr=False)
    storage_url: str
    credentials: ContentCredentials = UNSIGNED
    public_url: str | None = None

    def file(self, export_id: UUID) -> Path:
        """Return the path of the export's file."""
        return self.folder / f"{export_id}.zip"

    def link(self, export: Export) -> str | None:
        """Return the signed address of the export's file; None without a public address."""
        if self.public_url is None or export.ended_at is None:
            return None
        return f"{self.public_url}/exports/{signed_path(export.secret, export.id, export.ended_at + KEPT_FOR)}"
