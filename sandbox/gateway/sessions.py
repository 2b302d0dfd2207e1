"""Gateway sessions and their sent events, so that a client can resume after losing its socket."""

import json
import secrets
from collections import deque
from collections.abc import Callable, Iterator

from sandbox.state.flags import Intents
from sandbox.state.records import Json

REPLAYED_EVENTS = 2000
KEPT_SESSIONS = 64


class Session:
    """One client's session on one shard. `send` is set while a socket is attached."""

    def __init__(self, *, intents: Intents, shard: tuple[int, int]) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.send: Callable[[str], None] | None = None
        self._sent: deque[tuple[int, str]] = deque(maxlen=REPLAYED_EVENTS)

    def covers(self, guild_id: int | None) -> bool:
        """Tell whether a guild's events belong to this shard; None stands for direct messages."""
        number, count = self.shard
        return number == (guild_id >> 22) % count if guild_id else number == 0

    def dispatch(self, kind: str, data: Json) -> None:
        """Send an event, or keep it for a resume when no socket is attached."""
        self.sequence += 1
        text = json.dumps({"op": 0, "s": self.sequence, "t": kind, "d": data})
        self._sent.append((self.sequence, text))
        if self.send:
            self.send(text)

    def can_replay(self, sequence: int) -> bool:
        """Tell whether every event after `sequence` is still stored."""
        oldest = self._sent[0][0] if self._sent else self.sequence + 1
        return oldest - 1 <= sequence <= self.sequence

    def replay(self, sequence: int) -> None:
        """Resend every event after `sequence`, then RESUMED."""
        for number, text in tuple(self._sent):
            if number > sequence and self.send:
                self.send(text)
        self.dispatch("RESUMED", {})


class Sessions:
    """All sessions that can be resumed."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._by_id.values()))

    def open(self, *, intents: Intents, shard: tuple[int, int]) -> Session:
        """Return a new session and remove the oldest detached ones above the limit."""
        session = Session(intents=intents, shard=shard)
        self._by_id[session.id] = session
        detached = [other for other in self if other.send is None and other is not session]
        for old in detached[: max(0, len(detached) - KEPT_SESSIONS)]:
            self.remove(old.id)
        return session

    def get(self, session_id: str) -> Session | None:
        """Return a session, None when it is unknown."""
        return self._by_id.get(session_id)

    def remove(self, session_id: str) -> None:
        """Remove a session, so that it cannot be resumed."""
        self._by_id.pop(session_id, None)
