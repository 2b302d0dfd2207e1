"""Trained adapters in Postgres: recorded when a run is complete, and named when a member's votes may count no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.learning.tables import AdapterState, learned_adapter_members, learned_adapters
from bot.store.tables import members
from engine.contract.add_ons import learned_name
from engine.contract.ids import new_id

_OF_ADAPTER = learned_adapter_members.c.adapter_id == learned_adapters.c.id
# Of a small table; each adapter's members are found by its key.
_WITHDRAWN = (
    sa.select(sa.func.count())
    .select_from(learned_adapter_members.join(members, members.c.id == learned_adapter_members.c.member_id))
    .where(_OF_ADAPTER, ~members.c.may_train)
    .scalar_subquery()
    .label("num_withdrawn")
)
_MEMBERS = sa.select(sa.func.count()).where(_OF_ADAPTER).scalar_subquery().label("num_members")


SHEET_KEYS = sa.select(learned_adapters.c.sheet_key).where(learned_adapters.c.sheet_key.is_not(None))
"""The query for the keys of all pictures before and after."""


@dataclass(frozen=True, kw_only=True)
class NewAdapter:
    """An adapter that has just been trained; the hashes are of its file, its preferences and its base model.

    read_at: when the votes were read. figures: how the training went, JSON-ready.
    """

    sha256: str
    preferences_sha256: str
    num_preferences: int
    model: str
    model_sha256: str
    folder: str
    read_at: datetime
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LearnedAdapter(NewAdapter):
    """An adapter as stored.

    num_members: whose votes, prompts or pictures it was trained on, without those who were erased since.
    num_erased, num_withdrawn: members of whom it may have nothing any more: it must be trained anew.
    sheet_key: object key of the pictures before and after; None until it is evaluated.
    """

    id: UUID
    state: AdapterState
    num_members: int
    num_erased: int
    num_withdrawn: int
    sheet_key: str | None
    trained_at: datetime

    @property
    def name(self) -> str:
        """The name under which it is promoted."""
        return learned_name(self.sha256)

    @property
    def is_outdated(self) -> bool:
        """Whether it must be trained anew."""
        return self.num_erased + self.num_withdrawn > 0


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """How many adapters had learnt from a member, and the files that show pictures of their prompts."""

    num_adapters: int
    sheet_keys: frozenset[str]


async def record_adapter(connection: AsyncConnection, adapter: NewAdapter, member_ids: Collection[UUID]) -> UUID:
    """Record a trained adapter and whose votes it used, and return its id; a file that is known stays as it is.

    Members who were erased meanwhile are counted as such.
    """
    values = {name: getattr(adapter, name) for name in NewAdapter.__dataclass_fields__}
    insert = pg.insert(learned_adapters).values(id=new_id(), **values)
    added = insert.on_conflict_do_nothing(index_elements=["sha256"]).returning(learned_adapters.c.id)
    adapter_id = (await connection.execute(added)).scalar_one_or_none()
    if adapter_id is None:
        known = sa.select(learned_adapters.c.id).where(learned_adapters.c.sha256 == adapter.sha256)
        return UUID(str((await connection.execute(known)).scalar_one()))
    listed = sa.any_(sa.literal(sorted(member_ids), pg.ARRAY(pg.UUID)))
    # Locked, because an erasure may be about to delete them.
    there = sa.select(sa.literal(adapter_id, pg.UUID), members.c.id).where(members.c.id == listed)
    used = pg.insert(learned_adapter_members).from_select(
        ["adapter_id", "member_id"], there.order_by(members.c.id).with_for_update(key_share=True, read=True)
    )
    num_there = (await connection.execute(used)).rowcount
    await _change(connection, adapter_id, num_erased=len(set(member_ids)) - num_there)
    return UUID(str(adapter_id))


async def read_adapters(connection: AsyncConnection) -> list[LearnedAdapter]:
    """Return all adapters, newest first."""
    query = sa.select(learned_adapters, _MEMBERS, _WITHDRAWN).order_by(learned_adapters.c.id.desc())
    return [_adapter(row) for row in await connection.execute(query)]


async def read_adapter(connection: AsyncConnection, sha256: str) -> LearnedAdapter | None:
    """Return the adapter whose file has the hash; None if it was not trained on the log."""
    return await _read_one(connection, learned_adapters.c.sha256 == sha256)


async def read_adapter_with_id(connection: AsyncConnection, adapter_id: UUID) -> LearnedAdapter | None:
    """Return the adapter; None if there is none."""
    return await _read_one(connection, learned_adapters.c.id == adapter_id)


async def adapters_of_member(connection: AsyncConnection, member_id: UUID) -> list[str]:
    """Return the names of the adapters that have learnt from the member, newest first."""
    query = (
        sa.select(learned_adapters.c.sha256)
        .join(learned_adapter_members, _OF_ADAPTER)
        .where(learned_adapter_members.c.member_id == member_id)
        .order_by(learned_adapters.c.id.desc())
    )
    return [learned_name(sha256) for sha256 in (await connection.execute(query)).scalars()]


async def forget_learnt_from(connection: AsyncConnection, member_id: UUID) -> Forgotten:
    """Part the member, who is being erased, from the adapters that have learnt from them."""
    of_member = learned_adapter_members.c.member_id == member_id
    learnt = sa.select(learned_adapter_members.c.adapter_id).where(of_member)
    query = sa.select(learned_adapters.c.id, learned_adapters.c.sheet_key).where(learned_adapters.c.id.in_(learnt))
    rows = (await connection.execute(query.order_by(learned_adapters.c.id).with_for_update())).all()
    for row in rows:
        await _change(connection, row.id, num_erased=learned_adapters.c.num_erased + 1, sheet_key=None)
    await connection.execute(sa.delete(learned_adapter_members).where(of_member))
    return Forgotten(num_adapters=len(rows), sheet_keys=frozenset(row.sheet_key for row in rows if row.sheet_key))


async def set_state(connection: AsyncConnection, sha256: str, state: AdapterState) -> bool:
    """Record what became of the adapter whose file has the hash; return whether it is known."""
    changed = {"state": state.value, "changed_at": sa.func.now()}
    query = sa.update(learned_adapters).where(learned_adapters.c.sha256 == sha256).values(changed)
    return (await connection.execute(query)).rowcount > 0


async def add_evaluation(
    connection: AsyncConnection, sha256: str, evaluation: Mapping[str, Any], sheet_key: str | None = None
) -> None:
    """Keep how the adapter did, and the key of its pictures before and after; it can be decided on now."""
    figures = learned_adapters.c.figures.concat(sa.func.jsonb_build_object("evaluation", sa.cast(evaluation, pg.JSONB)))
    is_new = learned_adapters.c.state == AdapterState.TRAINED.value
    changed = {
        "figures": figures,
        "state": sa.case((is_new, AdapterState.CANDIDATE.value), else_=learned_adapters.c.state),
        "sheet_key": sa.func.coalesce(sa.literal(sheet_key, sa.Text), learned_adapters.c.sheet_key),
        "changed_at": sa.func.now(),
    }
    await connection.execute(sa.update(learned_adapters).where(learned_adapters.c.sha256 == sha256).values(changed))


async def _read_one(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> LearnedAdapter | None:
    query = sa.select(learned_adapters, _MEMBERS, _WITHDRAWN).where(condition)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _adapter(row)


async def _change(connection: AsyncConnection, adapter_id: UUID, **values: Any) -> None:
    changed = {**values, "changed_at": sa.func.now()}
    await connection.execute(sa.update(learned_adapters).where(learned_adapters.c.id == adapter_id).values(changed))


def _adapter(row: sa.Row[Any]) -> LearnedAdapter:
    facts = {name: getattr(row, name) for name in LearnedAdapter.__dataclass_fields__}
    return LearnedAdapter(**{**facts, "state": AdapterState(row.state)})
