"""Verifies that the files of a registered model are there, complete, and match the recorded hash; loads no tensors."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import ModelBroken
from engine.models.files.contents import problem_with, quantized_weight
from engine.models.files.locate import check_selection, config_path
from engine.models.files.selection import parts_of
from engine.models.files.weights import (
    ProgressCallback,
    check_complete,
    header_of,
    ignore_progress,
    index_of,
    resolve_hash,
    select_in_folder,
    tensors_of,
    weight_files,
)
from engine.models.registry.registry import Model


def verified_hash(model: Model, path: Path, on_progress: ProgressCallback = ignore_progress) -> str:
    """Return the hash of the model's files at `path`; see `resolve_hash`.

    Raises: WeightsMissing, WeightsMismatch for damaged files or a different hash, ModelBroken for a folder or a file
    without a complete pipeline, or with quantized weights.
    """
    variant = model.source.variant
    if path.is_file():
        _check_contents(model, path)
    else:
        check_selection(model, str(path), select_in_folder(path, variant))
    check_complete(path, variant)
    _check_numbers(model, path)
    return resolve_hash(path, model.sha256, variant, on_progress)


def check_layout(model: Model, path: Path) -> None:
    """Check that models of the family may be a single file, if this one is.

    Raises: ModelBroken.
    """
    if path.is_file() and not model.family.has_single_files:
        cause = f"models of family {model.family.name} must be a diffusers folder, not a single file"
        raise ModelBroken(name=model.name, cause=cause)


def _check_contents(model: Model, file: Path) -> None:
    names = [name for name, _ in tensors_of(header_of(file))]
    problem = problem_with(model.family.name, parts_of(index_of(config_path(model))), names)
    if problem is not None:
        raise ModelBroken(name=model.name, cause=f"{file} {problem}")


def _check_numbers(model: Model, path: Path) -> None:
    for file in (file for file in weight_files(path, model.source.variant) if file.suffix == ".safetensors"):
        header = header_of(file)
        if (weight := quantized_weight(header)) is not None:
            cause = (
                f"{file} has quantized weights (its tensor {weight} is of the dtype {header[weight]['dtype']})."
                " Use a file with weights in 16 or 32 bits"
            )
            raise ModelBroken(name=model.name, cause=cause)
