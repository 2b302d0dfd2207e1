"""How rows become pictures: the end of their way decoded, in as large pieces as the device has room for."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.contract.errors import ModelBroken
from engine.painter.families.protocol import LoadedModel
from engine.painter.rows import Entry, Finished, Row


def finished_from(entry: Entry, model: LoadedModel, chunk: int) -> Finished:
    """Return the decoded pictures of an order whose rows are all over.

    chunk: pictures decoded at once where there is room.

    Raises: ModelBroken when what it painted are no numbers, torch.OutOfMemoryError when there is no room for one.
    """
    latents = torch.cat([_last(entry.settings.stop, row) for row in entry.rows])
    if not torch.isfinite(latents).all():
        raise ModelBroken(name=entry.settings.model.name, cause="its latents are not numbers")
    texts = entry.rows[0].conditioning.texts
    cut = tuple(words.cut for words in texts if words.cut)
    return Finished(
        pictures=_decoded(latents, model, chunk),
        sha256=model.sha256,
        lora_sha256=tuple(model.sha256_of(adapter) for adapter, _ in entry.settings.loras),
        cut=cut,
    )


def _decoded(latents: Tensor, model: LoadedModel, chunk: int) -> tuple[Tensor, ...]:
    """Return the pictures, decoded one by one where there is no room for more."""
    try:
        return tuple(picture for part in torch.split(latents, chunk) for picture in model.decode(part))
    except torch.OutOfMemoryError:
        return tuple(picture for part in torch.split(latents, 1) for picture in model.decode(part))


def _last(stop: float, row: Row) -> Tensor:
    """Return what becomes the picture: the latents at the end of the way, the best guess where it was cut short."""
    return row.latents if stop == 1.0 or row.guess is None else row.guess
