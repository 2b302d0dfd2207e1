"""discord.py's heartbeat, with its latency measured from before the heartbeat is sent.

discord.py notes the time of sending in the thread that keeps the connection alive, once that is told that the event
loop has sent it. A gateway on the same machine has acknowledged it by then: discord.py takes the time since the
heartbeat before, and warns of a websocket that is 41 seconds behind. With the real Discord it takes a machine that
keeps the thread waiting for as long as a round trip. See findings/discord-measures-latency-from-the-last-heartbeat.sh.
"""

from __future__ import annotations

import time
from typing import Any

import discord.gateway
from discord.gateway import KeepAliveHandler


class PunctualKeepAlive(KeepAliveHandler):
    """Notes the time of sending before the heartbeat is handed over."""

    def get_payload(self) -> dict[str, Any]:
        """Return the heartbeat to send now."""
        self._last_send = time.perf_counter()
        return super().get_payload()


def install_keep_alive() -> None:
    """Let every connection of this process use it; discord.py has no other way to choose it."""
    discord.gateway.KeepAliveHandler = PunctualKeepAlive  # type: ignore[misc]
