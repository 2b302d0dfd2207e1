"""Whether the connection service that a Postgres URL names is there: asyncpg would connect to its default instead."""

from __future__ import annotations

import configparser
import os
from pathlib import Path


def find_service_problem(service: str) -> str | None:
    """Return what is wrong with the service's file, or None when it has the service."""
    file = Path(os.environ.get("PGSERVICEFILE") or Path.home() / ".pg_service.conf")
    if not file.is_file():
        return f"service={service} needs the file {file}, which does not exist. PGSERVICEFILE names another one."
    services = configparser.ConfigParser(interpolation=None)
    try:
        services.read(file)
    except (configparser.Error, UnicodeDecodeError):
        return f"{file} is not a file of connection services."
    return None if service in services else f"{file} has no service named {service}."
