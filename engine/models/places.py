"""Where a registered model's files are on this machine, and how those of a hub get here; no tensors."""

from __future__ import annotations

from pathlib import Path

import httpx2
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

from engine.contract.errors import ModelBroken, WeightsMissing
from engine.models.registry import Model

# What a diffusers folder is made of; formats that run code when they are opened are never brought here.
WANTED = ("*.safetensors", "*.json", "*.txt", "*.model")
_CONFIGURATIONS = ("*.json", "*.txt", "*.model")
_REFUSED = "pickles (.bin, .ckpt, .pt) are never fetched, because they can run code when they are opened"


def place_of(model: Model) -> Path:
    """Return the folder or file that holds the model's weights.

    Raises: WeightsMissing, also for a hub model that was never fetched.
    """
    source = model.source
    if source.hub is not None:
        try:
            return _fetched(source.hub, source.revision, WANTED)
        except (LocalEntryNotFoundError, HFValidationError) as error:
            raise WeightsMissing(path=Path(source.hub)) from error
    place = source.folder or source.file
    if place is None or not place.exists():
        raise WeightsMissing(path=place or Path())
    return place


def config_of(model: Model) -> Path:
    """Return the folder with the configurations of a single file.

    Raises: ModelBroken when the registry names none, WeightsMissing for one of the hub that was never fetched.
    """
    config = model.source.config
    if config is None:
        cause = "its single file needs `config` in the models file: a folder or a hub id with its configurations"
        raise ModelBroken(name=model.name, cause=cause)
    if Path(config).is_dir():
        return Path(config)
    try:
        return _fetched(config, None, _CONFIGURATIONS)
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise WeightsMissing(path=Path(config)) from error


def fetch(model: Model) -> Path:
    """Bring a hub model's files to this machine, with progress bars on stderr; return where they are.

    A fetch that was broken off goes on where it stopped. Models of a folder or file are only looked for; the
    configurations of a file may come from the hub.

    Raises: WeightsMissing when the hub cannot be reached or has no such model, ModelBroken when it has the weights only
    in formats that are never brought here.
    """
    source = model.source
    if source.hub is not None:
        place = _downloaded(source.hub, source.revision, WANTED)
        if not any(place.rglob("*.safetensors")):
            raise ModelBroken(name=model.name, cause=f"{source.hub} has no .safetensors file, and {_REFUSED}")
        return place
    if source.file is not None and source.config is not None and not Path(source.config).is_dir():
        _downloaded(source.config, None, _CONFIGURATIONS)
    return place_of(model)


def _downloaded(hub: str, revision: str | None, wanted: tuple[str, ...]) -> Path:
    try:
        return Path(snapshot_download(hub, revision=revision, allow_patterns=list(wanted)))
    except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError, HFValidationError) as error:
        raise WeightsMissing(path=Path(hub)) from error
    except httpx2.TransportError as error:
        missing = WeightsMissing(path=Path(hub))
        missing.facts = {**missing.facts, "cause": "the connection broke off; fetch it again to go on from there"}
        raise missing from error


def _fetched(hub: str, revision: str | None, wanted: tuple[str, ...]) -> Path:
    """Return where a snapshot is that was brought here before; it is whole when all that was wanted of it is here."""
    return Path(snapshot_download(hub, revision=revision, allow_patterns=list(wanted), local_files_only=True))
