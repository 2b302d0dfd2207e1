"""The engine's Prometheus metrics; every series is there from the start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from engine.contract import errors
from engine.contract.painting import PaintedPictures, PaintResult

OUTCOMES = ("finished", "failed", "returned", "lost")

_KINDS = (kind for kind in vars(errors).values() if isinstance(kind, type))
CAUSES = tuple(sorted(kind.__name__ for kind in _KINDS if issubclass(kind, errors.EaselError)))
"""The names of the errors that a job may fail with; all others are counted as `OTHER`."""

OTHER = "other"

STEP_RANGES = ((10, "1-10"), (25, "11-25"), (50, "26-50"))
"""The largest number of steps of each range, and its label."""

MANY_STEPS = "51+"

_SECONDS = (0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The engine's instruments.

    jobs: jobs that this engine has ended, by outcome: finished, failed, returned to the queue, or lost to another.
    failures: jobs that failed for good, by the error that they failed with.
    running: jobs that this engine is running.
    seconds: from a job's start to its end.
    picture_seconds: from a job's start to its painted pictures, divided by their number, by model and steps.
    """

    jobs: Counter
    failures: Counter
    running: Gauge
    seconds: Histogram
    picture_seconds: Histogram


def create_metrics(registry: CollectorRegistry, models: Iterable[str] = ()) -> Metrics:
    """Return instruments that `registry` collects; `models` are the names of those that the engine has."""
    metrics = Metrics(
        jobs=Counter("easel_jobs", "Jobs that this engine has ended, by outcome", ["outcome"], registry=registry),
        failures=Counter("easel_job_failures", "Jobs that failed for good, by error", ["cause"], registry=registry),
        running=Gauge("easel_jobs_running", "Jobs that this engine is running", registry=registry),
        seconds=Histogram(
            "easel_job_seconds", "Seconds from a job's start to its end", buckets=_SECONDS, registry=registry
        ),
        picture_seconds=Histogram(
            "easel_picture_seconds",
            "Seconds from a job's start to its painted pictures, for each picture, by model and steps",
            ["model", "steps"],
            buckets=_SECONDS,
            registry=registry,
        ),
    )
    for outcome in OUTCOMES:
        metrics.jobs.labels(outcome)
    for cause in (*CAUSES, OTHER):
        metrics.failures.labels(cause)
    for model, steps in product(models, (*(label for _, label in STEP_RANGES), MANY_STEPS)):
        metrics.picture_seconds.labels(model, steps)
    return metrics


def count_failure(metrics: Metrics, error: Exception) -> None:
    """Count a job that failed for good."""
    name = type(error).__name__
    metrics.failures.labels(name if name in CAUSES else OTHER).inc()


def observe_pictures(metrics: Metrics, result: PaintResult, seconds: float) -> None:
    """Record how long the pictures of a job took, if these are what it painted."""
    if isinstance(result, PaintedPictures) and result.pictures:
        recipe = result.pictures[0].recipe
        labels = str(recipe.get("model")), steps_label(int(recipe.get("steps", 0)))
        metrics.picture_seconds.labels(*labels).observe(seconds / len(result.pictures))


def steps_label(steps: int) -> str:
    """Return the label of the range that the number of steps is in."""
    return next((label for most, label in STEP_RANGES if steps <= most), MANY_STEPS)
