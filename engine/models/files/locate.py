"""Finds the files of a registered model on this machine, and downloads them from the Hub; loads no tensors."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from huggingface_hub import get_cached_repo_tree, list_repo_files, resolve_revision, snapshot_download
from huggingface_hub.errors import (
    CachedRepoTreeNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RevisionResolutionError,
)

from engine.contract.errors import ModelBroken, OperatorError, WeightsMissing
from engine.models.files.selection import INDEX, SETTINGS, FileSelection
from engine.models.files.weights import select_in_folder, size_of, weight_files
from engine.models.formats import formats_in
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.registry import Model

_SETTINGS = tuple(f"*{suffix}" for suffix in sorted(SETTINGS))


def local_path(model: Model) -> Path:
    """Return the folder or file with the model's weights.

    Raises: WeightsMissing, also for an incomplete download of a Hub model, WeightsMismatch for a damaged index.
    """
    source = model.source
    if source.hub is not None:
        return _fetched_pipeline(source.hub, source.revision, source.variant)
    place = source.folder or source.file
    if place is None or not place.exists():
        raise WeightsMissing(path=place or Path())
    return place


def file_bytes(model: Model) -> int:
    """Return the total size of the files that loading the model reads; 0 if they are missing or damaged."""
    try:
        return sum(map(size_of, weight_files(local_path(model), model.source.variant)))
    except (OperatorError, OSError):
        return 0


def config_path(model: Model) -> Path:
    """Return the folder with the configuration of a single file.

    Raises: ModelBroken if the registry names none, WeightsMissing for a Hub id that was not downloaded.
    """
    config = model.source.config
    if config is None:
        cause = "a model with `file` also needs `config` in the models file: a folder or hub id with its configuration"
        raise ModelBroken(name=model.name, cause=cause)
    if Path(config).is_dir():
        return Path(config)
    if Path(config).is_file():
        cause = (
            f"its `config` must be a folder or a Hub id with the configuration of a diffusers pipeline, not {config}"
        )
        raise ModelBroken(name=model.name, cause=cause)
    with missing_from_hub(config):
        return snapshot(config, None, _SETTINGS, is_here=True)


def fetch(model: Model) -> Path:
    """Download a Hub model, with progress bars on stderr, and return its folder.

    Only the files of its pipeline are downloaded, according to its index and the repository's list of files. An
    interrupted download resumes. Models with a folder or file are not downloaded, except for a file's configuration
    from the Hub.

    Raises: WeightsMissing if the Hub cannot be reached or has no such model, ModelBroken if the repository has no
    complete pipeline, or only with weights in unsafe formats or unregistered variants, WeightsMismatch for a damaged
    index.
    """
    source = model.source
    if source.hub is not None:
        return _fetch_pipeline(model, source.hub)
    if source.file is not None and source.config is not None and not Path(source.config).is_dir():
        with missing_from_hub(source.config):
            snapshot(source.config, None, _SETTINGS)
    return local_path(model)


def ip_adapter_files(adapter: IPAdapter, *, may_fetch: bool = False) -> tuple[Path, Path]:
    """Return the file with an IP-Adapter's weights and the folder of its image encoder.

    may_fetch: whether files that are not here are downloaded from the Hub.

    Raises: WeightsMissing.
    """
    folder = adapter.folder
    if adapter.hub is not None:
        encoder = [f"{glob.escape(adapter.image_encoder)}/{name}" for name in ("config.json", "model.safetensors")]
        with missing_from_hub(adapter.hub):
            wanted = (*_exactly([adapter.file]), *encoder)
            folder = snapshot(adapter.hub, adapter.revision, wanted, is_here=not may_fetch)
    assert folder is not None
    files = folder / adapter.file, folder / adapter.image_encoder
    for path in (files[0], files[1] / "model.safetensors"):
        if not path.is_file():
            raise WeightsMissing(path=path)
    return files


def check_selection(model: Model, where: str, selection: FileSelection) -> None:
    """Check that the selected files are a complete pipeline; `where` names their folder or repository in the error.

    Raises: ModelBroken.
    """
    if selection.problems:
        raise ModelBroken(name=model.name, cause=f"{where} {'; it '.join(selection.problems)}")


def _fetch_pipeline(model: Model, hub: str) -> Path:
    with missing_from_hub(hub):
        # All files from one commit, even if the revision moves in the meantime.
        revision = resolve_revision(hub, revision=model.source.revision)
        paths = _listed(hub, revision) or list_repo_files(hub, revision=revision.resolved)
        if INDEX not in paths:
            kinds = () if any(path.endswith(".safetensors") for path in paths) else formats_in(paths)
            advice = f"It has {kinds[0].files}. {kinds[0].advice}" if kinds else "Register one of its files with `file`"
            cause = f"{hub} has no {INDEX}, so it is not a diffusers pipeline. {advice}"
            raise ModelBroken(name=model.name, cause=cause)
        place = snapshot(hub, revision, _exactly([INDEX]))
        selection = select_in_folder(place, model.source.variant, paths)
        check_selection(model, hub, selection)
        return snapshot(hub, revision, _exactly(selection.files))


def _fetched_pipeline(hub: str, revision: str | None, variant: str | None) -> Path:
    """Return the folder of a pipeline that was downloaded before.

    It is complete if all files that a download would include are there. The cache keeps the repository's list of files;
    without it, the cached files are taken to be all files.
    """
    with missing_from_hub(hub):
        resolved = resolve_revision(hub, revision=revision, local_files_only=True)
        place = snapshot(hub, resolved, _exactly([INDEX]), is_here=True)
        selection = select_in_folder(place, variant, _listed(hub, resolved) or None)
        return snapshot(hub, resolved, _exactly(selection.files), is_here=True)


def _listed(hub: str, revision: str) -> Collection[str]:
    """Return the paths of all files of a repository from the cache; empty if it has no list of them."""
    try:
        return [file.path for file in get_cached_repo_tree(hub, revision=revision)]
    except CachedRepoTreeNotFoundError:
        return ()


def _exactly(paths: Collection[str]) -> tuple[str, ...]:
    return tuple(map(glob.escape, paths))


def snapshot(hub: str, revision: str | None, wanted: tuple[str, ...], *, is_here: bool = False) -> Path:
    """Return the folder of a repository's files whose paths match any pattern; they are downloaded unless `is_here`."""
    return Path(snapshot_download(hub, revision=revision, allow_patterns=list(wanted), local_files_only=is_here))


@contextmanager
def missing_from_hub(hub: str) -> Iterator[None]:
    """Raise WeightsMissing for the errors of the Hub and its cache."""
    try:
        yield
    except GatedRepoError as error:
        raise _missing_because(hub, "accept its license on its Hugging Face page, then set HF_TOKEN") from error
    except (LocalEntryNotFoundError, RevisionResolutionError, HfHubHTTPError, HFValidationError) as error:
        if not _is_unreachable(error):
            raise WeightsMissing(path=Path(hub)) from error
        raise _missing_because(hub, "the Hub cannot be reached. Check the network and HF_ENDPOINT") from error
    except httpx2.TransportError as error:
        raise _missing_because(hub, "the connection was lost. Fetch it again to resume") from error


def _is_unreachable(error: BaseException | None) -> bool:
    """Return whether a connection that failed is what the error comes of."""
    while error is not None:
        if isinstance(error, httpx2.TransportError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _missing_because(hub: str, cause: str) -> WeightsMissing:
    error = WeightsMissing(path=Path(hub))
    error.facts = {**error.facts, "cause": cause}
    return error
