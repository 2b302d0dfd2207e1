"""The device that models run on, chosen with torch alone."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Device:
    """The device that models run on, and the dtype of their weights and activations."""

    device: torch.device
    dtype: torch.dtype


@dataclass(frozen=True, kw_only=True)
class Dtypes:
    """The dtypes of a model's parts: of its decoder, the VAE, and of all others."""

    decoder: torch.dtype
    others: torch.dtype

    def of(self, part: str) -> torch.dtype:
        """Return the dtype of a part by its name in the pipeline."""
        return self.decoder if part == "vae" else self.others


_FIRST_WITH_BFLOAT16 = (8, 0)


def best_device() -> Device:
    """Return the CUDA device if there is one, with the dtype from `dtype_for`, else the CPU with float32.

    CPUs without bfloat16 instructions run its convolutions hundreds of times slower: on one with only AVX2, a 3x3
    convolution took 28.7 s instead of 54 ms.
    """
    if torch.cuda.is_available():
        return Device(device=torch.device("cuda"), dtype=dtype_for(torch.cuda.get_device_capability()))
    return Device(device=torch.device("cpu"), dtype=torch.float32)


def dtype_for(capability: tuple[int, int]) -> torch.dtype:
    """Return the dtype for a CUDA device of this compute capability: bfloat16 from 8.0 on, else float32.

    Older cards (T4, V100, RTX 20xx) only emulate bfloat16. Their float16 is fast, but its range is too small for parts
    of most families (SDXL's decoder; language models and transformers that were trained in bfloat16), which would each
    need another dtype. float32 works for all of them, with twice the memory; `Precision.HALF` is for the others.
    """
    return torch.bfloat16 if capability >= _FIRST_WITH_BFLOAT16 else torch.float32


def memory_budget(device: Device) -> int:
    """Return how many bytes weights can take: `memory_budget_within` on CUDA, half of the machine's memory on a CPU."""
    if device.device.type == "cuda":
        return memory_budget_within(*torch.cuda.mem_get_info(device.device))
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def memory_budget_within(free_bytes: int, total_bytes: int) -> int:
    """Return the bytes that weights can take on a card: max(0, free - total / 5); a fifth of it is kept for pictures.

    With 0, models are offloaded layer by layer.
    """
    return max(0, free_bytes - total_bytes // 5)
