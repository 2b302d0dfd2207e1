"""The one place that turns the errors of connections, and of what Postgres lacks, into `StoreUnavailable`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
import sqlalchemy as sa

from engine.contract.errors import StorageFull, StoreUnavailable
from engine.store.connector import CONNECT_ERRORS, CONNECTION_ERRORS


@dataclass
class Unconfirmed:
    """Knows whether Postgres may have stored what it did not confirm."""

    is_writing: bool = False

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Add the fact `is_unsure` to a StoreUnavailable that is raised while something is being written."""
        try:
            yield
        except StoreUnavailable as error:
            if self.is_writing and not _is_refused(error):
                error.facts = {**error.facts, "is_unsure": True}
            raise


def unavailable_from(error: BaseException) -> StoreUnavailable:
    """Return the error that tells why Postgres cannot be used, from one of asyncpg or SQLAlchemy."""
    cause = cause_of(error)
    return StorageFull(place="database", cause=cause) if _is_full(error) else StoreUnavailable(cause=cause)


def is_blocked(error: BaseException) -> bool:
    """Return whether a lock that another transaction holds was not to be had in time."""
    return _has(error, asyncpg.LockNotAvailableError)


def is_rolled_back(error: BaseException) -> bool:
    """Return whether Postgres undid the transaction for the sake of another: a deadlock, or a serialization failure."""
    return _has(error, asyncpg.TransactionRollbackError)


def _is_refused(error: BaseException | None) -> bool:
    """Return whether Postgres itself said no, so that the transaction is undone, and did not end or vanish over it."""
    while error is not None:
        if isinstance(error, asyncpg.PostgresError):
            return getattr(error, "severity_en", None) == "ERROR"
        error = error.orig if isinstance(error, sa.exc.DBAPIError) else error.__cause__
    return False


def _has(error: BaseException | None, kind: type[Exception]) -> bool:
    while error is not None and not isinstance(error, kind):
        error = error.orig if isinstance(error, sa.exc.DBAPIError) else error.__cause__
    return error is not None


def _is_full(error: BaseException | None) -> bool:
    """Return whether the disk of Postgres is full; an error of its files says so only in its text."""
    while error is not None:
        if isinstance(error, asyncpg.DiskFullError) or "No space left on device" in str(error):
            return True
        error = error.orig if isinstance(error, sa.exc.DBAPIError) else error.__cause__
    return False


def cause_of(error: BaseException) -> str:
    """Return in a few words why Postgres cannot be used."""
    match error:
        case StoreUnavailable():
            return str(error.facts["cause"])
        case sa.exc.TimeoutError():
            return "every connection of this process is in use"
        case sa.exc.DBAPIError(orig=BaseException() as original):
            return cause_of(original)
        case FileNotFoundError() | ConnectionRefusedError():
            return "it is not running, or not at its address"
        case asyncpg.TooManyConnectionsError():
            return f"{error}. Raise max_connections, or lower EASEL_DATABASE_CONNECTIONS"
        case asyncpg.PostgresError() if str(error):
            return str(error)
        case _ if error.__cause__ is not None and isinstance(error.__cause__, CONNECT_ERRORS):
            return cause_of(error.__cause__)
        case _:
            return type(error).__name__


def is_unavailable(error: BaseException) -> bool:
    """Return whether an error inside a transaction is of the connection or the server, and not of what was asked."""
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or _is_caused_by_connection(error)
    if isinstance(error, OSError):
        # Not of a file that the caller wrote.
        return isinstance(error, ConnectionError | TimeoutError)
    return isinstance(error, (sa.exc.TimeoutError, *CONNECTION_ERRORS))


def _is_caused_by_connection(error: sa.exc.DBAPIError) -> bool:
    cause: BaseException | None = error.orig
    while cause is not None:
        if isinstance(cause, CONNECTION_ERRORS):
            return True
        cause = cause.__cause__
    return False
