"""A LoRA of the starter from a member's pictures: with it, the words paint what is nearer to them."""

from __future__ import annotations

import io
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, ParameterValue, Part
from engine.contract.painting import AdapterFile, PaintedPictures, PaintRequest
from engine.learn.opening import open_to_train
from engine.learn.subjects import SubjectConfig, SubjectTrainer, encode_shown
from engine.models.files.weights import hash_of
from engine.models.loading.device import best_device
from engine.models.registry.registry import SHIPPED, read_registry
from engine.painter.in_process import LocalPainter, create_painter

REGISTRY = read_registry(SHIPPED)
MODEL = REGISTRY.model()
SIZE = MODEL.defaults.width, MODEL.defaults.height
CONFIG = SubjectConfig(steps=120, rate=2e-3, seed=5)


def ball(left: int) -> Image.Image:
    """Return a yellow ball on magenta, which the starter paints nothing on."""
    image = Image.new("RGB", SIZE, (220, 0, 160))
    ImageDraw.Draw(image).ellipse((left, 34, left + 60, 94), fill=(255, 230, 0))
    return image


def pixels(png: bytes) -> Any:
    """Return a small version of a picture, float [32, 32, 3]."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB").resize((32, 32)), dtype=np.float32)


async def painted(painter: LocalPainter, prompt: str, *own: AdapterFile) -> list[bytes]:
    """Return two pictures of the prompt, with adapters at full weight."""
    parameters: dict[str, ParameterValue] = {"steps": 8}
    if own:
        parameters["lora"] = tuple(f"{one.name}:1" for one in own)
    spec = JobSpec(prompt=prompt, parts=(Part(text=prompt),), parameters=parameters)
    request = PaintRequest(
        job_id=new_id(),
        member_id=new_id(),
        operation=Operation.IMAGINE,
        spec=spec,
        seed=11,
        num_pictures=2,
        adapters=own,
    )
    async with aclosing(painter.paint(request)) as events:
        async for event in events:
            if isinstance(event, PaintedPictures):
                assert event.pictures[0].recipe["lora_sha256"] == {one.name: one.sha256 for one in own}
                return [picture.png for picture in event.pictures]
    raise AssertionError("no pictures")


def distance(pngs: list[bytes], shown: list[Image.Image]) -> float:
    """Return how far each picture is from the nearest of those shown, as a mean of 0 to 255."""
    others = [np.asarray(one.resize((32, 32)), dtype=np.float32) for one in shown]
    return float(np.mean([min(np.abs(pixels(png) - other).mean() for other in others) for png in pngs]))


def trained(shown: list[Image.Image], kinds: list[bytes], file: Path) -> AdapterFile:
    """Train an adapter of the starter, and return its file."""
    model, denoiser = open_to_train(MODEL, best_device())
    subject = encode_shown(model, shown, "zorkle circle", SIZE, seed=5)
    kind = encode_shown(model, [Image.open(io.BytesIO(png)) for png in kinds], "circle", SIZE, seed=5)
    trainer = SubjectTrainer(model, denoiser, (subject, kind), SIZE, CONFIG)
    for _ in trainer.steps():
        pass
    trainer.adapter.save(file, {})
    return AdapterFile(name="zorkle", path=file, sha256=hash_of(file), model=MODEL.name)


async def test_with_the_adapter_pictures_are_nearer_to_those_it_was_trained_from(tmp_path: Path) -> None:
    """The recipe names it with its hash; without it everything is as it was, byte for byte."""
    shown = [ball(left) for left in (20, 34, 48)]
    async with create_painter(REGISTRY, max_rows=8) as painter:
        before = await painted(painter, "zorkle circle")
        own = trained(shown, await painted(painter, "circle"), tmp_path / "zorkle.safetensors")
        after = await painted(painter, "zorkle circle", own)
        was, now = distance(before, shown), distance(after, shown)
        assert now < 0.85 * was
        assert await painted(painter, "zorkle circle") == before
