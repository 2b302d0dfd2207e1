"""What the bot's work in the background needs, where nothing of it reaches Discord."""

from __future__ import annotations

from datetime import timedelta

import discord
from prometheus_client import CollectorRegistry

from bot.delivery.context import DeliveryContext
from bot.metrics import create_bot_metrics
from bot.store.deliveries import BotInstance
from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.objects import Objects


def unconnected_context(database: Database, objects: Objects) -> DeliveryContext:
    """Return the context with a client that is not connected and no buttons."""
    return DeliveryContext(
        client=discord.Client(intents=discord.Intents.none()),
        buttons=(),
        database=database,
        objects=objects,
        instance=BotInstance(id=new_id(), lease=timedelta(seconds=15)),
        metrics=create_bot_metrics(CollectorRegistry()),
    )
