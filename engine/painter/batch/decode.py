"""From finished rows to pictures: latents decoded, a few pictures at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from engine.contract.errors import PaintedNothing
from engine.models.loading.errors import result_or_error
from engine.painter.batch.rows import ActiveRequest, Row
from engine.painter.events import Finished
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.tiling import decode_around


def decode_request(
    active: ActiveRequest, model: LoadedModel, max_pixels: int, heartbeat: Callable[[], None]
) -> Finished:
    """Return the decoded pictures of a request whose rows are all finished.

    max_pixels: pixels of the pictures that are decoded at once, where memory allows; at least one picture.
    heartbeat: called before each decoding.

    Raises: PaintedNothing when latents or pictures are not finite, ModelBroken, torch.OutOfMemoryError.
    """
    params, texts = active.params, active.rows[0].conditioning.texts
    latents = torch.cat([_final_latents(params.stop, row) for row in active.rows])
    if not torch.isfinite(latents).all():
        raise PaintedNothing(name=params.model.name, cause="its latents are not numbers")
    parts = torch.split(latents, max(1, max_pixels // (params.width * params.height)))
    decode = partial(decode_around, model.decode) if params.is_tiled else model.decode
    decoded = _decode(parts, decode, params.model.name, heartbeat)
    pictures = tuple(
        picture if row.kept is None else row.kept.paste(picture)
        for row, picture in zip(active.rows, decoded, strict=True)
    )
    return Finished(
        pictures=pictures,
        sha256=model.sha256,
        lora_sha256=tuple(model.sha256_of(adapter) for adapter, _ in params.loras),
        truncated_texts=tuple(one.truncated_text for one in texts if one.truncated_text),
    )


def _decode(
    parts: Sequence[Tensor], decode: Callable[[Tensor], Tensor], name: str, heartbeat: Callable[[], None]
) -> Iterator[Tensor]:
    """Yield the pictures of each part, decoded one by one where there is no memory for more."""
    for part in parts:
        heartbeat()
        pictures = result_or_error(name, partial(decode, part))
        if isinstance(pictures, torch.OutOfMemoryError) and len(part) > 1:
            yield from _decode(torch.split(part, 1), decode, name, heartbeat)
        elif isinstance(pictures, Exception):
            raise pictures
        else:
            yield from pictures


def _final_latents(stop: float, row: Row) -> Tensor:
    """Return the latents that become the picture: the denoised estimate where `--stop` ended the steps early."""
    return row.latents if stop == 1.0 or row.denoised is None else row.denoised
