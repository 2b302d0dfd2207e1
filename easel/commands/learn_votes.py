"""The votes of the log that a run of `easel learn` learns from: the run's folder names them, and copies nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bot.store.members import read_training_ids
from easel.postgres import open_migrated_postgres
from engine.feedback.splits import Split
from engine.feedback.trainable import (
    TrainablePicture,
    TrainableVote,
    read_trainable_pictures,
    read_trainable_votes,
)
from engine.learn.preferences import Preference, PreferenceRow
from engine.settings import EngineSettings
from engine.store.database import open_database

VOTES = "votes.jsonl"


@dataclass(frozen=True, kw_only=True)
class LoggedVotes:
    """Votes and their pictures, by id; `read_at` is when a run read them first."""

    read_at: datetime
    votes: Sequence[TrainableVote]
    pictures: Mapping[UUID, TrainablePicture]

    @property
    def members(self) -> frozenset[UUID]:
        """Whose votes, prompts and pictures they are."""
        authors = (picture.authors for picture in self.pictures.values())
        return frozenset(vote.rater for vote in self.votes).union(*authors)

    def rows(self, split: str, read: Callable[[str], bytes]) -> Iterator[PreferenceRow]:
        """Yield the preferences of a split; `read` returns a picture's file by its key in the store."""
        for vote in self.votes:
            if vote.split == split:
                yield _row(vote, self.pictures[vote.winner], self.pictures[vote.loser], read)


async def choose_votes(folder: Path, model: str, settings: EngineSettings) -> LoggedVotes:
    """Return the votes of the run in `folder`; those of a new one are all that there are now, and are noted there.

    model: name of the model that painted the pictures.

    Raises: ConsentWithdrawn when one of those that were noted may no longer be trained on, StoreUnavailable.
    """
    file = folder / VOTES
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=1) as database:
        if not file.exists():
            read_at = datetime.now(UTC)
            save_votes(file, read_at, await read_trainable_votes(database, read_training_ids, model))
        read_at, votes = _load(file)
        pictures = await read_trainable_pictures(database, read_training_ids, votes)
    return LoggedVotes(read_at=read_at, votes=votes, pictures=pictures)


async def confirm_votes(votes: Sequence[TrainableVote], settings: EngineSettings) -> None:
    """Return if all of the votes may still be trained on.

    Raises: ConsentWithdrawn, StoreUnavailable.
    """
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=1) as database:
        await read_trainable_pictures(database, read_training_ids, votes)


def _row(
    vote: TrainableVote, winner: TrainablePicture, loser: TrainablePicture, read: Callable[[str], bytes]
) -> PreferenceRow:
    keys = {_hash_of(one): one.object_key for one in (winner, loser)}
    preference = Preference(
        caption=winner.caption,
        winner=_hash_of(winner),
        loser=_hash_of(loser),
        weight=vote.weight,
        rater=vote.rater,
    )
    return PreferenceRow(preference=preference, read=lambda sha256: read(keys[sha256]))


def _hash_of(picture: TrainablePicture) -> str:
    # A key in the store is made of the hash of what it is of.
    return Path(picture.object_key).stem


def save_votes(file: Path, read_at: datetime, votes: Sequence[TrainableVote]) -> None:
    """Note which votes a run learns from."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    with partial.open("w") as lines:
        lines.write(json.dumps({"read_at": read_at.isoformat()}) + "\n")
        lines.writelines(json.dumps(asdict(vote), default=str) + "\n" for vote in votes)
    partial.replace(file)


def _load(file: Path) -> tuple[datetime, Sequence[TrainableVote]]:
    with file.open() as lines:
        return datetime.fromisoformat(json.loads(next(lines))["read_at"]), [_vote(**json.loads(line)) for line in lines]


def _vote(*, split: str, rater: str, winner: str, loser: str, weight: float) -> TrainableVote:
    return TrainableVote(split=Split(split), rater=UUID(rater), winner=UUID(winner), loser=UUID(loser), weight=weight)
