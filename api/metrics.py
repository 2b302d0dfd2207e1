"""What the API counts of its work, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Up to the ten minutes that proxies are told to wait for pictures.
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600)
STATUSES = ("2xx", "3xx", "4xx", "429", "5xx", "gone")


@dataclass(kw_only=True)
class MeasuredRequest:
    """A request under way; its status is None until it is answered, and stays so if the client hangs up."""

    status: int | None = None


@dataclass(frozen=True, kw_only=True)
class ApiMetrics:
    """The API's instruments.

    answers: requests answered, by address and status; `gone` for those whose client has hung up.
    seconds: from a request to the end of its answer, painting included. open: requests that are being answered.
    streams: those of them that are answered with events.
    """

    answers: Counter
    seconds: Histogram
    open: Gauge
    streams: Gauge

    @contextmanager
    def measured(self, route: str) -> Iterator[MeasuredRequest]:
        """Count the request that the block answers."""
        request = MeasuredRequest()
        with self.open.track_inprogress(), self.seconds.labels(route=route).time():
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
        seconds=Histogram(
            "easel_api_answer_seconds",
            "Time from a request to the end of its answer",
            ["route"],
            registry=registry,
            buckets=_SECONDS,
        ),
        open=Gauge("easel_api_requests_open", "Requests that are being answered", registry=registry),
        streams=Gauge("easel_api_streams_open", "Requests that are being answered with events", registry=registry),
    )
    for route in routes:
        metrics.seconds.labels(route=route)
        for status in STATUSES:
            metrics.answers.labels(route=route, status=status)
    return metrics


def _label(status: int | None) -> str:
    if status is None:
        return "gone"
    return "429" if status == 429 else f"{status // 100}xx"
