"""The engine's Prometheus metrics."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The engine's instruments.

    jobs: jobs that this engine has ended, by outcome: finished, failed, returned or lost.
    running: jobs that this engine is running.
    waiting: jobs that wait for any engine, as last counted.
    seconds: from a job's start to its end.
    """

    jobs: Counter
    running: Gauge
    waiting: Gauge
    seconds: Histogram


def create_metrics(registry: CollectorRegistry) -> Metrics:
    """Return instruments that `registry` collects."""
    return Metrics(
        jobs=Counter("easel_jobs", "Jobs that this engine has ended, by outcome", ["outcome"], registry=registry),
        running=Gauge("easel_jobs_running", "Jobs that this engine is running", registry=registry),
        waiting=Gauge("easel_jobs_waiting", "Jobs that wait for any engine", registry=registry),
        seconds=Histogram(
            "easel_job_seconds",
            "Seconds from a job's start to its end",
            buckets=(0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300),
            registry=registry,
        ),
    )
