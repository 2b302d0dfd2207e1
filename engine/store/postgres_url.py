"""The URL of a Postgres: which of libpq's parameters it may have, and how they are passed to asyncpg."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from engine.contract.errors import SettingsInvalid
from engine.store.postgres_parameters import find_problems, is_passed_on

LISTEN_URL = "EASEL_LISTEN_DATABASE_URL"
"""The setting with the address of Postgres itself where that in `DATABASE_URL` is of a pooler."""

DEFAULT_TIMEOUT = timedelta(seconds=10)
_DEFAULT_PORT = 5432
_PORTS = range(1, 65_536)


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host of a URL, or the folder of its socket, and its port."""

    name: str
    port: int


@dataclass(frozen=True, kw_only=True)
class PostgresURL:
    """A URL that asyncpg understands.

    hosts: in the order in which they are tried; empty for asyncpg's default.
    timeout: how long to wait for each of them.
    is_named: whether it has a name for its connections.
    service: the connection service whose file has the rest, or None.
    """

    dsn: str
    hosts: tuple[Host, ...]
    timeout: timedelta
    target: str
    is_named: bool
    service: str | None

    @property
    def address(self) -> str:
        """The hosts and ports, without user and password."""
        if not self.hosts:
            return "the default address"
        return ", ".join(
            "the local socket" if host.name.startswith("/") else f"{host.name}:{host.port}" for host in self.hosts
        )


def parse_url(url: str, name: str = "DATABASE_URL") -> PostgresURL:
    """Return `url` as asyncpg understands it; `connect_timeout` becomes `timeout`.

    name: of the setting, for the error.

    Raises: SettingsInvalid when it is not a Postgres URL or has parameters that are not supported; never with its
    password.
    """
    if any(character.isspace() for character in url):
        problem = f"{name} has a space or a line break in it. Remove it, or write %20 for a space that belongs there."
        raise SettingsInvalid(problems=(problem,))
    try:
        parts = urlsplit(url)
        if parts.netloc.count("@") > 1 or "@" in parts.path or parts.fragment:
            raise ValueError("a password with characters that end it")
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        hosts = _hosts(parts.netloc, dict(given))
    except ValueError as error:
        raise SettingsInvalid(
            problems=(
                f"{name} is invalid. It must look like postgresql://user:password@host:5432/easel, with special "
                "characters of the password percent-encoded: %40 for @, %23 for #, %2F for /, %3A for a colon.",
            )
        ) from error
    parameters = dict(given)
    problems = [*_given_twice(parts, parameters), *find_problems(parameters)]
    timeout = _timeout(parameters.pop("connect_timeout", "0"))
    if timeout is None:
        problems.append("connect_timeout must be a number of seconds")
    if problems:
        raise SettingsInvalid(problems=tuple(f"{name}: {problem}." for problem in problems))
    passed = {key: value for key, value in parameters.items() if value and is_passed_on(key)}
    if passed.get("sslrootcert") == "system":
        passed["sslrootcert"] = ssl.get_default_verify_paths().cafile or ""
    if hosts:
        # Told to asyncpg one by one.
        passed = {key: value for key, value in passed.items() if key not in ("host", "port")}
    return PostgresURL(
        dsn=parts._replace(query=urlencode(passed, quote_via=quote)).geturl(),
        hosts=hosts,
        timeout=timeout or DEFAULT_TIMEOUT,
        target=passed.get("target_session_attrs", "any"),
        is_named="application_name" in passed,
        service=passed.get("service"),
    )


def _hosts(netloc: str, parameters: Mapping[str, str]) -> tuple[Host, ...]:
    """Return the hosts of a URL or, if it has none before its path, those among its parameters.

    Raises: ValueError when a host or a port is none, or hosts and ports are not as many.
    """
    _, is_split, after = netloc.partition("@")
    listed = unquote(after if is_split else netloc)
    names = (listed or parameters.get("host", "")).split(",")
    ports = [int(port) for port in parameters.get("port", "").split(",") if port]
    if len(ports) > 1 and len(ports) != len(names):
        raise ValueError("as many ports as hosts")
    if len(names) > 1 and not all(names):
        raise ValueError("a host without a name")
    return tuple(
        _host(name, ports[min(place, len(ports) - 1)] if ports else _DEFAULT_PORT)
        for place, name in enumerate(names)
        if name
    )


def _given_twice(parts: SplitResult, parameters: Mapping[str, str]) -> list[str]:
    """Return what the URL says before its parameters and otherwise in them: libpq and asyncpg disagree which counts."""
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    listed = unquote(parts.netloc.rpartition("@")[2])
    ports = [text.rpartition("]")[2].rpartition(":")[2] for text in listed.split(",") if ":" in text.rpartition("]")[2]]
    before = {
        "host": listed if not ports else listed.rpartition(":")[0],
        "port": ",".join(ports),
        "user": unquote(user),
        "password": unquote(password),
        "dbname": unquote(parts.path[1:]),
    }
    return [
        f"the {key} is given twice: before the question mark and as {key}=. Remove one of them"
        for key, value in before.items()
        if value and parameters.get(key, value) != value
    ]


def _host(text: str, port: int) -> Host:
    if text.startswith("/"):
        return Host(name=text, port=port)
    if text.startswith("["):
        name, _, own = text[1:].partition("]")
        own = own.removeprefix(":")
    else:
        name, _, own = text.partition(":")
    # The resolver and the socket raise what says nothing of the URL, and not the errors of connecting.
    name.encode("idna")
    port = int(own) if own else port
    if port not in _PORTS:
        raise ValueError("no port")
    return Host(name=name, port=port)


def _timeout(text: str) -> timedelta | None:
    """Return what `connect_timeout` says, where 0 and less are libpq's words for the default, or None if invalid."""
    try:
        seconds = int(text or "0")
    except ValueError:
        return None
    return timedelta(seconds=seconds) if 0 < seconds < 86_400 else DEFAULT_TIMEOUT
