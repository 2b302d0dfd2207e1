"""A connection pool that opens what it needs up to its size, and gives back what has been idle for a while."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

_RETURNED_AT = "returned_at"


class ShrinkingPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, with `close_idle`. Needs `use_lifo`, so that the same few connections stay in use."""

    # Named like SQLAlchemy's own pools, whose loggers it keeps quiet.
    _sqla_logger_namespace = "sqlalchemy.pool.ShrinkingPool"

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        record.info[_RETURNED_AT] = time.monotonic()
        super()._do_return_conn(record)

    def _close_connection(self, connection: Any, *, terminate: bool = False) -> None:
        # SQLAlchemy waits until Postgres confirms the end of a connection, which one that hangs never does.
        connection.driver_connection.terminate()

    def close_idle(self, unused_for: timedelta) -> None:
        """Close the connections that nobody has used for so long."""
        before = time.monotonic() - unused_for.total_seconds()
        records = self._take_all()
        idle = [record for record in records if record.info.get(_RETURNED_AT, 0.0) <= before]
        for record in records:
            if record not in idle:
                self._pool.put(record, False)
        for record in idle:
            try:
                record.close()
            finally:
                self._dec_overflow()

    def _take_all(self) -> list[ConnectionPoolEntry]:
        """Return the connections that are in the pool, the one unused for longest first."""
        taken: list[ConnectionPoolEntry] = []
        while self._pool.qsize():
            taken.append(self._pool.get(False))
        taken.reverse()
        return taken
