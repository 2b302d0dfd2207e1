"""Which votes models may be trained on, and that an erasure or a changed mind reaches those that were noted."""

from __future__ import annotations

from uuid import UUID

import pytest

from bot.store.members import read_training_ids
from engine.contract.feedback import Consent
from engine.feedback.trainable import (
    ConsentWithdrawn,
    TrainableVote,
    read_trainable_pictures,
    read_trainable_votes,
)
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import Painted, SmallCommunity


@pytest.fixture
def community(database: Database, objects: Objects) -> SmallCommunity:
    return SmallCommunity(database=database, objects=objects)


async def read(database: Database, model: str = "fake") -> list[TrainableVote]:
    return list(await read_trainable_votes(database, read_training_ids, model))


def ids_of(painted: Painted) -> tuple[UUID, UUID]:
    return painted.pictures[0].id, painted.pictures[1].id


async def test_votes_of_those_who_agree_on_pictures_of_those_who_agree(
    database: Database, community: SmallCommunity
) -> None:
    """Publishing is another matter: prompts with names are trained on, too. Private and unsafe pictures are not."""
    one, other = [await community.join(consent) for consent in (Consent.TRAIN, Consent.USE)]
    named = await community.paint(one, "Anna Meyer in a garden")
    theirs, private, unsafe = [await community.paint(by, "a cat") for by in (other, one, one)]
    await community.hide(private)
    await community.mark_unsafe(unsafe)
    for painted in (named, theirs, private, unsafe):
        await community.press(painted, 1, one)
    await community.press(named, 0, other)
    (vote,) = await read(database)
    assert (vote.rater, vote.winner, vote.loser) == (one, *ids_of(named)[::-1])
    pictures = await read_trainable_pictures(database, read_training_ids, [vote])
    assert pictures[vote.winner].caption == "Anna Meyer in a garden"
    assert pictures[vote.winner].object_key == named.pictures[1].object_key


async def test_only_pictures_of_the_model_count(database: Database, community: SmallCommunity) -> None:
    member = await community.join(Consent.TRAIN)
    wanted = await community.paint(member, "a cat")
    await community.press(wanted, 0, member)
    community.model = "another"
    await community.press(await community.paint(member, "a dog"), 0, member)
    assert [vote.winner for vote in await read(database)] == [wanted.pictures[0].id]
    assert len(await read(database, "another")) == 1


@pytest.mark.parametrize("who", ["rater", "author"])
async def test_whoever_changes_their_mind_takes_their_votes_and_pictures_back(
    database: Database, community: SmallCommunity, who: str
) -> None:
    author, rater = [await community.join(Consent.TRAIN) for _ in range(2)]
    await community.press(await community.paint(author, "a cat"), 0, rater)
    votes = await read(database)
    await read_trainable_pictures(database, read_training_ids, votes)
    await community.agree(rater if who == "rater" else author, Consent.USE)
    with pytest.raises(ConsentWithdrawn):
        await read_trainable_pictures(database, read_training_ids, votes)
    assert await read(database) == []


async def test_what_was_erased_cannot_be_trained_on(database: Database, community: SmallCommunity) -> None:
    member = await community.join(Consent.TRAIN)
    await community.press(await community.paint(member, "a cat"), 0, member)
    (vote,) = await read(database)
    gone = TrainableVote(split=vote.split, rater=member, winner=UUID(int=1), loser=vote.loser, weight=1.0)
    with pytest.raises(ConsentWithdrawn):
        await read_trainable_pictures(database, read_training_ids, [vote, gone])
