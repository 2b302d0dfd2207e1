"""What is stored of one member: how much, for them to see, and all of it, for them to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.adapters.tables import adapter_shares
from bot.store.export_tables import exports
from bot.store.finding.tables import searches
from bot.store.guilds.tables import guild_changes
from bot.store.learning.profile_tables import profile_sources, profiles
from bot.store.learning.tables import learned_adapter_members, learned_adapter_questions
from bot.store.members import consent_of_member
from bot.store.moderation.tables import guild_restrictions, moderation_cases, refusals
from bot.store.original_tables import original_requests
from bot.store.plans.tables import charges, gpu_days
from bot.store.ranking.tables import rank_grids, rank_pairs
from bot.store.tables import consent_choices, deliveries, mask_pages, members
from engine.contract.edits import edit_from_json
from engine.feedback.records import ConsentInForce
from engine.feedback.store.erasure import read_painted
from engine.feedback.store.tables import actions, impressions, member_months
from engine.store.jobs import mask_key
from engine.store.tables import api_keys, jobs, own_adapters, pictures, restrictions, uploads

# Whoever has the first three can answer or ask in another's name; the others are about moderators.
_LEFT_OUT = frozenset({"token", "secret", "secret_hash", "decided_by", "decided_press_id"})


@dataclass(frozen=True, kw_only=True)
class StoredOfMember:
    """How much is stored of a member, and what they agree to.

    since: when they used Easel for the first time.
    chosen_at: when they chose what is in force; None if they have not, or if it was set by hand.
    jobs, pictures, presses, uploads: how many are theirs.
    other_jobs: how many jobs of others go back to theirs, which an erasure takes along.
    """

    member_id: UUID
    since: datetime
    consent: ConsentInForce
    chosen_at: datetime | None
    jobs: int
    pictures: int
    presses: int
    uploads: int
    other_jobs: int


@dataclass(frozen=True, kw_only=True)
class OwnData:
    """Every row that is stored of a member, by table, and the keys of their pictures, newest first, and uploads.

    painted: those keys that Easel has made pictures of for them.
    """

    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    keys: tuple[str, ...]
    painted: frozenset[str] = frozenset()


async def read_stored(connection: AsyncConnection, discord_id: int) -> StoredOfMember | None:
    """Return how much is stored of the Discord user; None if nothing is."""
    query = (
        sa.select(members, consent_choices.c.at.label("chosen_at"))
        .outerjoin(consent_choices, consent_choices.c.press_id == members.c.consent_press)
        .where(members.c.discord_id == discord_id)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    painted = await read_painted(connection, row.id)
    own_jobs = sa.select(jobs.c.id).where(jobs.c.member_id == row.id)
    own_pictures = sa.select(pictures.c.id).where(pictures.c.job_id.in_(own_jobs))
    num_jobs = await _count(connection, own_jobs)
    return StoredOfMember(
        member_id=row.id,
        since=row.created_at,
        consent=consent_of_member(row),
        chosen_at=row.chosen_at,
        jobs=num_jobs,
        pictures=await _count(connection, own_pictures),
        presses=await _count(connection, sa.select(actions.c.press_id).where(actions.c.member_id == row.id)),
        uploads=await _count(connection, sa.select(uploads.c.object_key).where(uploads.c.member_id == row.id)),
        other_jobs=len(painted.job_ids) - num_jobs,
    )


async def read_own_data(connection: AsyncConnection, discord_id: int) -> OwnData | None:
    """Return everything that is stored of the Discord user; None if nothing is."""
    found = await connection.execute(sa.select(members.c.id).where(members.c.discord_id == discord_id))
    member_id = found.scalar_one_or_none()
    if member_id is None:
        return None
    own_jobs = sa.select(jobs.c.id).where(jobs.c.member_id == member_id)
    wanted = {
        members: members.c.id == member_id,
        consent_choices: consent_choices.c.member_id == member_id,
        jobs: jobs.c.member_id == member_id,
        pictures: pictures.c.job_id.in_(own_jobs),
        uploads: uploads.c.member_id == member_id,
        own_adapters: own_adapters.c.member_id == member_id,
        adapter_shares: adapter_shares.c.adapter_id.in_(
            sa.select(own_adapters.c.id).where(own_adapters.c.member_id == member_id)
        ),
        deliveries: deliveries.c.member_id == member_id,
        impressions: impressions.c.member_id == member_id,
        actions: actions.c.member_id == member_id,
        rank_grids: rank_grids.c.member_id == member_id,
        rank_pairs: rank_pairs.c.member_id == member_id,
        exports: exports.c.member_id == member_id,
        mask_pages: mask_pages.c.member_id == member_id,
        moderation_cases: moderation_cases.c.member_id == member_id,
        refusals: refusals.c.member_id == member_id,
        guild_restrictions: guild_restrictions.c.member_id == member_id,
        restrictions: restrictions.c.member_id == member_id,
        guild_changes: guild_changes.c.member_id == member_id,
        charges: charges.c.member_id == member_id,
        gpu_days: gpu_days.c.member_id == member_id,
        original_requests: original_requests.c.member_id == member_id,
        searches: searches.c.member_id == member_id,
        api_keys: api_keys.c.member_id == member_id,
        learned_adapter_members: learned_adapter_members.c.member_id == member_id,
        learned_adapter_questions: learned_adapter_questions.c.answered_by == member_id,
        profiles: profiles.c.member_id == member_id,
        profile_sources: profile_sources.c.member_id == member_id,
        member_months: member_months.c.member_id == member_id,
    }
    rows = {table.name: await _rows(connection, table, condition) for table, condition in wanted.items()}
    kept = (*reversed(rows["pictures"]), *rows["uploads"], *rows["own_adapters"])
    keys = [row["object_key"] for row in kept if row["object_key"]]
    keys += [key for job in reversed(rows["jobs"]) if job["edit"] and (key := mask_key(edit_from_json(job["edit"])))]
    painted = frozenset(picture["object_key"] for picture in rows["pictures"])
    return OwnData(rows=rows, keys=tuple(dict.fromkeys(keys)), painted=painted)


async def _count(connection: AsyncConnection, query: sa.Select[Any]) -> int:
    return int((await connection.execute(sa.select(sa.func.count()).select_from(query.subquery()))).scalar_one())


async def _rows(
    connection: AsyncConnection, table: sa.Table, condition: sa.ColumnElement[bool]
) -> Sequence[Mapping[str, Any]]:
    columns = [column for column in table.c if column.name not in _LEFT_OUT]
    kept = sa.select(*columns).where(condition).order_by(*table.primary_key.columns).subquery("kept")
    as_json = sa.func.to_jsonb(sa.literal_column("kept"), type_=pg.JSONB)
    return list((await connection.execute(sa.select(as_json).select_from(kept))).scalars())
