"""Which engines run, as each of them says."""

from __future__ import annotations

import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.engines import SEEN_WITHIN, Engine, announce_engine, is_any_engine_there


async def test_an_engine_is_there_as_long_as_it_says_so(database: Database) -> None:
    """One that has not for a while has gone."""
    async with database.begin() as connection:
        assert not await is_any_engine_there(connection)
        await announce_engine(connection, Engine(id=new_id(), models=frozenset({"starter"})))
        assert await is_any_engine_there(connection)
        gone = sa.text("UPDATE engines SET seen_at = now() - CAST(:long AS interval)")
        await connection.execute(gone, {"long": SEEN_WITHIN})
        assert not await is_any_engine_there(connection)
