"""What an operator reads when Postgres fails: what is wrong and what to do, without the password."""

from __future__ import annotations

import ssl
import sys

import asyncpg

_ASYNCPG_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def database_errors() -> tuple[type[Exception], ...]:
    """Return what the drivers of Postgres raise when it refuses something; SQLAlchemy's only if it is loaded."""
    sqlalchemy = sys.modules.get("sqlalchemy.exc")
    return (*_ASYNCPG_ERRORS, sqlalchemy.DBAPIError) if sqlalchemy else _ASYNCPG_ERRORS


def sentence_from_connect_error(error: BaseException, address: str) -> str:
    """Return what to tell the operator about an error of connecting to the Postgres at `address`."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"the certificate of the Postgres at {address} is not accepted ({error.verify_message}). Set "
                "sslrootcert to the certificate of its authority, or use the host name that its certificate is for."
            )
        case ssl.SSLError():
            return (
                f"the encrypted connection to the Postgres at {address} failed ({error.reason or error}). Check "
                "sslmode, and that sslcert and sslkey belong together."
            )
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return (
                f"the Postgres at {address} rejected the user or password ({error}). Check both, and "
                "sslcert and sslkey where it asks for a certificate."
            )
        case asyncpg.InvalidCatalogNameError():
            return (
                f"the Postgres at {address} has no such database ({error}). Create it with createdb, or change the URL."
            )
        case asyncpg.TooManyConnectionsError():
            return f"the Postgres at {address} has no free connections. Raise max_connections, or close some."
        case asyncpg.CannotConnectNowError():
            return f"the Postgres at {address} is starting or stopping. Try again in a moment."
        case asyncpg.TargetServerAttributeNotMatched():
            return f"none of the hosts at {address} is what target_session_attrs asks for. Change it, or add the host."
        case asyncpg.PostgresConnectionError() if not isinstance(error, asyncpg.ProtocolViolationError):
            return _unreachable(address)
        case asyncpg.PostgresError():
            # Also what a pooler says, and the server about a parameter that it does not know.
            return f"the Postgres at {address} refused the connection: {error}. Change the URL or the server."
        case asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return f"cannot connect to Postgres at {address}: {error}."
        case ConnectionError() if "SSL upgrade" in str(error):
            return f"the Postgres at {address} does not offer encryption. Turn it on there, or set sslmode=prefer."
        case TimeoutError():
            return f"the Postgres at {address} does not answer. Is it running, and can this machine reach it?"
        case _:
            return _unreachable(address)


def sentence_from_database_error(error: BaseException) -> str:
    """Return what to tell the operator about one of `database_errors`."""
    while not isinstance(error, _ASYNCPG_ERRORS) and (cause := getattr(error, "orig", None) or error.__cause__):
        error = cause
    match error:
        case asyncpg.InsufficientPrivilegeError():
            advice = "Connect as the role that ran `easel migrate`, or grant this one its rights."
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError() | asyncpg.UndefinedFunctionError():
            advice = "Its tables are not those of this release: run `easel migrate`, or restore a backup."
        case asyncpg.DuplicateTableError() | asyncpg.DuplicateObjectError() | asyncpg.DuplicateFunctionError():
            advice = "The database has tables of another program, or of an interrupted restore. Choose an empty one."
        case asyncpg.LockNotAvailableError():
            advice = "Another program holds a lock. Stop the bot and the engines, and try again."
        case asyncpg.DataError():
            advice = "It cannot store a value that you gave: use plain text, and numbers and times of a usual size."
        case _:
            advice = "Run `easel doctor`; the log of Postgres may say more."
    return f"Postgres reported an error: {_first_line(error)}. {advice}"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def _unreachable(address: str) -> str:
    return f"cannot connect to Postgres at {address}. Is it running, and can this machine reach it?"
