"""What is asked about members' styles goes by indexes, however many members, styles and sources there are."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from bot.store.learning.profiles import (
    TrainedProfile,
    note_votes,
    put_in_use,
    read_profile,
    toggle_profile,
    withdraw_profiles,
)
from engine.store.database import Database
from engine.store.own_adapters import forget_untrained, read_adapters, read_adapters_of
from tests.bot.store.test_button_actions import press

_FILL = """
    INSERT INTO members (id, discord_id, consent_version, may_train)
    SELECT lpad(n::text, 32, '0')::uuid, n, 1, true FROM generate_series(1, 20000) AS n;
    INSERT INTO profiles (member_id) SELECT id FROM members WHERE discord_id > 1;
    INSERT INTO own_adapters (id, member_id, name, subject, kind, model, object_key)
    SELECT id, id, '@profile', '', '', 'tiny', 'aa/bb/' || id::text FROM members WHERE discord_id > 1;
    INSERT INTO profile_sources (adapter_id, member_id)
    SELECT a.id, lpad(((row_number() OVER () * 7 + n) % 20000 + 1)::text, 32, '0')::uuid
    FROM own_adapters AS a, generate_series(1, 5) AS n ON CONFLICT DO NOTHING;
    ANALYZE"""
_READS_ALL = re.compile(r"Seq Scan on (members|profiles|own_adapters|profile_sources)\b")
_MEMBER = UUID(int=0x1500)


async def test_every_query_goes_by_an_index(database: Database) -> None:
    async with database.autocommit() as connection:
        for statement in _FILL.split(";"):
            await connection.execute(sa.text(statement))
    said = list[tuple[str, Any]]()

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        # Rows that are added are looked up nowhere.
        if not statement.startswith("INSERT"):
            said.append((statement, parameters))

    trained = TrainedProfile(
        member_id=_MEMBER, model="tiny", object_key="new", num_votes=100, sources=frozenset({_MEMBER, UUID(int=0x1600)})
    )
    async with database.engine.connect() as connection:
        sa.event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
        await read_profile(connection, 1500)
        await note_votes(connection, {_MEMBER: 100})
        await read_adapters(connection, [_MEMBER])
        await read_adapters_of(connection, _MEMBER)
        await forget_untrained(connection, [_MEMBER])
        await put_in_use(connection, trained)
        await toggle_profile(connection, press(1, discord_id=1))
        await withdraw_profiles(connection, [_MEMBER])
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
        await connection.rollback()
    assert any("profile_sources" in statement for statement, _ in said)
    async with database.begin() as connection:
        for statement, parameters in said:
            plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)).scalars())
            # Who agrees to training is read whole, as every training does.
            is_agreeing = "WHERE members.may_train" in statement
            assert is_agreeing or not _READS_ALL.search(plan), f"{statement}\n{plan}"
