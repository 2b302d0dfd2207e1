"""How guilds show unsafe pictures, and what they show all the same because an appeal was accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pictures import PictureRules, Showing, ShownWhere, may_be_unsafe, showing_of
from bot.store.deliveries import Delivery
from bot.store.guilds.changes import record_change
from bot.store.guilds.tables import GuildSetting
from bot.store.interaction import InteractionContext
from bot.store.moderation.tables import guild_picture_rules, released_results
from bot.store.tables import DeliveryForm, DeliveryState, deliveries
from engine.contract.feedback import Surface
from engine.contract.jobs import Job, Picture
from engine.store.jobs import read_pictures


@dataclass(frozen=True, kw_only=True)
class ReleasedResult:
    """A job whose pictures a guild shows all the same."""

    guild_id: int
    job_id: UUID


def where_of_delivery(delivery: Delivery) -> ShownWhere:
    """Return where the delivery's message is."""
    is_dm = delivery.guild_id is None or delivery.moved_from is not None
    surface = Surface.DM if is_dm else delivery.surface or Surface.GUILD
    return ShownWhere(guild_id=delivery.guild_id, surface=surface, is_age_restricted=delivery.is_nsfw_channel is True)


def where_of_context(context: InteractionContext) -> ShownWhere:
    """Return where the message is that an interaction is about."""
    return ShownWhere(
        guild_id=context.guild_id, surface=context.surface, is_age_restricted=context.is_nsfw_channel is True
    )


async def read_showing(
    connection: AsyncConnection, where: ShownWhere, job: Job, pictures: Sequence[Picture]
) -> Showing:
    """Return how these pictures of the job are shown together there; a safe one costs no query."""
    scores = [picture.unsafe_score for picture in pictures]
    if not may_be_unsafe(scores):
        return Showing.SHOW
    rules = await read_picture_rules(connection, where.guild_id)
    showing = showing_of(scores, where, rules)
    if showing is Showing.SHOW or where.guild_id is None:
        return showing
    own = released_results.c
    query = sa.select(own.job_id).where(own.guild_id == where.guild_id, own.job_id == job.id)
    return Showing.SHOW if (await connection.execute(query)).first() else showing


async def read_job_showing(connection: AsyncConnection, where: ShownWhere, job: Job) -> Showing:
    """Return how all pictures of the job are shown together there."""
    return await read_showing(connection, where, job, await read_pictures(connection, job.id))


async def read_picture_rules(connection: AsyncConnection, guild_id: int | None) -> PictureRules:
    """Return the rules of the guild; the usual ones where it has none, and outside guilds."""
    if guild_id is None:
        return PictureRules()
    query = sa.select(guild_picture_rules).where(guild_picture_rules.c.guild_id == guild_id)
    row = (await connection.execute(query)).one_or_none()
    return PictureRules() if row is None else _rules_from_row(row)


async def change_picture_rules(
    connection: AsyncConnection, context: InteractionContext, change: Callable[[PictureRules], PictureRules]
) -> PictureRules:
    """Change the rules of the guild, note who did, and return them; of two changes at once, both are made."""
    assert context.guild_id is not None
    insert = pg.insert(guild_picture_rules).values(guild_id=context.guild_id, **_row_from_rules(PictureRules()))
    await connection.execute(insert.on_conflict_do_nothing())
    here = guild_picture_rules.c.guild_id == context.guild_id
    locked = sa.select(guild_picture_rules).where(here).with_for_update()
    old = _rules_from_row((await connection.execute(locked)).one())
    new = change(old)
    if new != old:
        await connection.execute(sa.update(guild_picture_rules).where(here).values(**_row_from_rules(new)))
        await record_change(
            connection, context, GuildSetting.FILTER, before=texts_of_rules(old), after=texts_of_rules(new)
        )
    return new


async def release_all(connection: AsyncConnection, released: Sequence[ReleasedResult]) -> list[None]:
    """Show the results in their guilds all the same: messages that withheld them are brought up to date.

    Those that only the token of their interaction could edit, which is gone, cannot be: the newest of them moves to the
    member's direct messages.
    """
    own = deliveries.c
    for one in released:
        row = {"guild_id": one.guild_id, "job_id": one.job_id}
        await connection.execute(pg.insert(released_results).values(row).on_conflict_do_nothing())
        shown = sa.and_(
            own.job_id == one.job_id, own.guild_id == one.guild_id, own.state == DeliveryState.DELIVERED.value
        )
        is_own_message = own.form == DeliveryForm.MESSAGE.value
        newest = sa.select(own.id).where(shown, ~is_own_message).order_by(own.id.desc()).limit(1)
        reopened = sa.update(deliveries).where(shown, is_own_message | (own.id == newest.scalar_subquery()))
        await connection.execute(reopened.values(state=DeliveryState.OPEN.value, closed_at=None))
    return [None] * len(released)


def _rules_from_row(row: sa.Row[tuple[object, ...]]) -> PictureRules:
    return PictureRules(
        elsewhere=Showing(row.elsewhere), age_restricted=Showing(row.age_restricted), is_strict=bool(row.is_strict)
    )


def _row_from_rules(rules: PictureRules) -> dict[str, object]:
    return {
        "elsewhere": rules.elsewhere.value,
        "age_restricted": rules.age_restricted.value,
        "is_strict": rules.is_strict,
    }


def texts_of_rules(rules: PictureRules) -> tuple[str, ...]:
    """Return the rules as the list of changes keeps them."""
    return (
        f"elsewhere: {rules.elsewhere}",
        f"age-restricted: {rules.age_restricted}",
        "strict" if rules.is_strict else "normal",
    )
