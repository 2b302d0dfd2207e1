"""Whether registered captioners can be used on this machine, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.contract.errors import EaselError
from engine.models.recorded_hashes import record_hash
from engine.models.registry.captioners import Captioner
from engine.models.registry.registry import SHIPPED, Registry


@dataclass(frozen=True, kw_only=True)
class CaptionerStatus:
    """The state of a registered captioner on this machine.

    size_bytes, sha256: size of its folder and hash of its files. error: why it cannot be used; None if it can.
    """

    captioner: Captioner
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None


def captioner_statuses(registry: Registry) -> Iterator[CaptionerStatus]:
    """Yield the state of each captioner: whether its files are there, match their hash, load, and write a caption."""
    for captioner in registry.captioners.values():
        yield _status(captioner)


def _status(captioner: Captioner) -> CaptionerStatus:
    # Imports torch, which a file without captioners does not need.
    import torch
    from PIL import Image

    from engine.models.loading.captioner import load_captioner

    try:
        loaded = load_captioner(captioner, torch.device("cpu"))
        loaded.captions(Image.new("RGB", (64, 64)), 1)
    except EaselError as error:
        return CaptionerStatus(captioner=captioner, error=error)
    size_bytes = sum(path.stat().st_size for path in captioner.folder.glob("*"))
    return CaptionerStatus(captioner=captioner, size_bytes=size_bytes, sha256=loaded.sha256)


def record_captioner_hash(registry: Registry, status: CaptionerStatus) -> None:
    """Write the captioner's current hash into the operator's file, unless the file has one already."""
    if status.sha256 is not None and status.captioner.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, status.captioner.name, status.sha256, table="captioners")
