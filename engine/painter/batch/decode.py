"""From finished rows to pictures, or to the frames of a film: latents decoded, a few pictures at a time."""

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
from engine.painter.sampling.films import frames_of
from engine.painter.sampling.mosaic import Mosaic
from engine.painter.sampling.overlap import blend, scaled
from engine.painter.sampling.tiling import decode_around


def decode_request(
    active: ActiveRequest, model: LoadedModel, max_pixels: int, heartbeat: Callable[[], None]
) -> Finished:
    """Return the decoded pictures of a request whose rows are all finished.

    max_pixels: pixels of the pictures that are decoded at once, where memory allows; at least one picture, or as many
        frames as belong together.
    heartbeat: called before each decoding.

    Raises: PaintedNothing when latents or pictures are not finite, ModelBroken, torch.OutOfMemoryError.
    """
    params, rows = active.params, active.rows
    latents = torch.cat([_final_latents(params.stop, row) for row in rows])
    if not torch.isfinite(latents).all():
        raise PaintedNothing(name=params.model.name, cause="its latents are not numbers")
    if params.film is not None:
        latents = frames_of(latents, params.film.frames)
    parts = torch.split(latents, max(model.frames_together, max_pixels // (params.width * params.height)))
    decode = partial(decode_around, model.decode) if params.is_tiled else model.decode
    decoded = _decode(parts, decode, params.model.name, heartbeat)
    mosaic = rows[0].mosaic
    if params.film is not None:
        pictures = tuple(decoded)
    else:
        pictures = _pasted(rows, decoded) if mosaic is None else (_assembled(mosaic, decoded, params.size),)
    return Finished(
        pictures=pictures,
        film=tuple(active.film),
        sha256=model.sha256,
        lora_sha256=tuple(model.sha256_of(adapter) for adapter, _ in params.loras),
        reference_sha256=tuple(model.sha256_of(one.adapter) for one in params.references),
        control_sha256=None if params.control is None else model.sha256_of(params.control),
        motion_sha256=model.sha256_of(params.film.adapter) if params.film and params.film.adapter else None,
        clip_sha256=None if params.clip is None else model.sha256_of(params.clip),
        truncated_texts=tuple(one.truncated_text for one in rows[0].conditioning.texts if one.truncated_text),
    )


def _pasted(rows: Sequence[Row], decoded: Iterator[Tensor]) -> tuple[Tensor, ...]:
    """Return the pictures with what is kept of their sources."""
    return tuple(
        picture if row.kept is None else row.kept.paste(picture) for row, picture in zip(rows, decoded, strict=True)
    )


def _assembled(mosaic: Mosaic, decoded: Iterator[Tensor], size: tuple[int, int]) -> Tensor:
    """Return the picture of the decoded tiles, uint8 [height, width, 3]."""
    width, height = size
    factor = width // mosaic.latents.shape[-1]
    tiles = (
        (scaled(box, factor), tile.movedim(-1, 0).float()) for box, tile in zip(mosaic.boxes, decoded, strict=True)
    )
    return blend(tiles, width, height).round().to(torch.uint8).movedim(0, -1).contiguous()


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
