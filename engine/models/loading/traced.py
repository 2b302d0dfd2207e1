"""Tensors without numbers that know the names they were read from, whatever is converted from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.models.files.weights import header_of

# Names of dtypes in a safetensors header; others are as good as bytes where nothing is computed.
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


class TracedTensor(Tensor):
    """A tensor on the meta device; `origins` are the names of the tensors that it was made from.

    It cannot be moved to another device, since it has no numbers: there it stays what it is.
    """

    origins: frozenset[str] = frozenset()

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if function is Tensor.to:
            return args[0]
        result = super().__torch_function__(function, types, args, kwargs or {})  # type: ignore[no-untyped-call]
        origins = frozenset().union(*(one.origins for one in _traced((args, kwargs))))
        for one in _traced(result):
            one.origins = origins
        return result


def traced_tensors(file: Path) -> dict[str, Tensor]:
    """Return a tensor for each name in a safetensors file.

    Raises: WeightsMissing, WeightsMismatch.
    """
    return {name: _traced_tensor(name, about) for name, about in header_of(file).items() if name != "__metadata__"}


def _traced_tensor(name: str, about: Mapping[str, Any]) -> TracedTensor:
    dtype = _DTYPES.get(about["dtype"], torch.uint8)
    tensor = torch.empty(about["shape"], dtype=dtype, device="meta").as_subclass(TracedTensor)
    tensor.origins = frozenset({name})
    return tensor


def _traced(value: Any) -> Iterator[TracedTensor]:
    if isinstance(value, TracedTensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _traced(item)
    elif isinstance(value, dict):
        yield from _traced(list(value.values()))
