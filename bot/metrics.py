"""What a bot counts of its work, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.delivery.outcomes import OUTCOME_LABELS
from bot.store.tables import DeliveryState
from engine.contract.queue_state import QueueState

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)


@dataclass(frozen=True, kw_only=True)
class BotMetrics:
    """The bot's instruments.

    answers: interactions answered, by name and outcome.
    answer_seconds: from an interaction's arrival to its answer, by name.
    messages: messages sent or edited, and failed attempts, by outcome.
    closed: deliveries closed, by state.
    open: deliveries that this process holds.
    queue: what is in the queue of all engines together.
    """

    answers: Counter
    answer_seconds: Histogram
    messages: Counter
    closed: Counter
    open: Gauge
    queue: QueueGauges


@dataclass(frozen=True, kw_only=True)
class QueueGauges:
    """The queue of all engines, measured by the bot: jobs waiting and running, and the age of the oldest waiting."""

    waiting: Gauge
    running: Gauge
    oldest_seconds: Gauge


def create_bot_metrics(registry: CollectorRegistry, names: Iterable[str] = ()) -> BotMetrics:
    """Return instruments that `registry` collects; `names` are those of the commands and verbs."""
    metrics = BotMetrics(
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
        queue=QueueGauges(
            waiting=Gauge("easel_queue_waiting", "Jobs that wait for any engine", registry=registry),
            running=Gauge("easel_queue_running", "Jobs that any engine is running", registry=registry),
            oldest_seconds=Gauge(
                "easel_queue_oldest_seconds", "Age of the oldest waiting job, 0 without any", registry=registry
            ),
        ),
    )
    for name in names:
        metrics.answers.labels(name=name, outcome="done")
        metrics.answer_seconds.labels(name=name)
    for outcome in OUTCOME_LABELS.values():
        metrics.messages.labels(outcome=outcome)
    for state in DeliveryState:
        metrics.closed.labels(state=state.value)
    return metrics


def show_queue(queue: QueueGauges, state: QueueState) -> None:
    """Set the gauges to what is in the queue."""
    queue.waiting.set(state.num_waiting)
    queue.running.set(state.num_running)
    age = datetime.now(UTC) - state.waiting_since if state.waiting_since else timedelta(0)
    queue.oldest_seconds.set(max(age, timedelta(0)).total_seconds())
