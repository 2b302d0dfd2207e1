"""A registry with the adapters that its file has now, so that what is promoted or taken back needs no restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock

import structlog

from engine.contract.errors import EaselError
from engine.models.registry.registry import Registry, read_registry

Stamp = tuple[int, int, int]

_log = structlog.get_logger(__name__)


class FollowedRegistry:
    """Reads a models file, and its adapters again whenever it has changed; may be shared by threads.

    Models stay as they were at first, since what has loaded them knows them so.
    """

    def __init__(self, path: Path, prepare: Callable[[Registry], Registry] = lambda registry: registry) -> None:
        """Read the file.

        prepare: changes what was read at first.

        Raises: SettingsInvalid, and what `prepare` raises.
        """
        self._path, self._lock = path, Lock()
        # Before it is read: what is written meanwhile is read the next time.
        self._stamp = stamp_of(path)
        self._registry = prepare(read_registry(path))

    def current(self) -> Registry:
        """Return the registry; while the file is not valid, with the adapters that it had before."""
        with self._lock:
            stamp = stamp_of(self._path)
            if stamp != self._stamp:
                self._stamp = stamp
                self._take_over()
            return self._registry

    def _take_over(self) -> None:
        try:
            adapters = read_registry(self._path).adapters
        except EaselError as error:
            _log.warning("models_file_not_read_again", path=str(self._path), cause=str(error))
            return
        self._registry = replace(self._registry, adapters=adapters)


def stamp_of(path: Path) -> Stamp | None:
    """Return what changes whenever the file is replaced or written; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
