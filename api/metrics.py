"""What the API counts of its work, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

_STATUSES = ("2xx", "3xx", "4xx", "429", "5xx", "gone")


@dataclass(kw_only=True)
class MeasuredRequest:
    """A request under way; its status is None until it is answered, and stays so if the client hangs up."""

    status: int | None = None


@dataclass(frozen=True, kw_only=True)
class ApiMetrics:
    """The API's instruments.

    answers: requests answered, by address and status; `gone` for those whose client has hung up.
    open: requests that are being answered.
    """

    answers: Counter
    open: Gauge

    @contextmanager
    def measured(self, route: str) -> Iterator[MeasuredRequest]:
        """Count the request that the block answers."""
        request = MeasuredRequest()
        with self.open.track_inprogress():
            try:
                yield request
            finally:
                self.answers.labels(route=route, status=_label(request.status)).inc()


def create_api_metrics(registry: CollectorRegistry, routes: Iterable[str]) -> ApiMetrics:
    """Return instruments that `registry` collects, with every series of these routes."""
    metrics = ApiMetrics(
        answers=Counter(
            "easel_api_answers", "Requests answered, by address and status", ["route", "status"], registry=registry
        ),
        open=Gauge("easel_api_requests_open", "Requests that are being answered", registry=registry),
    )
    for route in routes:
        for status in _STATUSES:
            metrics.answers.labels(route=route, status=status)
    return metrics


def _label(status: int | None) -> str:
    if status is None:
        return "gone"
    return "429" if status == 429 else f"{status // 100}xx"
