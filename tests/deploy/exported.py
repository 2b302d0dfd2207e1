"""The names of the series that Easel's processes export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import discord
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from api.metrics import create_api_metrics
from api.routes import route_names
from bot.discord_metrics import GatewayMetrics, trace_answers
from bot.metrics import create_bot_metrics
from engine.process_metrics import register_process_metrics
from engine.store.database import Database
from engine.store.objects import Objects
from engine.worker.metrics import create_metrics

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def exported_names(database: Database, objects: Objects) -> frozenset[str]:
    """Return the names of all series of a bot, an engine and an API."""
    registry = CollectorRegistry()
    create_metrics(registry, ["starter"])
    create_bot_metrics(registry)
    create_api_metrics(registry, route_names())
    trace_answers(registry)
    registry.register(GatewayMetrics(client=discord.AutoShardedClient(intents=discord.Intents.none())))
    register_process_metrics(registry, database, objects, Path("/"))
    return frozenset(name for metric in registry.collect() for name in _series_of(metric))


def _series_of(metric: Metric) -> Iterator[str]:
    for suffix in _SUFFIXES[metric.type]:
        yield metric.name + suffix
