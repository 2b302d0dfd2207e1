"""Files and folders of models that have names and shapes, and no numbers worth having."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

FLUX_INDEX = '{"_class_name": "FluxPipeline", "transformer": ["diffusers", "FluxTransformer2DModel"]}'


def save_shapes(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> Path:
    """Write a safetensors file of ones."""
    save_file({name: torch.ones(shape) for name, shape in shapes.items()}, file)
    return file


def save_flux(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> Path:
    """Write a Flux folder with a transformer of these shapes and nothing else."""
    (folder / "transformer").mkdir(parents=True)
    save_shapes(folder / "transformer" / "model.safetensors", shapes)
    (folder / "model_index.json").write_text(FLUX_INDEX)
    return folder
