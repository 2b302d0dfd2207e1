"""Impressions in Postgres: appended once per delivered result, and read back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.feedback import Surface
from engine.feedback.records import Impression, ImpressionKind, PromptOrigin, ShownAdapter, ShownPicture
from engine.feedback.store.actions import consent_from_row, row_from_consent
from engine.feedback.store.guilds import is_collecting
from engine.feedback.store.months import add_months, month_of_id
from engine.feedback.store.tables import impressions

_FETCH_SIZE = 500

_APPEND = pg.insert(impressions).on_conflict_do_nothing(index_elements=["id"])
# An impression is also something of those whose pictures it shows.
_NOTE_MONTH = sa.text("""
    INSERT INTO member_months (member_id, month)
    SELECT member_id, :month FROM (
        SELECT CAST(:member_id AS uuid) AS member_id
        UNION SELECT member_id FROM jobs WHERE id = :job_id
        UNION SELECT jobs.member_id FROM pictures JOIN jobs ON jobs.id = job_id
        WHERE :job_id IS NULL AND pictures.id = ANY (:picture_ids)
    ) AS held ORDER BY 1 ON CONFLICT DO NOTHING
""").bindparams(
    sa.bindparam("month", type_=sa.Date),
    sa.bindparam("member_id", type_=pg.UUID),
    sa.bindparam("job_id", type_=pg.UUID),
    sa.bindparam("picture_ids", type_=pg.ARRAY(pg.UUID)),
)


async def append_impression(connection: AsyncConnection, impression: Impression) -> bool:
    """Append the impression; return False and write nothing if it is there already.

    Its month is made first if it has no partition: a clock may be wrong, and what was shown must not be lost for that.
    """
    month = month_of_id(impression.id)
    await add_months(connection, "impressions", [month])
    row = _row_from_impression(impression)
    if impression.guild_id is not None and not await is_collecting(connection, impression.guild_id):
        row |= {"may_train": False, "may_publish": False}
    is_new = bool((await connection.execute(_APPEND, row)).rowcount)
    if is_new:
        noted = {
            "member_id": impression.member_id,
            "job_id": impression.job_id,
            "picture_ids": [picture.picture_id for picture in impression.pictures],
        }
        await connection.execute(_NOTE_MONTH, {**noted, "month": month})
    return is_new


async def read_impressions(connection: AsyncConnection, job_id: UUID) -> tuple[Impression, ...]:
    """Return the impressions of a job's pictures, oldest first; not those of pairs."""
    query = sa.select(impressions).where(impressions.c.job_id == job_id).order_by(impressions.c.id)
    return tuple(impression_from_row(row) for row in await connection.execute(query))


async def stream_impressions(connection: AsyncConnection) -> AsyncIterator[Impression]:
    """Yield every impression, oldest first; few are in memory at a time."""
    query = sa.select(impressions).order_by(impressions.c.id)
    async for row in await connection.stream(query, execution_options={"yield_per": _FETCH_SIZE}):
        yield impression_from_row(row)


def impression_from_row(row: sa.Row[Any]) -> Impression:
    """Return the impression stored in the row."""
    return Impression(
        id=row.id,
        kind=ImpressionKind(row.kind),
        message_id=row.message_id,
        job_id=row.job_id,
        member_id=row.member_id,
        pictures=tuple(_picture_from_json(picture) for picture in row.pictures),
        prompt_hash=row.prompt_hash,
        prompt_source=PromptOrigin(row.prompt_source) if row.prompt_source else None,
        parent_job_id=row.parent_job_id,
        parent_picture_id=row.parent_picture_id,
        operation=row.operation,
        surface=Surface(row.surface) if row.surface else None,
        is_nsfw_channel=row.is_nsfw_channel,
        ui_version=row.ui_version,
        consent=consent_from_row(row),
        guild_id=row.guild_id,
        shown_at=row.shown_at,
    )


def _row_from_impression(impression: Impression) -> dict[str, Any]:
    return {
        "id": impression.id,
        "kind": impression.kind.value,
        "message_id": impression.message_id,
        "job_id": impression.job_id,
        "member_id": impression.member_id,
        "pictures": [_json_from_picture(picture) for picture in impression.pictures],
        "prompt_hash": impression.prompt_hash,
        "prompt_source": impression.prompt_source and impression.prompt_source.value,
        "parent_job_id": impression.parent_job_id,
        "parent_picture_id": impression.parent_picture_id,
        "operation": impression.operation,
        "surface": impression.surface and impression.surface.value,
        "is_nsfw_channel": impression.is_nsfw_channel,
        "ui_version": impression.ui_version,
        "guild_id": impression.guild_id,
        **row_from_consent(impression.consent),
        "shown_at": impression.shown_at,
    }


def _json_from_picture(picture: ShownPicture) -> dict[str, Any]:
    return {
        "picture_id": str(picture.picture_id),
        "slot": picture.slot,
        "seed": picture.seed,
        "model": picture.model,
        "model_hash": picture.model_hash,
        "adapters": [
            {"name": adapter.name, "weight": adapter.weight, "sha256": adapter.sha256} for adapter in picture.adapters
        ],
        "settings_hash": picture.settings_hash,
    }


def _picture_from_json(data: Mapping[str, Any]) -> ShownPicture:
    adapters = tuple(ShownAdapter(**adapter) for adapter in data["adapters"])
    return ShownPicture(**{**data, "picture_id": UUID(data["picture_id"]), "adapters": adapters})
