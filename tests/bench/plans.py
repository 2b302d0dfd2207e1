"""How Postgres finds what a read asks for: the plans of its statements, as they were executed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.database import Database

# What reads ask of the planner itself.
_ABOUT_PLANS = ("EXPLAIN", "SELECT set_config")


async def plans_of(database: Database, read: Callable[[AsyncConnection], Awaitable[object]]) -> str:
    """Return the plans of the statements of `read`, which is executed twice."""
    said: list[tuple[str, object]] = []

    def hear(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append((statement, parameters))

    plans = list[str]()
    async with database.engine.begin() as connection:
        sa.event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
        await read(connection)
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
        for statement, parameters in said:
            if not statement.startswith(_ABOUT_PLANS):
                explained = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}"
                plans += (await connection.exec_driver_sql(explained, parameters)).scalars()  # type: ignore[arg-type]
    return "\n".join(plans)
