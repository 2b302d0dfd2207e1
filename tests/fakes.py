"""Fakes that tests share: a painter without a model, and the records it is given."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from PIL import Image

from engine.contract.ids import new_id
from engine.contract.jobs import MAX_SEED, JobRequest, JobSpec, Operation, ParameterValue, Part
from engine.contract.painting import PaintedPicture, PaintedPictures, PaintRequest, Progress, num_pictures_of

SIZE = 32


@dataclass(kw_only=True)
class FakePainter:
    """Paints flat pictures whose colour comes from the seed, so that every seed gives different bytes.

    pace: time that each of `steps` takes.
    scores: how unsafe a classifier finds the pictures, by prompt and slot; without, none has looked at them.
    faults: errors to raise instead of the picture, by prompt, used up from the front.
    open: while cleared, requests stand still after half of their steps.
    loaded: while cleared, it says that it is not ready.
    requests: every request that was begun; closed: the jobs whose painting was broken off.
    """

    steps: int = 4
    pace: timedelta = timedelta(0)
    scores: Mapping[str, Sequence[float]] = field(default_factory=dict)
    faults: Mapping[str, list[Exception]] = field(default_factory=dict)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[PaintRequest] = field(default_factory=list)
    closed: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open.set()
        self.loaded.set()

    @property
    def is_ready(self) -> bool:
        """Whether it is loaded."""
        return self.loaded.is_set()

    async def wait_ready(self) -> None:
        """Return when it is loaded."""
        await self.loaded.wait()

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        """Yield progress with a preview at every step, then the pictures, or raise the fault that is due."""
        self.requests.append(request)
        is_done = False
        try:
            for step in range(1, self.steps + 1):
                yield Progress(done=step, total=self.steps, preview=_encode(request.seed, "JPEG"))
                if step == self.steps // 2:
                    await self.open.wait()
                await asyncio.sleep(self.pace.total_seconds())
            if self.faults.get(request.spec.prompt):
                raise self.faults[request.spec.prompt].pop(0)
            is_done = True
            yield painted_from_request(request, self.scores.get(request.spec.parts[0].text, ()))
        finally:
            if not is_done:
                self.closed.append(request.job_id)


def painted_from_request(request: PaintRequest, scores: Sequence[float] = ()) -> PaintedPictures:
    """Return the flat pictures of the request, one for each slot."""
    seeds = [(request.seed + slot) % (MAX_SEED + 1) for slot in range(request.num_pictures)]
    pictures = tuple(
        PaintedPicture(
            png=_encode(seed, "PNG"),
            width=SIZE,
            height=SIZE,
            seed=seed,
            recipe={"prompt": request.spec.prompt, "seed": seed, "model": "fake", "model_sha256": "f4ce"},
            unsafe_score=scores[slot] if scores else None,
        )
        for slot, seed in enumerate(seeds)
    )
    if request.operation is Operation.ANIMATE:
        return PaintedPictures(pictures=pictures, grid=_film(request.seed), grid_type="image/webp")
    if num_pictures_of(request.operation) == 1:
        return PaintedPictures(pictures=pictures)
    return PaintedPictures(pictures=pictures, grid=_encode(request.seed, "JPEG"), grid_type="image/jpeg")


def request_for(
    member_id: UUID,
    prompt: str = "a red circle",
    *,
    seed: int = 7,
    parent: tuple[UUID, UUID] | None = None,
    parameters: Mapping[str, ParameterValue] | None = None,
) -> JobRequest:
    """Return a request of `member_id`; with `parent`, a job and its picture, for a variation of that picture."""
    return JobRequest(
        id=new_id(),
        member_id=member_id,
        operation=Operation.IMAGINE if parent is None else Operation.VARY,
        spec=JobSpec(prompt=prompt, parts=(Part(text=prompt),), parameters=parameters or {}),
        seed=seed,
        parent_job_id=parent[0] if parent else None,
        parent_picture_id=parent[1] if parent else None,
    )


def _film(seed: int) -> bytes:
    """Return a film of two frames, half a second each."""
    buffer = io.BytesIO()
    first, second = (Image.new("RGB", (SIZE, SIZE), (seed & 255, green, 0)) for green in (0, 255))
    first.save(buffer, "WEBP", save_all=True, append_images=[second], duration=500, loop=0)
    return buffer.getvalue()


def _encode(seed: int, kind: str) -> bytes:
    colour = (seed & 255, seed >> 8 & 255, seed >> 16 & 255)
    buffer = io.BytesIO()
    Image.new("RGB", (SIZE, SIZE), colour).save(buffer, kind)
    return buffer.getvalue()
