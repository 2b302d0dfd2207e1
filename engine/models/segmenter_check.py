"""Whether registered segmenters can be used on this machine, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.contract.errors import EaselError
from engine.models.recorded_hashes import record_hash
from engine.models.registry.registry import SHIPPED, Registry
from engine.models.registry.segmenters import Segmenter


@dataclass(frozen=True, kw_only=True)
class SegmenterStatus:
    """The state of a registered segmenter on this machine.

    size_bytes, sha256: size of its folder and hash of its files. error: why it cannot be used; None if it can.
    """

    segmenter: Segmenter
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None


def segmenter_statuses(registry: Registry) -> Iterator[SegmenterStatus]:
    """Yield the state of each segmenter: whether its files are there, match their hash and are a CLIPSeg's."""
    for segmenter in registry.segmenters.values():
        yield _status(segmenter)


def _status(segmenter: Segmenter) -> SegmenterStatus:
    # Imports torch, which a file without segmenters does not need.
    import torch

    from engine.models.loading.segmenter import load_segmenter

    try:
        loaded = load_segmenter(segmenter, torch.device("cpu"))
    except EaselError as error:
        return SegmenterStatus(segmenter=segmenter, error=error)
    size_bytes = sum(path.stat().st_size for path in segmenter.folder.glob("*"))
    return SegmenterStatus(segmenter=segmenter, size_bytes=size_bytes, sha256=loaded.sha256)


def record_segmenter_hash(registry: Registry, status: SegmenterStatus) -> None:
    """Write the segmenter's current hash into the operator's file, unless the file has one already."""
    if status.sha256 is not None and status.segmenter.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, status.segmenter.name, status.sha256, table="segmenters")
