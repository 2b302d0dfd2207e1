"""A shipped graph with the weights of a denoiser, compiled by OpenVINO for the CPU and for certain shapes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.painter.pipeline.forward_graph import ForwardGraph

_TELEMETRY = "openvino_telemetry"
_IMPORT = threading.Lock()


class OpenVINOGraph:
    """A compiled graph; it has a copy of the weights, so that what changes the denoiser's own does not reach it."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return the graph's output for float32 tensors on the CPU, of the shapes that it is compiled for.

        Raises: RuntimeError, MemoryError.
        """
        arrays = [one.contiguous().numpy() for one in inputs]
        outputs = self._request.infer(arrays, share_inputs=True, share_outputs=True)
        # The next call writes over its output.
        return torch.from_numpy(outputs[0]).clone()


def compile_graph(
    openvino: Any, graph: ForwardGraph, weights: Mapping[str, Tensor], shapes: Sequence[Sequence[int]]
) -> OpenVINOGraph:
    """Return the graph with these weights, compiled for inputs of these shapes.

    For any shape it would be compiled too, and run a quarter slower. Measured: 2026-11-30, the starter, 8 rows, one
    thread: 27 ms of CPU for these shapes, 34 for any, 46 by torch.

    Raises: RuntimeError, MemoryError, KeyError for weights that the graph needs and that are not there.
    """
    core = openvino.Core()
    model = core.read_model(graph.topology, openvino.Tensor(graph.filled(weights)))
    model.reshape({at: openvino.PartialShape(list(shape)) for at, shape in enumerate(shapes)})
    return OpenVINOGraph(core.compile_model(model, "CPU", _settings()))


def import_openvino() -> Any | None:
    """Return the package; None where it is not installed, or does not load."""
    # Models load in several threads, and one would take away what the other has put there.
    with _IMPORT:
        # It requires this package, by which it would tell its maker of every import, and does without.
        sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
        try:
            import openvino
        except ImportError:
            return None
        finally:
            if sys.modules[_TELEMETRY] is None:
                del sys.modules[_TELEMETRY]
    return openvino


def _settings() -> dict[str, Any]:
    """Return how OpenVINO runs a graph: on as many threads as torch, which waits meanwhile, on any cores.

    On processors with instructions for bfloat16 it would choose these, which changes pictures.
    """
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "ENABLE_CPU_PINNING": False,
    }
