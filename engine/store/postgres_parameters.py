"""The parameters of a Postgres URL: which of libpq's asyncpg has, and what is wrong with those that are given."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_CHOICES = MappingProxyType(
    {
        "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
        "sslnegotiation": ("postgres", "direct"),
        "target_session_attrs": ("any", "primary", "standby", "prefer-standby", "read-write", "read-only"),
        "gsslib": ("gssapi", "sspi"),
        "channel_binding": ("disable", "prefer", "require"),
    }
)

_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
_AUTHORITIES = ("sslrootcert", "sslcrl")

# Options of the socket that libpq sets. asyncpg leaves them as they are, and every wait of Easel's has a limit.
_SOCKET_OPTIONS = ("keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "tcp_user_timeout")

# Parameters of libpq that asyncpg does not have, and those of their values that ask for what it does anyway.
# Source: PostgreSQL 18, "Parameter Key Words". What is in no list is a setting of the server, which judges it.
_UNSUPPORTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "client_encoding": ("auto", "utf8", "utf-8", "unicode"),
        "fallback_application_name": (),
        "gssdelegation": ("0",),
        "gssencmode": ("disable", "prefer"),
        "hostaddr": (),
        "load_balance_hosts": ("disable",),
        "max_protocol_version": ("3.0", "latest"),
        "min_protocol_version": ("3.0",),
        "oauth_client_id": (),
        "oauth_client_secret": (),
        "oauth_issuer": (),
        "oauth_scope": (),
        "replication": ("false", "off", "no", "0"),
        "require_auth": (),
        "requirepeer": (),
        "scram_client_key": (),
        "scram_server_key": (),
        "servicefile": (),
        "sslcertmode": ("allow",),
        "sslcompression": ("0",),
        "sslcrldir": (),
        "sslkeylogfile": (),
        "sslsni": ("1",),
    }
)


def find_problems(parameters: Mapping[str, str]) -> list[str]:
    """Return a sentence without its full stop for each parameter that cannot be used as it is."""
    checks = (_wrong_choices, _numbers, _unsupported, _encryption, _files)
    return [problem for check in checks for problem in check(parameters)]


def is_passed_on(key: str) -> bool:
    """Return whether asyncpg is told the parameter; those it is not told ask for what it does anyway."""
    return key not in _UNSUPPORTED and key not in _SOCKET_OPTIONS and key != "channel_binding"


def _wrong_choices(parameters: Mapping[str, str]) -> list[str]:
    return [
        f"{key} must be one of {', '.join(choices)}, not {parameters[key]}"
        for key, choices in _CHOICES.items()
        if parameters.get(key) and parameters[key] not in choices
    ]


def _unsupported(parameters: Mapping[str, str]) -> list[str]:
    names = sorted(
        key
        for key, value in parameters.items()
        if value and key in _UNSUPPORTED and value.lower() not in _UNSUPPORTED[key]
    )
    if not names:
        return []
    verb = "is" if len(names) == 1 else "are"
    return [f"{', '.join(names)} {verb} not supported. Remove {'it' if len(names) == 1 else 'them'} from the URL"]


def _files(parameters: Mapping[str, str]) -> list[str]:
    """Return what is wrong with certificates, keys and password files; the ssl module's errors do not name the file."""
    named = [(key, parameters[key]) for key in _FILES if parameters.get(key) not in (None, "", "system")]
    return [problem for key, path in named if (problem := _file_problem(key, Path(path)))]


def _file_problem(key: str, path: Path) -> str | None:
    if path.is_dir():
        return f"{key} names {path}, which is a folder. Name a file in it"
    if not path.exists():
        return f"{key} names {path}, which does not exist"
    if not os.access(path, os.R_OK):
        return f"cannot read {path}, which {key} names. Let the user that runs Easel read it"
    if key in _AUTHORITIES:
        try:
            ssl.create_default_context(cafile=str(path))
        except ssl.SSLError:
            return f"{key} names {path}, which holds no certificates in PEM format"
    return None


def _encryption(parameters: Mapping[str, str]) -> list[str]:
    """Return what is missing for the security that the URL asks for; nothing less is taken instead."""
    is_verified = parameters.get("sslmode") == "verify-full"
    if parameters.get("channel_binding") == "require" and not is_verified:
        return [
            "channel_binding=require is not supported, and sslmode=verify-full does as much: it checks the server's "
            "certificate. Write sslmode=verify-full&sslrootcert=system instead of sslmode and channel_binding, or "
            "remove channel_binding"
        ]
    needs_root = is_verified or parameters.get("sslmode") == "verify-ca"
    if needs_root and not parameters.get("sslrootcert") and not (Path.home() / ".postgresql" / "root.crt").exists():
        return [
            f"sslmode={parameters['sslmode']} needs sslrootcert: the certificate of the server's authority, or system "
            "for those that this system trusts"
        ]
    return []


def _numbers(parameters: Mapping[str, str]) -> list[str]:
    return [
        f"{key} must be a number" for key in _SOCKET_OPTIONS if parameters.get(key) and not parameters[key].isdecimal()
    ]
