"""Votes that models may be trained on: what consent and privacy leave of the log, by ids.

Whoever keeps such votes keeps nothing of anybody: what the ids are of is read from the database each time, and is gone
when it was erased.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.exports.families import read_families
from engine.feedback.exports.publishable import PublishedLog, why_unusable
from engine.feedback.exports.published import Kind
from engine.feedback.exports.request import ExportRequest
from engine.feedback.labels import measure_log
from engine.feedback.splits import Split, caption_from_spec
from engine.feedback.store.published import read_sources
from engine.store.database import Database
from engine.store.snapshots import open_snapshot

ReadMembers = Callable[[AsyncConnection], Awaitable[set[UUID]]]
"""Returns the members who agree now to training, as far as the connection's transaction sees."""

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainableVote:
    """One member's vote for one of two pictures; all ids are Easel's own.

    split: the same for all prompts that say nearly the same. weight: as docs/preferences.md has it.
    """

    split: Split
    rater: UUID
    winner: UUID
    loser: UUID
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainablePicture:
    """Where a picture is in the store, and what it was painted from; `authors` are those of its prompts."""

    caption: str
    object_key: str
    authors: frozenset[UUID]


class ConsentWithdrawn(Exception):
    """Votes can no longer be trained on: a member agrees no longer, or something of theirs was erased."""


async def read_trainable_votes(database: Database, read_agreeing: ReadMembers, model: str) -> Sequence[TrainableVote]:
    """Return the votes on pictures that a model painted, ties left out; held are the ids of all of them.

    model: its name.

    Raises: StoreUnavailable.
    """
    async with open_snapshot(database) as snapshot:
        agreeing = await read_agreeing(snapshot.connection)
        log = PublishedLog(
            connection=snapshot.connection,
            publishers=agreeing,
            community=await measure_log(snapshot.connection, agreeing),
            families=await read_families(snapshot.connection),
            request=ExportRequest(
                folder=Path(), report=lambda done, total: None, read_publishers=read_agreeing, model=model
            ),
            kinds=frozenset({Kind.VOTES}),
            why=why_unusable,
        )
        return [
            TrainableVote(
                split=prompt.split,
                rater=vote.label.rater,
                winner=vote.label.winner,
                loser=vote.label.loser,
                weight=round(vote.label.weight, 4),
            )
            async for prompt in log.stream_prompts()
            for vote in prompt.votes
        ]


async def read_trainable_pictures(
    database: Database, read_agreeing: ReadMembers, votes: Collection[TrainableVote]
) -> Mapping[UUID, TrainablePicture]:
    """Return the pictures of the votes, by id.

    Raises: ConsentWithdrawn when one of the votes may no longer be trained on, StoreUnavailable.
    """
    wanted = sorted({picture_id for vote in votes for picture_id in (vote.winner, vote.loser)})
    found = dict[UUID, TrainablePicture]()
    async with open_snapshot(database) as snapshot:
        agreeing = await read_agreeing(snapshot.connection)
        if not {vote.rater for vote in votes} <= agreeing:
            raise ConsentWithdrawn
        for at in range(0, len(wanted), _AT_ONCE):
            sources = await read_sources(snapshot.connection, wanted[at : at + _AT_ONCE])
            for picture_id, source in sources.items():
                if why_unusable(source, agreeing) is None:
                    found[picture_id] = TrainablePicture(
                        caption=caption_from_spec(source.spec),
                        object_key=source.picture.object_key,
                        authors=source.authors,
                    )
    if len(found) < len(wanted):
        raise ConsentWithdrawn
    return found
