"""A bound on the memory of the machine that painting may take, so that a job fails and not the whole machine.

Without one, a job that takes ever more (a text padded without end, pictures beyond all measure) ends with the kernel
killing processes, Postgres among them.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

_PROC, _CGROUP = Path("/proc"), Path("/sys/fs/cgroup")
# Of what is available; the rest is left to others, who may need more meanwhile.
_SHARE = 0.9
_SECONDS = 1.0
# The number in `statm` of the pages of data, those of the stack included.
_DATA = 5
_NUMBERS = count()


class HostMemoryBound:
    """Bounds what the process allocates; beyond it, allocations fail in the thread that makes them.

    Several bounds may hold at once, and the widest counts. Use it from one thread.
    """

    def __init__(self, most_bytes: int | None = None, *, is_offloading: bool = False) -> None:
        """Bound it to `most_bytes`; None for nine tenths of what is available.

        is_offloading: whether parts of models may come back from a card, so that what is available changes quickly.
        """
        self._given, self._is_offloading = most_bytes, is_offloading
        self._most_bytes, self._read_time = most_bytes, -_SECONDS
        self._limits: dict[int, int] = {}
        self._before = resource.getrlimit(resource.RLIMIT_DATA)

    @contextmanager
    def bounded(self, mapped_bytes: int | None = None) -> Iterator[None]:
        """Let allocations fail, with MemoryError or torch's error for it, that exceed the bound; see `begin`."""
        number = self.begin(mapped_bytes)
        try:
            yield
        finally:
            self.end(number)

    def begin(self, mapped_bytes: int | None = None) -> int:
        """Begin to bound memory, until `end` of the number that is returned.

        Where the system does not say how much there is, nothing is bounded.

        mapped_bytes: for a load, the bytes of its files: they may be mapped, which counts and takes no memory. None for
            a step, for which what was available a second ago is good enough.
        """
        number = next(_NUMBERS)
        most_bytes, in_use = self._bound(is_fresh=mapped_bytes is not None), _data_bytes()
        if most_bytes is not None and in_use is not None:
            if not self._limits:
                self._before = resource.getrlimit(resource.RLIMIT_DATA)
            self._limits[number] = in_use + most_bytes + (mapped_bytes or 0)
            self._apply()
        return number

    def end(self, number: int) -> None:
        """End one bound; nothing happens if it has ended."""
        if self._limits.pop(number, None) is not None:
            self._apply()

    def _apply(self) -> None:
        soft, hard = self._before
        known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        widest = min([max(self._limits.values()), *known]) if self._limits else soft
        resource.setrlimit(resource.RLIMIT_DATA, (widest, hard))

    def _bound(self, *, is_fresh: bool) -> int | None:
        """Return the bound in bytes; what is available is read once a second, which takes a tenth of a millisecond."""
        is_fresh = is_fresh or self._is_offloading or time.monotonic() - self._read_time >= _SECONDS
        if self._given is None and is_fresh:
            available = available_bytes()
            self._most_bytes = None if available is None else int(available * _SHARE)
            self._read_time = time.monotonic()
        return self._most_bytes


def _data_bytes() -> int | None:
    """Return the bytes of the process that its limit counts; None if unknown."""
    with suppress(OSError, ValueError):
        return int((_PROC / "self" / "statm").read_text().split()[_DATA]) * resource.getpagesize()
    return None


def available_bytes(proc: Path = _PROC, cgroup: Path = _CGROUP) -> int | None:
    """Return the bytes that this process can take before the machine or its container is full; None if unknown."""
    known = [_kibibytes(proc / "meminfo", "MemAvailable"), _left_in_container(cgroup)]
    return min((one for one in known if one is not None), default=None)


def _left_in_container(cgroup: Path) -> int | None:
    """Return what a container's limit leaves; files that are cached count as free."""
    with suppress(OSError, ValueError):
        limit, used = (int((cgroup / f"memory.{name}").read_text()) for name in ("max", "current"))
        cached = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())["inactive_file"]
        return max(0, limit - used + int(cached))
    return None


def _kibibytes(file: Path, name: str) -> int | None:
    """Return the bytes in a line such as `MemAvailable:  123 kB`."""
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None
