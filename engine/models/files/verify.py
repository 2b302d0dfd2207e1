"""Verifies that the files of a registered model are there, complete, and match the recorded hash; loads no tensors."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import ModelBroken
from engine.models.files.selection import FileSelection
from engine.models.files.weights import (
    ProgressCallback,
    check_complete,
    ignore_progress,
    resolve_hash,
    select_in_folder,
)
from engine.models.registry.registry import Model


def verified_hash(model: Model, path: Path, on_progress: ProgressCallback = ignore_progress) -> str:
    """Return the hash of the model's files at `path`; see `resolve_hash`.

    Raises: WeightsMissing, WeightsMismatch for damaged files or a different hash, ModelBroken for a folder without a
    complete pipeline.
    """
    variant = model.source.variant
    if not path.is_file():
        check_selection(model, str(path), select_in_folder(path, variant))
    check_complete(path, variant)
    return resolve_hash(path, model.sha256, variant, on_progress)


def check_selection(model: Model, where: str, selection: FileSelection) -> None:
    """Check that the selected files are a complete pipeline; `where` names their folder or repository in the error.

    Raises: ModelBroken.
    """
    if selection.problems:
        raise ModelBroken(name=model.name, cause=f"{where} {'; it '.join(selection.problems)}")
