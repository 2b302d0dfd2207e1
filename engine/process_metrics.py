"""What Prometheus is told of any process of Easel: its connections to Postgres, its picture store, disk and memory.

Read at every scrape, so that nothing has to be counted meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.store.database import Database
from engine.store.objects import Objects


@dataclass(frozen=True, kw_only=True, eq=False)
class ProcessMetrics(Collector):
    """Yields the figures of this process.

    home: the folder whose disk is watched.
    """

    database: Database
    objects: Objects
    home: Path

    def collect(self) -> Iterator[Metric]:
        """Yield every series, also those that are zero."""
        yield from self._stores()
        yield from self._machine()

    def _stores(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily(
            "easel_database_connections", "Open connections to Postgres, by state", labels=["state"]
        )
        in_use, idle = self.database.num_connections
        connections.add_metric(["in_use"], in_use)
        connections.add_metric(["idle"], idle)
        yield connections
        limit = "easel_database_connections_limit", "The most connections to Postgres that this process opens"
        yield GaugeMetricFamily(*limit, value=self.database.max_connections)
        failures = "easel_database_failures", "Transactions for which Postgres was not available"
        yield CounterMetricFamily(*failures, value=self.database.num_failures)
        store = "easel_picture_store_up", "Whether the picture store could be used at the last check"
        yield GaugeMetricFamily(*store, value=float(self.objects.problem is None))
        failures = "easel_picture_store_failures", "Requests for which the picture store was not available"
        yield CounterMetricFamily(*failures, value=self.objects.num_failures)

    def _machine(self) -> Iterator[Metric]:
        disk = shutil.disk_usage(self.home if self.home.exists() else "/")
        yield GaugeMetricFamily("easel_disk_free_bytes", "Free space on the disk of EASEL_HOME", value=disk.free)
        yield GaugeMetricFamily("easel_disk_size_bytes", "Size of the disk of EASEL_HOME", value=disk.total)
        memory = "easel_memory_bytes", "Resident memory of this process and of those that it has started"
        yield GaugeMetricFamily(*memory, value=sum(map(_resident_bytes, _family())))


def register_process_metrics(registry: CollectorRegistry, database: Database, objects: Objects, home: Path) -> None:
    """Let `registry` collect the figures of this process."""
    ProcessCollector(registry=registry)
    registry.register(ProcessMetrics(database=database, objects=objects, home=home))


def _family() -> list[psutil.Process]:
    process = psutil.Process()
    return [process, *process.children(recursive=True)]


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
