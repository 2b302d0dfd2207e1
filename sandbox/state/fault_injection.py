"""Faults that tests switch on: which requests go wrong, how, and how often. Carrying them out is the server's part."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, Required, TypedDict, get_args

FaultKind = Literal["status", "rate_limit", "slow", "refuse", "lose_answer"]


@dataclass(frozen=True, kw_only=True)
class InjectedFault:
    """What goes wrong with the next `count` requests that match `route`; None for all of them.

    route: method and path below `/api/v10`, `*` for one part and `**` for any number: `PATCH /channels/*/messages/*`;
    `GET /socket` is the Gateway's socket. kind: `status` answers `status` without doing anything; `rate_limit` answers
    429 with `retry_after`, for all routes when `is_global`; `slow` waits `delay` before it does the work; `refuse` cuts
    the connection without doing anything; `lose_answer` does the work and cuts the connection instead of answering.
    """

    route: str
    kind: FaultKind
    count: int | None = 1
    status: int = 500
    retry_after: timedelta = timedelta(milliseconds=200)
    is_global: bool = False
    delay: timedelta = timedelta(seconds=1)


class FaultOptions(TypedDict, total=False):
    """The fields of `InjectedFault` but its route, for functions that take them by name."""

    kind: Required[FaultKind]
    count: int | None
    status: int
    retry_after: timedelta
    is_global: bool
    delay: timedelta


class Faults:
    """The faults that are switched on, in the order in which they were."""

    def __init__(self) -> None:
        self._on: list[tuple[re.Pattern[str], InjectedFault]] = []

    def add(self, fault: InjectedFault) -> None:
        """Add a fault after those already on."""
        self._on.append((_pattern_from_route(fault.route), fault))

    def clear(self) -> None:
        """Remove every fault."""
        self._on.clear()

    def take(self, method: str, path: str) -> InjectedFault | None:
        """Return the first fault that a request meets, and count it; None when it meets none."""
        request = f"{method} {path}"
        for index, (pattern, fault) in enumerate(self._on):
            if pattern.fullmatch(request):
                self._count(index, pattern, fault)
                return fault
        return None

    def _count(self, index: int, pattern: re.Pattern[str], fault: InjectedFault) -> None:
        if fault.count is None:
            return
        if fault.count <= 1:
            del self._on[index]
        else:
            self._on[index] = (pattern, replace(fault, count=fault.count - 1))


def _pattern_from_route(route: str) -> re.Pattern[str]:
    text = re.escape(route).replace(r"\*\*", ".*").replace(r"\*", "[^/ ]+")
    return re.compile(text)


def fault_from_json(body: Any) -> InjectedFault:
    """Return the fault that a JSON object describes; durations are seconds.

    Raises: ValueError with a sentence when it describes none.
    """
    if not isinstance(body, dict) or body.get("kind") not in get_args(FaultKind) or not body.get("route"):
        raise ValueError(f"A fault needs a route and a kind out of {', '.join(get_args(FaultKind))}.")
    return InjectedFault(
        route=str(body["route"]),
        kind=body["kind"],
        count=body.get("count", 1),
        status=int(body.get("status", 500)),
        retry_after=timedelta(seconds=float(body.get("retry_after", 0.2))),
        is_global=bool(body.get("global", False)),
        delay=timedelta(seconds=float(body.get("delay", 1))),
    )
