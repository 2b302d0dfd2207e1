"""Compiles without generating code: the graphs are captured and guarded as ever, and torch's own kernels run them.

Generating C++ takes half a second for each kernel, of which a denoiser has some twenty at each batch size. Tests of
what is compiled when, and of which batches run it, have no need of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from torch.fx import GraphModule


@contextmanager
def only_captured() -> Iterator[None]:
    """Generate no code for what is compiled meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch._inductor.compile_fx.compile_fx", _run_as_captured)
        yield


def _run_as_captured(graph: GraphModule, _: object, **__: object) -> Callable[..., Any]:
    return graph.forward
