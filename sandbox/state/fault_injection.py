"""Faults that tests inject: which requests fail, how, and how often. The REST middleware applies them."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, Required, TypedDict, get_args

FaultKind = Literal["status", "rate_limit", "slow", "refuse", "lose_answer"]


@dataclass(frozen=True, kw_only=True)
class InjectedFault:
    """A failure of the next `count` requests that match `route`; None for all of them.

    route: method and path below `/api/v10`, `*` for one part and `**` for any number: `PATCH /channels/*/messages/*`;
    `GET /socket` is the Gateway's socket. kind: `status` responds with `status` and does nothing; `rate_limit` responds
    429 with `retry_after`, for all routes when `is_global`; `slow` waits `delay` before handling; `refuse` closes
    the connection and does nothing; `lose_answer` handles the request and closes the connection without responding.
    """

    route: str
    kind: FaultKind
    count: int | None = 1
    status: int = 500
    retry_after: timedelta = timedelta(milliseconds=200)
    is_global: bool = False
    delay: timedelta = timedelta(seconds=1)


class FaultOptions(TypedDict, total=False):
    """The fields of `InjectedFault` except `route`, as keyword arguments."""

    kind: Required[FaultKind]
    count: int | None
    status: int
    retry_after: timedelta
    is_global: bool
    delay: timedelta


class Faults:
    """The active faults, oldest first."""

    def __init__(self) -> None:
        self._on: list[tuple[re.Pattern[str], InjectedFault]] = []

    def add(self, fault: InjectedFault) -> None:
        """Add a fault."""
        self._on.append((_pattern_from_route(fault.route), fault))

    def clear(self) -> None:
        """Remove every fault."""
        self._on.clear()

    def take(self, method: str, path: str) -> InjectedFault | None:
        """Return the first fault that matches a request and count the use; None when none matches."""
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
    """Return the fault described by a JSON object; durations are in seconds.

    Raises: ValueError with a message when the object is invalid.
    """
    if not isinstance(body, dict) or body.get("kind") not in get_args(FaultKind) or not body.get("route"):
        raise ValueError(f"A fault needs a route and one of these kinds: {', '.join(get_args(FaultKind))}.")
    return InjectedFault(
        route=str(body["route"]),
        kind=body["kind"],
        count=body.get("count", 1),
        status=int(body.get("status", 500)),
        retry_after=timedelta(seconds=float(body.get("retry_after", 0.2))),
        is_global=bool(body.get("global", False)),
        delay=timedelta(seconds=float(body.get("delay", 1))),
    )
