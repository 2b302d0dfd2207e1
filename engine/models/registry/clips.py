"""The CLIP that comes with a model, as something that is loaded beside it to steer what it paints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class GuidingClip:
    """The CLIP in a folder, by the name of its model; `sha256` is the recorded hash of its files, None without one."""

    name: str
    folder: Path
    sha256: str | None
