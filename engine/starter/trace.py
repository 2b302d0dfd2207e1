"""Writes the graphs of forwards that the painter runs by OpenVINO; the weights do not matter to them.

Needed again only when an architecture changes. What is traced has weights at random, so that no two are alike, and each
constant of a graph is known by its bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import diffusers
import torch
from torch import Tensor, nn

from engine.painter.pipeline.forward_graph import GRAPHS, ForwardGraph, graph_path, write_graph
from engine.painter.pipeline.openvino_graph import import_openvino

# Sides that are odd on every level of a U-Net, so that it is traced asking each level for its size.
_SIDES = (21, 27)
_ROWS, _TOKENS = 3, 5


class TraceFailed(Exception):
    """A forward could not be traced; the text says why."""


class _Denoiser(nn.Module):
    """A U-Net that takes tensors alone and returns one."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, latents: Tensor, timesteps: Tensor, tokens: Tensor) -> Tensor:
        output: Tensor = self.unet(latents, timesteps, encoder_hidden_states=tokens, return_dict=False)[0]
        return output


def trace_unet(folder: Path, into: Path = GRAPHS) -> Path:
    """Trace the U-Net whose configuration is in a folder, and return the graph's file in `into`.

    Raises: TraceFailed.
    """
    unet = _with_weights_at_random(diffusers.UNet2DConditionModel, folder)
    latents = torch.randn(_ROWS, unet.config.in_channels, *_SIDES)
    tokens = torch.randn(_ROWS, _TOKENS, unet.config.cross_attention_dim)
    graph = _traced(_Denoiser(unet), (latents, torch.tensor([3.0, 500.0, 900.0]), tokens), unet.state_dict())
    write_graph(graph, path := graph_path(unet.config, into))
    return path


def _with_weights_at_random(kind: Any, folder: Path) -> Any:
    part = kind.from_config(kind.load_config(folder)).eval()
    with torch.no_grad():
        for weight in part.parameters():
            weight.normal_(std=0.05)
    return part


def _traced(part: nn.Module, example: tuple[Tensor, ...], weights: Mapping[str, Tensor]) -> ForwardGraph:
    openvino = import_openvino()
    if openvino is None:
        raise TraceFailed("the package openvino is not installed")
    model = openvino.convert_model(part, example_input=example)
    with tempfile.TemporaryDirectory(prefix="easel-trace-") as folder:
        file = Path(folder) / "graph.xml"
        openvino.save_model(model, file, compress_to_fp16=False)
        return _without_weights(file.read_bytes(), file.with_suffix(".bin").read_bytes(), weights)


def _without_weights(topology: bytes, blob: bytes, weights: Mapping[str, Tensor]) -> ForwardGraph:
    """Return the graph of a model as OpenVINO has saved it, its constants known by name where they are weights."""
    names = {weight.contiguous().view(-1).numpy().tobytes(): name for name, weight in weights.items()}
    known: dict[int, str] = {}
    others: dict[int, bytes] = {}
    for at, size in _constants_in(topology):
        content = blob[at : at + size]
        if content in names:
            known[at] = names[content]
        else:
            others[at] = content
    if missing := weights.keys() - set(known.values()):
        raise TraceFailed(f"the graph does not have these weights as they are: {', '.join(sorted(missing))}")
    return ForwardGraph(topology=topology, num_bytes=len(blob), weights=known, constants=others)


def _constants_in(topology: bytes) -> Iterator[tuple[int, int]]:
    """Yield the first byte and the number of bytes of each constant."""
    for layer in ElementTree.fromstring(topology).iter("layer"):  # noqa: S314  as OpenVINO has just written it
        data = layer.find("data")
        if layer.get("type") == "Const" and data is not None:
            yield int(data.attrib["offset"]), int(data.attrib["size"])
