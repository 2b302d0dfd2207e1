"""A gateway that acknowledges a heartbeat at once is not behind."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import discord.gateway
import pytest

from bot.keep_alive import PunctualKeepAlive


class NearSocket:
    """What the heartbeat needs of a connection."""

    HEARTBEAT = 1
    sequence = 3
    thread_id = 0
    _max_heartbeat_timeout = 60.0


def test_an_acknowledgement_at_once_is_measured_from_its_own_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before discord.py's thread knows that the heartbeat is sent, 41 seconds after the one before."""
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    near: Any = NearSocket()
    keep_alive = PunctualKeepAlive(ws=near, interval=41.25)
    now = 141.25
    assert keep_alive.get_payload() == {"op": 1, "d": 3}
    now = 141.5
    keep_alive.ack()
    assert keep_alive.latency == 0.25


async def test_connections_use_it(bot: asyncio.Task[None]) -> None:
    """Every shard of the running bot keeps its connection alive with it."""
    kept = [thread for thread in threading.enumerate() if isinstance(thread, discord.gateway.KeepAliveHandler)]
    assert kept
    assert all(isinstance(thread, PunctualKeepAlive) for thread in kept)
