#!/usr/bin/env bash
# discord.py 2.7.1, seen 2026-11-28.
#
# The latency of a shard is the time from a heartbeat to its acknowledgement. discord.py notes the time of the heartbeat
# in a thread of its own, after that has been told that the event loop has sent it (`KeepAliveHandler.run`). An
# acknowledgement that the event loop handles before the thread goes on is measured from the heartbeat before: one whole
# interval too long. With Discord's interval of 41.25 seconds it then warns "Can't keep up, shard ID 0 websocket is
# 41.3s behind", though nothing is. A gateway on the same machine is quick enough, or a thread that waits for a processor
# for as long as a round trip takes.
#
# Here the acknowledgement is handled as soon as the heartbeat is sent, with an interval of one second.
#
# Output seen:
#   latencies of heartbeats that were acknowledged at once: 1.0 s, 1.0 s, 1.0 s
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check discord.py==2.7.1
venv/bin/python -W ignore - <<'PYTHON'
import asyncio
import sys
import threading

from discord.gateway import KeepAliveHandler


class Socket:
    HEARTBEAT = 1
    sequence = None
    _max_heartbeat_timeout = 60.0

    def __init__(self):
        self.loop, self.thread_id = asyncio.get_running_loop(), threading.get_ident()
        self.keep_alive = KeepAliveHandler(ws=self, interval=1.0, shard_id=0)
        self.latencies, self.done = [], asyncio.Event()

    async def send_heartbeat(self, payload):
        # What DiscordWebSocket.received_message does with HEARTBEAT_ACK.
        self.keep_alive.tick()
        self.keep_alive.ack()
        self.latencies.append(self.keep_alive.latency)
        if len(self.latencies) == 3:
            self.keep_alive.stop()
            self.done.set()


async def main():
    socket = Socket()
    socket.keep_alive.start()
    await asyncio.wait_for(socket.done.wait(), 30)
    listed = ", ".join(f"{latency:.1f} s" for latency in socket.latencies)
    print(f"latencies of heartbeats that were acknowledged at once: {listed}")
    return int(min(socket.latencies) < 0.5)


sys.exit(asyncio.run(main()))
PYTHON
