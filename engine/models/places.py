"""Where a registered model's files are on this machine, and how those of a hub get here; no tensors."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from engine.contract.errors import WeightsMissing
from engine.models.registry import Model

# What a diffusers folder is made of; formats that run code when they are opened are never brought here.
WANTED = ("*.safetensors", "*.json", "*.txt", "*.model")


def place_of(model: Model) -> Path:
    """Return the folder or file that holds the model's weights.

    Raises: WeightsMissing, also for a hub model that was never fetched.
    """
    source = model.source
    if source.hub is not None:
        try:
            return Path(snapshot_download(source.hub, revision=source.revision, local_files_only=True))
        except LocalEntryNotFoundError as error:
            raise WeightsMissing(path=Path(source.hub)) from error
    place = source.folder or source.file
    if place is None or not place.exists():
        raise WeightsMissing(path=place or Path())
    return place


def fetch(model: Model) -> Path:
    """Bring a hub model's files to this machine, with progress bars on stderr; return where they are.

    A fetch that was broken off goes on where it stopped. Models of a folder or file are only looked for.

    Raises: WeightsMissing when the hub cannot be reached or has no such model.
    """
    source = model.source
    if source.hub is None:
        return place_of(model)
    try:
        return Path(snapshot_download(source.hub, revision=source.revision, allow_patterns=list(WANTED)))
    except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError) as error:
        raise WeightsMissing(path=Path(source.hub)) from error
