"""How long Postgres itself lets a transaction wait."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_MILLISECOND = timedelta(milliseconds=1)

_LIMIT_IDLE = sa.text("SELECT set_config('idle_in_transaction_session_timeout', :idle, true)")
_LIMIT_BOTH = sa.text("""
    SELECT set_config('idle_in_transaction_session_timeout', :idle, true), set_config('lock_timeout', :lock, true)
""")


async def limit_waits(connection: AsyncConnection, *, idle: timedelta, lock: timedelta | None) -> None:
    """Let Postgres itself end the transaction when it has waited too long.

    idle: for its next statement. Otherwise one whose machine has vanished without a word keeps its locks until TCP
        notices, by default two hours.
    lock: for a lock that another holds; None for what the server's settings say.
    """
    limits = {"idle": f"{idle // _MILLISECOND}"} | ({} if lock is None else {"lock": f"{lock // _MILLISECOND}"})
    await connection.execute(_LIMIT_IDLE if lock is None else _LIMIT_BOTH, limits)
