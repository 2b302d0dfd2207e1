"""The processes that train one adapter together: each works on its share of every batch, and all take the same step.

With the same batches they end where one process does, but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
import torch.distributed as dist
from accelerate import PartialState
from torch import Tensor, nn

from engine.models.loading.device import Device


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The place of this process among them; alone, there is nobody to wait for."""

    index: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is this one that writes files and speaks."""
        return self.index == 0

    def share_of(self, count: int) -> slice:
        """Return which of so many things are for this process; their numbers differ by at most one."""
        return slice(count * self.index // self.size, count * (self.index + 1) // self.size)

    def joined(self, own: Tensor, count: int) -> Tensor:
        """Return the values of all shares in their order, [count]; only through one's own can be learnt."""
        if self.size == 1:
            return own
        share, every = self.share_of(count), own.new_zeros(count)
        every[share] = own.detach()
        dist.all_reduce(every)
        return torch.cat([every[: share.start], own, every[share.stop :]])

    def sum_gradients(self, weights: Iterable[nn.Parameter]) -> None:
        """Give each weight the sum of the gradients that the processes have for it."""
        if self.size == 1:
            return
        for weight in weights:
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
            dist.all_reduce(weight.grad)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            dist.barrier()


ALONE = Crew()


def join_crew(device: Device) -> tuple[Crew, Device]:
    """Return the crew that `accelerate launch` or torchrun has started, and this process's own device.

    Without either, it is alone on `device`.
    """
    state = PartialState(cpu=device.device.type == "cpu")
    if state.num_processes == 1:
        return ALONE, device
    return Crew(index=state.process_index, size=state.num_processes), replace(device, device=state.device)
