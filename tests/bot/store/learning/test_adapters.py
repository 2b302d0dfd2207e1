"""Whose votes a trained adapter used, and what erasures and withdrawn consents make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from bot.store.erasures import ErasureRequest, erase_member, read_erasure, start_erasures
from bot.store.learning.adapters import (
    LearnedAdapter,
    NewAdapter,
    read_adapter,
    read_adapters,
    record_adapter,
    set_state,
)
from bot.store.learning.tables import AdapterState
from engine.contract.feedback import Consent
from engine.contract.ids import new_id
from engine.feedback.store.erasures import read_tombstones
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import SmallCommunity

FIRST = NewAdapter(
    sha256="a" * 64,
    preferences_sha256="b" * 64,
    num_preferences=120,
    model="starter",
    model_sha256="c" * 64,
    folder="/runs/first",
    read_at=datetime(2026, 11, 1, tzinfo=UTC),
    figures={"distance": 0.02},
)
SECOND = replace(FIRST, sha256="d" * 64, folder="/runs/second")


@pytest.fixture
def community(database: Database, objects: Objects) -> SmallCommunity:
    return SmallCommunity(database=database, objects=objects)


async def trained(database: Database, adapter: NewAdapter, *members: UUID) -> UUID:
    """Record the adapter as trained on the members' votes."""
    async with database.begin() as connection:
        return await record_adapter(connection, adapter, members)


async def listed(database: Database) -> list[LearnedAdapter]:
    """Return the adapters, newest first."""
    async with database.begin() as connection:
        return await read_adapters(connection)


async def erase(database: Database, member_id: UUID) -> None:
    """Erase the member."""
    async with database.begin() as connection:
        await start_erasures(connection, [ErasureRequest(press_id=7, member_id=member_id)])
        erasure = await read_erasure(connection, member_id)
        assert erasure is not None and await erase_member(connection, erasure)


async def test_a_trained_adapter_is_recorded_once(database: Database, community: SmallCommunity) -> None:
    """Again, it is the same one; it has all that was said of it, and is up to date while its members agree."""
    members = [await community.join(Consent.TRAIN) for _ in range(2)]
    first, again = [await trained(database, FIRST, *members) for _ in range(2)]
    assert first == again
    (kept,) = await listed(database)
    assert {name: getattr(kept, name) for name in NewAdapter.__dataclass_fields__} == vars(FIRST)
    assert (kept.id, kept.state, kept.name, kept.num_members) == (
        first,
        AdapterState.TRAINED,
        "learned-aaaaaaaaaaaa",
        2,
    )
    assert not kept.is_outdated


async def test_a_withdrawn_consent_outdates_the_adapters_of_that_member(
    database: Database, community: SmallCommunity
) -> None:
    """Its own alone, named in the log once, and only as long as the member does not agree again."""
    ada, ben = [await community.join(Consent.PUBLISH) for _ in range(2)]
    await trained(database, FIRST, ada, ben)
    await trained(database, SECOND, ben)
    with capture_logs() as lines:
        for _ in range(2):
            await community.agree(ada, Consent.USE)
    assert [line for line in lines if line["event"] == "adapters_to_train_anew"] == [
        {
            "event": "adapters_to_train_anew",
            "log_level": "warning",
            "cause": "withdrew",
            "adapters": ["learned-aaaaaaaaaaaa"],
        }
    ]
    assert [(one.num_withdrawn, one.is_outdated) for one in await listed(database)] == [(0, False), (1, True)]
    await community.agree(ada, Consent.TRAIN)
    assert [one.is_outdated for one in await listed(database)] == [False, False]


async def test_an_erasure_is_counted_and_leaves_no_trace_of_whose_votes(
    database: Database, community: SmallCommunity
) -> None:
    """How many adapters had learnt from the member stays, in the adapters and in what is left of the erasure."""
    ada, ben = [await community.join(Consent.TRAIN) for _ in range(2)]
    await trained(database, FIRST, ada, ben)
    await erase(database, ada)
    (kept,) = await listed(database)
    assert (kept.num_members, kept.num_erased, kept.num_withdrawn, kept.is_outdated) == (1, 1, 0, True)
    async with database.begin() as connection:
        assert (await read_tombstones(connection)).counts["adapters"] == 1


async def test_who_was_erased_during_the_training_is_counted(database: Database, community: SmallCommunity) -> None:
    await trained(database, FIRST, await community.join(Consent.TRAIN), new_id())
    (kept,) = await listed(database)
    assert (kept.num_members, kept.num_erased) == (1, 1)


@pytest.mark.parametrize("state", AdapterState)
async def test_what_became_of_it_is_kept(database: Database, community: SmallCommunity, state: AdapterState) -> None:
    await trained(database, FIRST, await community.join(Consent.TRAIN))
    async with database.begin() as connection:
        assert await set_state(connection, FIRST.sha256, state)
        assert not await set_state(connection, SECOND.sha256, state)
        kept = await read_adapter(connection, FIRST.sha256)
    assert kept is not None and kept.state is state
