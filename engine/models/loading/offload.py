"""Offloading for models that do not fit on the device: parts stay in main memory and are on the device while used.

The device holds one part at a time. A part that does not fit even alone is moved layer by layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from accelerate.hooks import ModelHook, add_hook_to_module
from accelerate.utils import send_to_device
from diffusers.hooks import apply_group_offloading

_AWAY = torch.device("cpu")


class DeviceSlot:
    """Holds at most one part on the device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.part: torch.nn.Module | None = None

    def onload(self, part: torch.nn.Module | None) -> None:
        """Move `part` onto the device and the previous part off it first; None leaves the device empty."""
        if part is self.part:
            return
        if self.part is not None:
            self.part.to(_AWAY)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
        self.part = part if part is None else part.to(self.device)


def move_to_device(pipe: Any, device: torch.device, budget_bytes: int | None) -> None:
    """Move a pipeline onto the device: whole if it fits the budget, else each part while it is used.

    budget_bytes: bytes that its weights can take on the device; None for no limit.

    An offloaded pipeline starts with its decoder on the device, because the next step is to query it.
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
    """Return whether `move_to_device` offloads the pipeline: whether its weights take more than `budget_bytes`."""
    return budget_bytes is not None and sum(map(weight_bytes, torch_modules(pipe))) > budget_bytes


def bytes_on_device(pipe: Any, budget_bytes: int | None) -> int:
    """Return the peak bytes of a pipeline's weights on the device after `move_to_device`.

    An offloaded pipeline takes the bytes of the largest part that fits the budget; larger parts are not counted.
    """
    sizes = [weight_bytes(part) for part in torch_modules(pipe)]
    if budget_bytes is None or not is_offloaded(pipe, budget_bytes):
        return sum(sizes)
    return max((size for size in sizes if size <= budget_bytes), default=0)


def torch_modules(pipe: Any) -> Sequence[torch.nn.Module]:
    """Return the parts of a pipeline that have weights."""
    return [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]


def weight_bytes(part: torch.nn.Module) -> int:
    """Return the bytes of a part's parameters, each in its own dtype; buffers are not counted."""
    return sum(weight.numel() * weight.element_size() for weight in part.parameters())


class _OnloadHook(ModelHook):  # type: ignore[misc]
    """Moves its part onto the device before the part is used."""

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
