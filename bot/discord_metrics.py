"""What Prometheus is told of the connection to Discord: every shard of the gateway, and the answers to requests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import discord
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

TOO_MANY = 429
CLASSES = ("2xx", "4xx", "429", "5xx")
"""The labels of answers: 429, of which too many lead to a ban, is not among 4xx. Discord does not redirect."""


def trace_answers(registry: CollectorRegistry) -> aiohttp.TraceConfig:
    """Return what counts Discord's answers to requests while discord.py sends them."""
    answers = Counter(
        "easel_discord_answers", "Discord's answers to requests, by class of status", ["status"], registry=registry
    )
    for label in CLASSES:
        answers.labels(label)

    async def count(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        answers.labels(status_label(end.response.status)).inc()

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(count)
    return trace


def status_label(status: int) -> str:
    """Return the label of answers with this status."""
    return "429" if status == TOO_MANY else f"{status // 100}xx"


@dataclass(frozen=True, kw_only=True, eq=False)
class GatewayMetrics(Collector):
    """Yields the state of every shard, and how many servers have the bot."""

    client: discord.AutoShardedClient

    def collect(self) -> Iterator[Metric]:
        """Yield every series; the latency of a shard that was not heard of yet is left out."""
        up = GaugeMetricFamily("easel_discord_gateway_up", "Whether the shard is connected", labels=["shard"])
        latency = GaugeMetricFamily(
            "easel_discord_gateway_latency_seconds", "From a heartbeat to its answer", labels=["shard"]
        )
        for shard in self.client.shards.values():
            up.add_metric([str(shard.id)], float(not shard.is_closed()))
            if math.isfinite(shard.latency):
                latency.add_metric([str(shard.id)], shard.latency)
        yield from (up, latency)
        yield GaugeMetricFamily("easel_discord_servers", "Servers that have the bot", value=len(self.client.guilds))
