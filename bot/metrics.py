"""What the bot counts for Prometheus; a registry of its own, so that nothing is global."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)


class Metrics:
    """The bot's figures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "easel_bot_answers",
            "Interactions answered, by name and outcome",
            ["name", "outcome"],
            registry=self.registry,
        )
        self.answer_seconds = Histogram(
            "easel_bot_answer_seconds",
            "From an interaction's arrival to its answer",
            ["name"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.edits = Counter(
            "easel_bot_messages", "Messages shown or tried, by outcome", ["outcome"], registry=self.registry
        )
        self.closed = Counter(
            "easel_bot_deliveries_closed", "Deliveries ended, by state", ["state"], registry=self.registry
        )
        self.open = Gauge("easel_bot_deliveries_open", "Deliveries this process holds", registry=self.registry)

    def text(self) -> bytes:
        """Return the figures in Prometheus' text format."""
        return generate_latest(self.registry)
