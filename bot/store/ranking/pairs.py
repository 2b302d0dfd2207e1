"""The pairs that members were asked to compare, in Postgres: each is chosen, shown once, and answered once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pair_choice import (
    MIN_BETWEEN,
    SLOT_PAIRS,
    Tally,
    is_repeat_due,
    mean_uncertainty,
    most_uncertain,
)
from bot.store.impressions import UI_VERSION
from bot.store.interaction import InteractionContext
from bot.store.members import Member
from bot.store.ranking.grids import Place, find_grids, leave_out_grids, settle_tallies
from bot.store.ranking.tables import rank_grids, rank_pairs
from engine.contract.feedback import Choice
from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.feedback.records import Impression, ImpressionKind, PromptOrigin, ShownPicture
from engine.feedback.shown import hash_of_prompt, shown_from_picture
from engine.feedback.store.guilds import is_collecting
from engine.feedback.store.impressions import append_impression
from engine.store.jobs import read_jobs_with_pictures

_RECENT = 5
_REPEATED_WITHIN = 60
_JUDGED = (Choice.LEFT, Choice.RIGHT, Choice.TIE)


@dataclass(frozen=True, kw_only=True)
class AskedPair:
    """A pair that a member was asked about; press_id: of the answer, None until there is one.

    number: of the member's pairs, from 1. is_owner: whether the pictures are the member's own.
    """

    impression_id: UUID
    member_id: UUID
    number: int
    job_id: UUID
    pair: int
    is_swapped: bool
    left_id: UUID
    right_id: UUID
    press_id: int | None
    is_owner: bool


@dataclass(frozen=True, kw_only=True)
class PairWanted:
    """Who wants the next pair, and where.

    is_again: whether the one that they were asked about last will do, if they have not answered it.
    """

    context: InteractionContext
    member: Member
    place: Place
    is_again: bool = False


@dataclass(frozen=True, kw_only=True)
class NextPair:
    """The pair that a member is asked about next, left and right, and how many they have compared.

    job: that painted the pictures; None, and no pictures, when there is no pair left.
    has_agreed: False, and no pair, for a member who does not agree to training.
    is_closed: True, and no pair, in a server whose administrators have closed it to training.
    """

    impression_id: UUID
    num_answered: int
    job: Job | None
    pictures: tuple[Picture, ...]
    has_agreed: bool = True
    is_closed: bool = False


CLOSED = NextPair(impression_id=UUID(int=0), num_answered=0, job=None, pictures=(), is_closed=True)
NOT_AGREED = NextPair(impression_id=UUID(int=0), num_answered=0, job=None, pictures=(), has_agreed=False)


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    job_id: UUID
    pair: int
    is_swapped: bool
    is_repeat: bool


async def read_asked(connection: AsyncConnection, asked: Sequence[tuple[UUID, UUID]]) -> list[AskedPair | None]:
    """Return the pair of each impression if that member was asked about it, else None."""
    query = sa.select(rank_pairs, (rank_grids.c.member_id == rank_pairs.c.member_id).label("is_owner")).outerjoin(
        rank_grids, rank_grids.c.job_id == rank_pairs.c.job_id
    )
    wanted = sa.tuple_(rank_pairs.c.impression_id, rank_pairs.c.member_id).in_(asked)
    found = {
        (row.impression_id, row.member_id): AskedPair(
            impression_id=row.impression_id,
            member_id=row.member_id,
            number=row.number,
            job_id=row.job_id,
            pair=row.pair,
            is_swapped=row.is_swapped,
            left_id=row.left_id,
            right_id=row.right_id,
            press_id=row.press_id,
            is_owner=bool(row.is_owner),
        )
        for row in await connection.execute(query.where(wanted))
    }
    return [found.get(one) for one in asked]


async def count_answered(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[int]:
    """Return how many pairs each member has compared."""
    return [_num_answered(await _read_recent(connection, member_id)) for member_id in member_ids]


async def settle_pairs(connection: AsyncConnection, answered: Sequence[tuple[AskedPair, int, Choice]]) -> list[None]:
    """Store the answers to pairs that have none, each with its press, and count them."""
    for pair, press_id, choice in answered:
        of_pair = rank_pairs.c.impression_id == pair.impression_id
        await connection.execute(sa.update(rank_pairs).where(of_pair).values(press_id=press_id, choice=choice.value))
        if _is_counted(choice):
            # Those that the member was asked about since, in another message of `/rank`.
            since = (rank_pairs.c.member_id == pair.member_id) & (rank_pairs.c.number > pair.number)
            counted = {rank_pairs.c.num_answered: rank_pairs.c.num_answered + 1}
            await connection.execute(sa.update(rank_pairs).where(since).values(counted))
    await settle_tallies(connection, [(pair.job_id, pair.pair, _tally(pair, choice)) for pair, _, choice in answered])
    return [None] * len(answered)


async def show_pairs(connection: AsyncConnection, wanted: Sequence[PairWanted]) -> list[NextPair]:
    """Choose the next pair of each member, and log that it is shown to them."""
    return [await _show_pair(connection, one) for one in wanted]


async def _show_pair(connection: AsyncConnection, wanted: PairWanted) -> NextPair:
    member_id, guild_id = wanted.member.id, wanted.context.guild_id
    if guild_id is not None and not await is_collecting(connection, guild_id):
        return CLOSED
    recent = await _read_recent(connection, member_id)
    number = recent[0].number + 1 if recent else 1
    num_answered = _num_answered(recent)
    if wanted.is_again and recent and recent[0].press_id is None and (asked := await _asked(connection, recent[0])):
        return asked
    impression_id = new_id()
    while chosen := await _choose(connection, wanted, number, frozenset(row.job_id for row in recent)):
        (found,) = await read_jobs_with_pictures(connection, [chosen.job_id])
        job, painted = found or (None, ())
        by_slot = {picture.slot: picture for picture in painted}
        slots = SLOT_PAIRS[chosen.pair]
        if job is None or not by_slot.keys() >= set(slots):
            await leave_out_grids(connection, [chosen.job_id])
            continue
        left, right = (by_slot[slot] for slot in (slots[::-1] if chosen.is_swapped else slots))
        await connection.execute(
            sa.insert(rank_pairs).values(
                impression_id=impression_id,
                member_id=member_id,
                number=number,
                num_answered=num_answered,
                job_id=chosen.job_id,
                pair=chosen.pair,
                is_swapped=chosen.is_swapped,
                left_id=left.id,
                right_id=right.id,
                is_repeat=chosen.is_repeat,
            )
        )
        await append_impression(connection, _impression(wanted, impression_id, job, (left, right)))
        return NextPair(impression_id=impression_id, num_answered=num_answered, job=job, pictures=(left, right))
    return NextPair(impression_id=impression_id, num_answered=num_answered, job=None, pictures=())


async def _asked(connection: AsyncConnection, row: sa.Row[Any]) -> NextPair | None:
    """Return a pair that the member was asked about; None if its pictures are gone."""
    (found,) = await read_jobs_with_pictures(connection, [row.job_id])
    job, painted = found or (None, ())
    by_id = {picture.id: picture for picture in painted}
    if job is None or not by_id.keys() >= {row.left_id, row.right_id}:
        return None
    sides = by_id[row.left_id], by_id[row.right_id]
    return NextPair(impression_id=row.impression_id, num_answered=row.num_answered, job=job, pictures=sides)


async def _read_recent(connection: AsyncConnection, member_id: UUID) -> Sequence[sa.Row[Any]]:
    """Return the pairs that the member was asked about last, newest first."""
    latest = sa.select(rank_pairs).where(rank_pairs.c.member_id == member_id).order_by(rank_pairs.c.number.desc())
    return (await connection.execute(latest.limit(_RECENT))).all()


def _num_answered(recent: Sequence[sa.Row[Any]]) -> int:
    if not recent:
        return 0
    return int(recent[0].num_answered) + _is_counted(recent[0].choice)


def _is_counted(choice: str | None) -> bool:
    return choice not in (None, Choice.SKIP)


async def _choose(
    connection: AsyncConnection, wanted: PairWanted, number: int, recent: frozenset[UUID]
) -> _Chosen | None:
    """Return the next pair: now and then one of before with the sides swapped, else the least known of the unseen.

    While an adapter is compared with what there was before it, chance decides whether that is asked, so that nothing
    tells which pairs are blind.
    """
    if is_repeat_due(number, wanted.member.id.int) and (repeated := await _find_repeated(connection, wanted, number)):
        return repeated
    found = await find_grids(connection, wanted.member.id, wanted.place, blind_first=bool(secrets.randbits(1)))
    if not found:
        return None
    candidates = [grid for grid in found if grid.job_id not in recent] or found
    most = max(mean_uncertainty(grid.tallies) for grid in candidates)
    grid = secrets.choice([grid for grid in candidates if mean_uncertainty(grid.tallies) == most])
    pair = secrets.choice(most_uncertain(grid.tallies, grid.seen))
    return _Chosen(job_id=grid.job_id, pair=pair, is_swapped=bool(secrets.randbits(1)), is_repeat=False)


async def _find_repeated(connection: AsyncConnection, wanted: PairWanted, number: int) -> _Chosen | None:
    earlier = rank_pairs.alias()
    repeated = rank_pairs.alias()
    place, member_id = wanted.place, wanted.member.id
    query = (
        sa.select(earlier.c.job_id, earlier.c.pair, earlier.c.is_swapped)
        .join(rank_grids, rank_grids.c.job_id == earlier.c.job_id)
        .where(
            earlier.c.member_id == member_id,
            earlier.c.number.between(number - _REPEATED_WITHIN, number - MIN_BETWEEN - 1),
            earlier.c.choice.in_([choice.value for choice in _JUDGED]),
            ~earlier.c.is_repeat,
            rank_grids.c.channel_id.in_(place.channel_ids),
            rank_grids.c.is_shared,
            rank_grids.c.may_train,
            ~rank_grids.c.is_left_out,
            sa.or_(sa.literal(place.is_nsfw), ~rank_grids.c.is_nsfw),
            ~sa.exists().where(
                repeated.c.member_id == member_id,
                repeated.c.job_id == earlier.c.job_id,
                repeated.c.pair == earlier.c.pair,
                repeated.c.is_repeat,
            ),
        )
    )
    rows = (await connection.execute(query)).all()
    if not rows:
        return None
    row = secrets.choice(rows)
    return _Chosen(job_id=row.job_id, pair=row.pair, is_swapped=not row.is_swapped, is_repeat=True)


def _impression(wanted: PairWanted, impression_id: UUID, job: Job, sides: tuple[Picture, Picture]) -> Impression:
    context = wanted.context
    return Impression(
        id=impression_id,
        kind=ImpressionKind.PAIR,
        message_id=context.message_id,
        job_id=None,
        member_id=wanted.member.id,
        pictures=tuple(_on_side(side, picture) for side, picture in enumerate(sides)),
        prompt_hash=hash_of_prompt(job.spec),
        prompt_source=PromptOrigin.COMMAND,
        parent_job_id=None,
        parent_picture_id=None,
        operation=None,
        surface=context.surface,
        is_nsfw_channel=context.is_nsfw_channel,
        ui_version=UI_VERSION,
        consent=wanted.member.consent_in_force,
        guild_id=context.guild_id,
        shown_at=datetime.now(UTC),
    )


def _on_side(side: int, picture: Picture) -> ShownPicture:
    return replace(shown_from_picture(picture), slot=side)


def _tally(pair: AskedPair, choice: Choice) -> Tally:
    """Return the answer as a tally of the pair's slots; who does not choose, has seen the pair all the same."""
    if choice not in (Choice.LEFT, Choice.RIGHT):
        return Tally(neither=1)
    is_first = (choice is Choice.LEFT) is not pair.is_swapped
    return Tally(first=int(is_first), second=int(not is_first))
