"""Requests with only what matters given, and functions that paint and compare them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.contract.edits import Edit, whole_canvas
from engine.contract.jobs import ImagePrompt, JobSpec, Operation, ParameterValue, Part, WayEnd
from engine.contract.painting import PaintedPictures, Painter, PaintRequest, Progress

Pixels = NDArray[np.uint8]
# Job and slot of every row of each forward, as `on_forward` receives them.
Batches = list[Sequence[tuple[UUID, int]]]
# Of two results that a job lies between.
IDS = ("01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002")


def paint_request(
    *parts: str | tuple[str, float],
    seed: int = 7,
    pictures: int = 4,
    member: UUID | None = None,
    source: bytes | None = None,
    strength: float = 0.75,
    parameters: Mapping[str, ParameterValue] | None = None,
    **more: ParameterValue,
) -> PaintRequest:
    weighed = [part if isinstance(part, tuple) else (part, 1.0) for part in parts or ("a red cat",)]
    return PaintRequest(
        job_id=uuid4(),
        member_id=member or uuid4(),
        spec=JobSpec(
            prompt=" ".join(text for text, _ in weighed),
            parts=tuple(Part(text=text, weight=weight) for text, weight in weighed),
            parameters={**(parameters or {}), **more},
        ),
        seed=seed,
        num_pictures=pictures,
        source=source,
        operation=Operation.IMAGINE if source is None else Operation.VARY,
        edit=None if source is None else Edit(strength=strength),
    )


def upscaled(source: bytes, prompt: str, factor: int, strength: float, steps: int = 16) -> PaintRequest:
    """Return a request that upscales the picture."""
    image = Image.open(io.BytesIO(source))
    canvas = whole_canvas(image.width * factor, image.height * factor)
    request = paint_request(prompt, source=source, pictures=1, steps=steps)
    return replace(request, operation=Operation.UPSCALE, edit=Edit(strength=strength, canvas=canvas))


def between(one: PaintRequest, other: PaintRequest, at: float, shift: int = 0) -> PaintRequest:
    """Return the request for what lies between two others; `shift` moves the seeds of both."""
    ends = tuple(
        WayEnd(parts=end.spec.parts, seeds=tuple(end.seed + slot for slot in range(end.num_pictures)))
        for end in (one, other)
    )
    parameters: dict[str, ParameterValue] = {**one.spec.parameters, "between": IDS, "at": at}
    return replace(one, spec=replace(one.spec, parameters=parameters, ends=ends), seed=one.seed + shift)


def with_images(request: PaintRequest, weights: Mapping[bytes, float]) -> PaintRequest:
    """Return the request with pictures in its prompt, each with its weight."""
    images = tuple(ImagePrompt(url=f"picture:{at:016x}", weight=weight) for at, weight in enumerate(weights.values()))
    return replace(request, spec=replace(request.spec, images=images), images=tuple(weights))


async def painted(painter: Painter, wanted: PaintRequest) -> PaintedPictures:
    """Return the painter's result."""
    said = [event async for event in painter.paint(wanted)]
    assert all(isinstance(event, Progress) for event in said[:-1])
    assert isinstance(said[-1], PaintedPictures)
    return said[-1]


async def all_painted(painter: Painter, requests: Sequence[PaintRequest]) -> list[PaintedPictures]:
    """Return the results of requests that are painted at once."""
    return await asyncio.gather(*(painted(painter, wanted) for wanted in requests))


def pixels_of(result: PaintedPictures) -> list[Pixels]:
    return [pixels(picture.png) for picture in result.pictures]


def pixels(encoded: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def encoded_gradient(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "PNG")
    return out.getvalue()


def psnr(one: Any, other: Any) -> float:
    """Return the peak signal-to-noise ratio of two uint8 pictures, in decibels; 99 when they are equal."""
    error = float(np.mean((np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)) ** 2))
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))
