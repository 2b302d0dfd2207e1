"""What a bot counts of its work, for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)


@dataclass(frozen=True, kw_only=True)
class BotMetrics:
    """The bot's instruments.

    answers: interactions answered, by name and outcome.
    answer_seconds: from an interaction's arrival to its answer, by name.
    messages: messages sent or edited, and failed attempts, by outcome.
    closed: deliveries closed, by state.
    open: deliveries that this process holds.
    """

    answers: Counter
    answer_seconds: Histogram
    messages: Counter
    closed: Counter
    open: Gauge


def create_bot_metrics(registry: CollectorRegistry) -> BotMetrics:
    """Return instruments that `registry` collects."""
    return BotMetrics(
        answers=Counter(
            "easel_bot_answers", "Interactions answered, by name and outcome", ["name", "outcome"], registry=registry
        ),
        answer_seconds=Histogram(
            "easel_bot_answer_seconds",
            "Seconds from an interaction's arrival to its answer",
            ["name"],
            buckets=_SECONDS,
            registry=registry,
        ),
        messages=Counter(
            "easel_bot_messages",
            "Messages sent or edited, and failed attempts, by outcome",
            ["outcome"],
            registry=registry,
        ),
        closed=Counter("easel_bot_deliveries_closed", "Deliveries closed, by state", ["state"], registry=registry),
        open=Gauge("easel_bot_deliveries_open", "Deliveries that this process holds", registry=registry),
    )
