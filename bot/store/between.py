"""The two results that a prompt of `--between` names, by their ids or the messages that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.between import result_of, spec_between
from bot.policy.removals import check_shown
from bot.store.interaction import InteractionContext
from bot.store.moderation.removals import JobInGuild
from bot.store.ranking.grids import Place
from bot.store.statements import read_end, read_removals
from bot.store.tables import deliveries, members
from engine.contract.jobs import JobSpec, Visibility
from engine.store.jobs import PUBLIC
from engine.store.tables import jobs

_SEEN = sa.text("""
    SELECT jobs.id FROM jobs JOIN members ON members.id = jobs.member_id
    WHERE jobs.id = ANY (:job_ids) AND (members.discord_id = :discord_id OR jobs.visibility = 'public' AND EXISTS (
        SELECT FROM deliveries
        WHERE job_id = jobs.id AND channel_id = ANY (:channel_ids) AND surface = 'guild' AND moved_from IS NULL
            AND (:is_nsfw OR NOT coalesce(is_nsfw_channel, true))
    ))
""").bindparams(
    sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)),
    sa.bindparam("channel_ids", type_=pg.ARRAY(sa.BigInteger)),
    sa.bindparam("is_nsfw", type_=sa.Boolean),
)


@dataclass(frozen=True, kw_only=True)
class WithEnds:
    """A spec whose results are found, and who may see what is painted of them: only their owner, if one is private."""

    spec: JobSpec
    visibility: Visibility


async def with_ends(context: InteractionContext, member_id: UUID, spec: JobSpec) -> WithEnds | None:
    """Return the spec with the words, settings and seeds of the two results that it names. A part of a press.

    None without any, and for one that has them already.

    Raises: EndsRefused, also for a private result of somebody else, as for one that there is not; PictureRemoved,
        DeletedByOwner.
    """
    named = spec.parameters.get("between")
    if not isinstance(named, tuple) or spec.ends:
        return None
    found = [result_of(await read_end(UUID(name)), name, member_id) for name in named]
    for result in found:
        removals = await read_removals(JobInGuild(job_id=result.job.id, guild_id=context.guild_id))
        slots = [picture.slot for picture in result.pictures]
        check_shown(removals, slots, is_owner=result.job.member_id == member_id)
    one, other = found
    is_private = Visibility.PRIVATE in (one.job.visibility, other.job.visibility)
    return WithEnds(
        spec=spec_between(spec, one, other), visibility=Visibility.PRIVATE if is_private else Visibility.PUBLIC
    )


async def find_seen(
    connection: AsyncConnection, discord_id: int, place: Place, job_ids: Sequence[str]
) -> frozenset[str]:
    """Return those of the jobs that are the Discord user's own, or public and posted where they see it."""
    given = {"discord_id": discord_id, "job_ids": list(map(UUID, job_ids))}
    given |= {"channel_ids": list(place.channel_ids), "is_nsfw": place.is_nsfw}
    return frozenset(map(str, (await connection.execute(_SEEN, given)).scalars()))


async def read_jobs_of_messages(
    connection: AsyncConnection, discord_id: int, message_ids: Sequence[int]
) -> dict[int, UUID]:
    """Return the jobs that messages show, by their ids, as far as the Discord user may see them."""
    owner = sa.select(members.c.id).where(members.c.discord_id == discord_id).scalar_subquery()
    listed = sa.literal(list(message_ids), pg.ARRAY(sa.BigInteger))
    query = sa.select(deliveries.c.message_id, deliveries.c.job_id).join(jobs, jobs.c.id == deliveries.c.job_id)
    query = query.where(deliveries.c.message_id == sa.any_(listed), sa.or_(PUBLIC, jobs.c.member_id == owner))
    return {row.message_id: row.job_id for row in await connection.execute(query)}
