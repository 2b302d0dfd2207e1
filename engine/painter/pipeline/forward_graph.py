"""A denoiser's forward as a graph that OpenVINO reads, without weights: one file for each architecture, shipped.

`python -m engine.starter trace` writes them. It takes float32 latents [batch, channels, height, width],
timesteps [batch] and texts [batch, tokens, features], of any batch, size and number of tokens, and returns the
prediction.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

GRAPHS = Path(__file__).with_name("graphs")

# What no forward reads: the size in training.
_BESIDE_THE_POINT = frozenset({"sample_size"})
_TOPOLOGY, _LAYOUT = "topology.xml", "layout.json"


@dataclass(frozen=True, kw_only=True)
class ForwardGraph:
    """A graph and the layout of its constants, which lie one behind the other.

    topology: OpenVINO's XML. num_bytes: of all constants.
    weights: at which byte the weight of which name begins. constants: at which byte what else lies.
    """

    topology: bytes
    num_bytes: int
    weights: Mapping[int, str]
    constants: Mapping[int, bytes]

    def filled(self, weights: Mapping[str, Tensor]) -> NDArray[np.uint8]:
        """Return all constants with a denoiser's weights among them, [num_bytes].

        Raises: KeyError for a weight that is not there.
        """
        whole = np.zeros(self.num_bytes, np.uint8)
        for at, constant in self.constants.items():
            whole[at : at + len(constant)] = np.frombuffer(constant, np.uint8)
        for at, name in self.weights.items():
            weight = weights[name].detach().contiguous().view(-1).numpy().view(np.uint8)
            whole[at : at + len(weight)] = weight
        return whole


def graph_path(config: Mapping[str, Any], folder: Path = GRAPHS) -> Path:
    """Return where the graph of parts with this configuration is, if there is one."""
    known = {name: value for name, value in config.items() if name[:1] != "_" and name not in _BESIDE_THE_POINT}
    text = json.dumps({"class": config.get("_class_name"), **known}, sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.zip"


def read_graph(path: Path) -> ForwardGraph:
    """Return the graph in a file."""
    with zipfile.ZipFile(path) as archive:
        layout = json.loads(archive.read(_LAYOUT))
        return ForwardGraph(
            topology=archive.read(_TOPOLOGY),
            num_bytes=layout["num_bytes"],
            weights={int(at): name for at, name in layout["weights"].items()},
            constants={int(at): b64decode(text) for at, text in layout["constants"].items()},
        )


def write_graph(graph: ForwardGraph, path: Path) -> None:
    """Write a graph to a file."""
    layout = {
        "num_bytes": graph.num_bytes,
        "weights": graph.weights,
        "constants": {at: b64encode(constant).decode() for at, constant in graph.constants.items()},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in ((_TOPOLOGY, graph.topology), (_LAYOUT, json.dumps(layout).encode())):
            # Without the time of writing, the same graph is the same file.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
