"""Models that a device cannot hold whole: their parts stay in the machine's memory and are on the device while used.

One part is there at a time; a part that is too large even alone comes layer by layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from accelerate.hooks import ModelHook, add_hook_to_module  # type: ignore[import-untyped]
from accelerate.utils import send_to_device  # type: ignore[import-untyped]
from diffusers.hooks import apply_group_offloading

_AWAY = torch.device("cpu")


class DeviceSlot:
    """The one place on the device, and the part that has it."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.part: torch.nn.Module | None = None

    def onload(self, part: torch.nn.Module | None) -> None:
        """Move `part` onto the device, and what was there off it first; None leaves the device empty."""
        if part is self.part:
            return
        if self.part is not None:
            self.part.to(_AWAY)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
        self.part = part if part is None else part.to(self.device)


def move_to_device(pipe: Any, device: torch.device, budget_bytes: int | None) -> None:
    """Put a pipeline onto the device: whole where it fits the budget, else each part while it is used.

    The decoder is left on the device at first, because whoever takes the pipeline over begins by asking it something.
    """
    if budget_bytes is None or not is_offloaded(pipe, budget_bytes):
        pipe.to(device)
        return
    seat = DeviceSlot(device)
    for part in torch_modules(pipe):
        _add_onload_hook(part, seat, budget_bytes)
    if weight_bytes(pipe.vae) <= budget_bytes:
        seat.onload(pipe.vae)


def is_offloaded(pipe: Any, budget_bytes: int | None) -> bool:
    """Return whether `move_to_device` leaves a pipeline's parts off the device until they are used."""
    return budget_bytes is not None and sum(map(weight_bytes, torch_modules(pipe))) > budget_bytes


def bytes_on_device(pipe: Any, budget_bytes: int | None) -> int:
    """Return the peak bytes of weights that a pipeline has on the device after `move_to_device`."""
    sizes = [weight_bytes(part) for part in torch_modules(pipe)]
    if budget_bytes is None or not is_offloaded(pipe, budget_bytes):
        return sum(sizes)
    return max((size for size in sizes if size <= budget_bytes), default=0)


def torch_modules(pipe: Any) -> Sequence[torch.nn.Module]:
    """Return the parts of a pipeline that have weights."""
    return [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]


def weight_bytes(part: torch.nn.Module) -> int:
    """Return the bytes that the weights of a part take."""
    return sum(weight.numel() * weight.element_size() for weight in part.parameters())


class _OnloadHook(ModelHook):  # type: ignore[misc]
    """Gives the seat to its part before the part is used."""

    def __init__(self, seat: DeviceSlot, part: torch.nn.Module | None) -> None:
        self._seat, self._part = seat, part

    def pre_forward(self, module: torch.nn.Module, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        self._seat.onload(self._part)
        return send_to_device(args, self._seat.device), send_to_device(kwargs, self._seat.device)


def _add_onload_hook(part: torch.nn.Module, seat: DeviceSlot, budget_bytes: int) -> None:
    fits = weight_bytes(part) <= budget_bytes
    if not fits:
        apply_group_offloading(part, onload_device=seat.device, offload_device=_AWAY, offload_type="leaf_level")
    add_hook_to_module(part, _OnloadHook(seat, part if fits else None))
