"""How rows become pictures: the end of their way decoded, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from engine.contract.errors import PaintedNothing
from engine.models.loading.errors import result_or_error
from engine.painter.batch.rows import ActiveRequest, Finished, Row
from engine.painter.pipeline.protocol import LoadedModel


def decode_request(active: ActiveRequest, model: LoadedModel, pixels: int, beat: Callable[[], None]) -> Finished:
    """Return the decoded pictures of a request whose rows are all over.

    pixels: of pictures that are decoded at once, where there is room; one picture at least.
    beat: called before each time.

    Raises: PaintedNothing when what it painted are no numbers, ModelBroken, torch.OutOfMemoryError.
    """
    latents = torch.cat([_last(active.settings.stop, row) for row in active.rows])
    if not torch.isfinite(latents).all():
        raise PaintedNothing(name=active.settings.model.name, cause="its latents are not numbers")
    parts = torch.split(latents, max(1, pixels // (active.settings.width * active.settings.height)))
    pictures = tuple(_decoded(parts, model, active.settings.model.name, beat))
    texts = active.rows[0].conditioning.texts
    cut = tuple(one.cut for one in texts if one.cut)
    return Finished(
        pictures=pictures,
        sha256=model.sha256,
        lora_sha256=tuple(model.sha256_of(adapter) for adapter, _ in active.settings.loras),
        cut=cut,
    )


def _decoded(parts: Sequence[Tensor], model: LoadedModel, name: str, beat: Callable[[], None]) -> Iterator[Tensor]:
    """Yield the pictures of each part, decoded one by one where there is no room for more."""
    for part in parts:
        beat()
        pictures = result_or_error(name, partial(model.decode, part))
        if isinstance(pictures, torch.OutOfMemoryError) and len(part) > 1:
            yield from _decoded(torch.split(part, 1), model, name, beat)
        elif isinstance(pictures, Exception):
            raise pictures
        else:
            yield from pictures


def _last(stop: float, row: Row) -> Tensor:
    """Return what becomes the picture: the latents at the end of the way, the best estimate where it was cut short."""
    return row.latents if stop == 1.0 or row.denoised is None else row.denoised
