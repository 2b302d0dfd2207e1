"""Pages on which members paint a mask over a picture: whose each is, of which picture, and where its job is shown."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.interaction import InteractionContext, Languages
from bot.store.tables import mask_pages, members
from engine.contract.feedback import Surface
from engine.contract.ids import new_id

VALID_FOR = timedelta(hours=1)
"""How long a link to a page is valid."""


@dataclass(frozen=True, kw_only=True)
class MaskPageRequest:
    """A member, whose row is locked, asks for a page of the picture in the slot, 0 to 3."""

    context: InteractionContext
    member_id: UUID
    job_id: UUID
    slot: int


@dataclass(frozen=True, kw_only=True)
class MaskPage:
    """A page of a picture for one member.

    context: of the press that asked for it, as of now; a job that starts on the page is the press's. Its answer is a
        message of its own. secret: signs the link to the page.
    """

    id: UUID
    context: InteractionContext
    job_id: UUID
    slot: int
    secret: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"MaskPage(id={self.id})"


async def add_pages(connection: AsyncConnection, requests: Sequence[MaskPageRequest]) -> list[MaskPage]:
    """Store the pages, and forget those of the members that have expired; a repeated press has the page it had."""
    expired = mask_pages.c.created_at < datetime.now(UTC) - VALID_FOR
    of_members = mask_pages.c.member_id == sa.any_(
        sa.literal([request.member_id for request in requests], pg.ARRAY(pg.UUID))
    )
    await connection.execute(sa.delete(mask_pages).where(of_members, expired))
    insert = pg.insert(mask_pages)
    same = {"press_id": insert.excluded.press_id}
    kept = insert.on_conflict_do_update(index_elements=["press_id"], set_=same)
    await connection.execute(kept, [_row(request) for request in requests])
    presses = mask_pages.c.press_id.in_([int(request.context.id) for request in requests])
    pages = {row.press_id: _page(row) for row in await connection.execute(_SELECT.where(presses))}
    return [pages[int(request.context.id)] for request in requests]


async def read_page(connection: AsyncConnection, page_id: UUID) -> MaskPage | None:
    """Return the page; None if there is none, or if its member or its picture is erased, or is being erased."""
    row = (await connection.execute(_SELECT.where(mask_pages.c.id == page_id))).one_or_none()
    return None if row is None else _page(row)


# A member who is being erased is parted from their Discord user, whose ids are positive.
_SELECT = (
    sa.select(mask_pages, members.c.discord_id)
    .join(members, members.c.id == mask_pages.c.member_id)
    .where(members.c.discord_id > 0)
)


def _row(request: MaskPageRequest) -> dict[str, Any]:
    context = request.context
    return {
        "id": new_id(),
        "press_id": int(context.id),
        "member_id": request.member_id,
        "job_id": request.job_id,
        "slot": request.slot,
        "secret": secrets.token_urlsafe(32),
        "channel_id": context.channel_id,
        "guild_id": context.guild_id,
        "role_ids": list(context.role_ids),
        "thread_parent_id": context.thread_parent_id,
        "message_id": context.message_id,
        "shown_slot": context.shown_slot,
        "shown_at": None if context.latency is None else context.at - context.latency,
        "surface": context.surface.value,
        "is_nsfw_channel": context.is_nsfw_channel,
        "language": context.languages.channel,
    }


def _page(row: sa.Row[Any]) -> MaskPage:
    now = datetime.now(UTC)
    context = InteractionContext(
        id=str(row.press_id),
        discord_id=row.discord_id,
        channel_id=row.channel_id,
        message_id=row.message_id,
        shown_slot=row.shown_slot,
        surface=Surface(row.surface),
        token=None,
        latency=None if row.shown_at is None else now - row.shown_at,
        is_administrator=False,
        at=now,
        is_nsfw_channel=row.is_nsfw_channel,
        guild_id=row.guild_id,
        role_ids=tuple(row.role_ids),
        thread_parent_id=row.thread_parent_id,
        languages=Languages(member=row.language, channel=row.language, direct=row.language),
    )
    return MaskPage(
        id=row.id,
        context=context,
        job_id=row.job_id,
        slot=row.slot,
        secret=row.secret,
        expires_at=row.created_at + VALID_FOR,
    )
