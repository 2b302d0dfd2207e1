"""The picture files of a member's own data: as they are stored, and signed where Easel has made them."""

from __future__ import annotations

from bot.store.own_data import OwnData
from engine.content_credentials import ContentCredentials
from engine.store.objects import Objects


async def read_own_picture(data: OwnData, key: str, objects: Objects, credentials: ContentCredentials) -> bytes:
    """Return the file; what the member has brought, and their masks, are not signed.

    Raises: PictureCorrupt, PictureStoreUnavailable.
    """
    stored = await objects.get(key)
    return await credentials.signed(stored, "image/png") if key in data.painted else stored
