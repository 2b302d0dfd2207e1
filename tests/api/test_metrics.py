"""What the API tells Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from api.metrics import STATUSES, create_api_metrics
from api.routes import ROUTES, route_names


def test_every_series_is_there_from_the_start() -> None:
    """An alert on a series that is not there yet compares nothing, and never fires."""
    registry = CollectorRegistry()
    metrics = create_api_metrics(registry, route_names())
    for route in route_names():
        assert registry.get_sample_value("easel_api_answer_seconds_count", {"route": route}) == 0
        for status in STATUSES:
            assert registry.get_sample_value("easel_api_answers_total", {"route": route, "status": status}) == 0
    assert registry.get_sample_value("easel_api_streams_open") == 0

    (name,) = (route.name for route in ROUTES if route.path == "/v1/models")
    for answered in (200, 429, None):
        with metrics.measured(name) as request:
            assert registry.get_sample_value("easel_api_requests_open") == 1
            request.status = answered
    assert registry.get_sample_value("easel_api_answer_seconds_count", {"route": name}) == 3
    for label in ("2xx", "429", "gone"):
        assert registry.get_sample_value("easel_api_answers_total", {"route": name, "status": label}) == 1
    assert registry.get_sample_value("easel_api_requests_open") == 0
