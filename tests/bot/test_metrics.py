"""What the bot exports before anything has happened."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from bot.metrics import create_bot_metrics


def test_every_series_is_there_from_the_start() -> None:
    """A rate over one that only comes with the first event misses that event."""
    registry = CollectorRegistry()
    create_bot_metrics(registry, ["imagine"])
    assert [metric.name for metric in registry.collect() if not metric.samples] == []
