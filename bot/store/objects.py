"""The engine's stores that the rest of the bot is handed, named where it may reach them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.database import Database
from engine.store.objects import Objects

__all__ = ["AsyncConnection", "Database", "Objects"]
