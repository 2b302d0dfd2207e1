"""Rate limits like Discord's: one bucket per route and major parameters, and one global bucket."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.state.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Limit:
    requests: int
    window: timedelta


@dataclass(frozen=True, kw_only=True)
class RateLimitResult:
    """Whether a request is allowed. `headers` belong in the response; `retry_after` is zero for an allowed request."""

    headers: dict[str, str]
    retry_after: timedelta = timedelta(0)
    is_global: bool = False

    @property
    def is_allowed(self) -> bool:
        """Tell whether the request is allowed."""
        return not self.retry_after


@dataclass(frozen=True, kw_only=True)
class _Window:
    started: datetime
    used: int


def _limit(requests: int, seconds: float) -> Limit:
    return Limit(requests=requests, window=timedelta(seconds=seconds))


GLOBAL = _limit(50, 1)
USUAL = _limit(50, 1)
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
LIMITS = {
    "POST /channels/{channel_id}/messages": _limit(5, 5),
    f"PATCH {MESSAGE}": _limit(5, 5),
    f"DELETE {MESSAGE}": _limit(5, 1),
    "POST /channels/{channel_id}/messages/bulk-delete": _limit(1, 1),
    f"PUT {MESSAGE}/reactions/{{emoji_name}}/@me": _limit(1, 0.25),
    f"DELETE {MESSAGE}/reactions/{{emoji_name}}/@me": _limit(1, 0.25),
    "POST /channels/{channel_id}/typing": _limit(5, 5),
    "PUT /applications/{application_id}/commands": _limit(5, 20),
    "PUT /applications/{application_id}/guilds/{guild_id}/commands": _limit(5, 20),
    "POST /webhooks/{webhook_id}/{webhook_token}": _limit(5, 2),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": _limit(5, 2),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": _limit(5, 2),
}
OUTSIDE_GLOBAL = ("/interactions/", "/webhooks/")
KEPT_WINDOWS = 2000


class RateLimits:
    """Counts requests in fixed windows that start with the first request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, route: str, major: str) -> RateLimitResult:
        """Count a request and return whether it is allowed, with its rate limit headers.

        route: method and path template. major: the values of the path's major parameters (channel, guild, webhook).
        """
        bucket = hashlib.md5(route.encode(), usedforsecurity=False).hexdigest()
        if not any(part in route for part in OUTSIDE_GLOBAL):
            wait = self._count("global", "", GLOBAL)[1]
            if wait:
                headers = {"Retry-After": _whole(wait), "X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
                return RateLimitResult(headers=headers, retry_after=wait, is_global=True)
        limit = LIMITS.get(route, USUAL)
        window, wait = self._count(bucket, major, limit)
        headers = self._headers(bucket, limit, window)
        if wait:
            headers |= {"Retry-After": _whole(wait), "X-RateLimit-Scope": "user"}
        return RateLimitResult(headers=headers, retry_after=wait)

    def _count(self, bucket: str, major: str, limit: Limit) -> tuple[_Window, timedelta]:
        now = self._clock.now()
        window = self._windows.get((bucket, major))
        if window is None or now >= window.started + limit.window:
            window = _Window(started=now, used=0)
        if window.used >= limit.requests:
            return window, window.started + limit.window - now
        window = _Window(started=window.started, used=window.used + 1)
        self._windows[bucket, major] = window
        if len(self._windows) > KEPT_WINDOWS:
            self._forget_oldest()
        return window, timedelta(0)

    def _forget_oldest(self) -> None:
        for key in list(self._windows)[: KEPT_WINDOWS // 2]:
            del self._windows[key]

    def _headers(self, bucket: str, limit: Limit, window: _Window) -> dict[str, str]:
        reset = window.started + limit.window
        return {
            "X-RateLimit-Limit": str(limit.requests),
            "X-RateLimit-Remaining": str(limit.requests - window.used),
            "X-RateLimit-Reset": f"{reset.timestamp():.3f}",
            "X-RateLimit-Reset-After": f"{(reset - self._clock.now()).total_seconds():.3f}",
            "X-RateLimit-Bucket": bucket,
        }


def _whole(wait: timedelta) -> str:
    return str(math.ceil(wait.total_seconds()))
