"""Whether registered segmenters, captioners, classifiers and scorers can be used on this machine, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.contract.add_ons import AddOn
from engine.contract.errors import EaselError
from engine.models.recorded_hashes import record_hash
from engine.models.registry.folders import TABLES, ModelFolder
from engine.models.registry.registry import SHIPPED, Registry


@dataclass(frozen=True, kw_only=True)
class FolderStatus:
    """The state of one on this machine.

    size_bytes, sha256: size of its folder and hash of its files. error: why it cannot be used; None if it can.
    """

    registered: ModelFolder
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None


def folder_statuses(registry: Registry) -> Iterator[FolderStatus]:
    """Yield the state of each: whether its files are there, match their hash, load, and do their work."""
    for named in registry.folders.values():
        for registered in named.values():
            yield _status(registered)


def record_folder_hash(registry: Registry, status: FolderStatus) -> None:
    """Write its current hash into the operator's file, unless the file has one already."""
    registered = status.registered
    if status.sha256 is not None and registered.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, registered.name, status.sha256, table=TABLES[registered.kind])


def _status(registered: ModelFolder) -> FolderStatus:
    try:
        sha256 = _tried(registered)
    except EaselError as error:
        return FolderStatus(registered=registered, error=error)
    size_bytes = sum(path.stat().st_size for path in registered.folder.glob("*"))
    return FolderStatus(registered=registered, size_bytes=size_bytes, sha256=sha256)


def _tried(registered: ModelFolder) -> str:
    """Return the hash of its files after a trial.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken.
    """
    # These import torch, which a file without any of them does not need.
    import torch
    from PIL import Image

    from engine.models.loading.captioner import load_captioner
    from engine.models.loading.classifier import load_classifier
    from engine.models.loading.scorer import load_scorer
    from engine.models.loading.segmenter import load_segmenter

    device, image = torch.device("cpu"), Image.new("RGB", (64, 64))
    match registered.kind:
        case AddOn.SEGMENTER:
            return load_segmenter(registered, device).sha256
        case AddOn.CAPTIONER:
            captioner = load_captioner(registered, device)
            captioner.captions(image, 1)
            return captioner.sha256
        case AddOn.SCORER:
            scorer = load_scorer(registered, device)
            scorer.clip.embed_image(image)
            scorer.clip.embed_texts(["a picture"])
            return scorer.sha256
        case _:
            classifier = load_classifier(registered, device)
            classifier.scores([image])
            return classifier.sha256
