"""How the denoising loop works where there is a choice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """The choices, with a server's values.

    preview_every: least time between two previews of a request.
    decode_pixels: pixels of the pictures decoded at once, four of 512 x 512; a decoder gains little from more.
    longest_load: time a load may go without progress; then painting beside it stops, so that the supervisor sees that
        it hangs.
    host_bytes: memory of the machine that painting may take beyond what is loaded; None for what is available, see
        `HostMemoryBound`.
    """

    preview_every: timedelta = timedelta(seconds=1)
    decode_pixels: int = 4 * 512 * 512
    longest_load: timedelta = timedelta(minutes=10)
    host_bytes: int | None = None
