"""Whether registered upscalers can be used on this machine, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.contract.errors import EaselError
from engine.models.recorded_hashes import record_hash
from engine.models.registry.registry import SHIPPED, Registry
from engine.models.registry.upscalers import Upscaler


@dataclass(frozen=True, kw_only=True)
class UpscalerStatus:
    """The state of a registered upscaler on this machine.

    scale: how many times as wide and high its pictures are; size_bytes, sha256: size and hash of its file.
    error: why it cannot be used; None if it can.
    """

    upscaler: Upscaler
    scale: int = 0
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None


def upscaler_statuses(registry: Registry) -> Iterator[UpscalerStatus]:
    """Yield the state of each upscaler: whether its file is there, matches its hash and is an ESRGAN's."""
    for upscaler in registry.upscalers.values():
        yield _status(upscaler)


def _status(upscaler: Upscaler) -> UpscalerStatus:
    # Imports torch, which a file without upscalers does not need.
    import torch

    from engine.models.loading.upscaler import load_upscaler

    try:
        loaded = load_upscaler(upscaler, torch.device("cpu"))
    except EaselError as error:
        return UpscalerStatus(upscaler=upscaler, error=error)
    size_bytes = upscaler.file.stat().st_size
    return UpscalerStatus(upscaler=upscaler, scale=loaded.network.scale, size_bytes=size_bytes, sha256=loaded.sha256)


def record_upscaler_hash(registry: Registry, status: UpscalerStatus) -> None:
    """Write the upscaler's current hash into the operator's file, unless the file has one already."""
    if status.sha256 is not None and status.upscaler.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, status.upscaler.name, status.sha256, table="upscalers")
