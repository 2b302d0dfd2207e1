"""What IP-Adapters add is what the stock pipeline adds, alone and in any batch, and can be painted again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import pytest
import torch
from PIL import Image, ImageOps
from transformers import CLIPVisionModelWithProjection

from engine.contract.errors import ModelBroken, SettingsInvalid, SettingUnsupported, WeightsMismatch
from engine.contract.painting import PaintRequest
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from tests.engine.painter.cache.test_kept_adapters import Shelf
from tests.engine.painter.ip_adapters import save_all
from tests.engine.painter.requests import (
    all_painted,
    encoded_gradient,
    paint_request,
    painted,
    pixels_of,
    psnr,
    with_images,
)
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, SCHEDULERS
from tests.sharing import made_once

STEPS = 4
HERE, THERE = "picture:00000000000000aa", "picture:00000000000000bb"
PICTURE = encoded_gradient(48, 32)


def other_picture() -> bytes:
    out = io.BytesIO()
    ImageOps.invert(Image.open(io.BytesIO(PICTURE))).rotate(90).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(shared_folder: Path) -> Path:
    return made_once(shared_folder / "ip-adapters", save_all)


@pytest.fixture(scope="module")
def adapted(folder: Path) -> Registry:
    return read_registry(folder / "registry.toml")


def stock(
    folder: Path, request: PaintRequest, pictures: Mapping[str, tuple[bytes, Any]], model: str = "sd1"
) -> list[Image.Image]:
    """Return what the stock pipeline paints with the IP-Adapters, each with its picture and its scale."""
    kind = diffusers.StableDiffusionXLPipeline if model == "sdxl" else diffusers.StableDiffusionPipeline
    scheduler = SCHEDULERS["euler"][0].from_pretrained(folder / model, subfolder="scheduler")
    encoder = CLIPVisionModelWithProjection.from_pretrained(folder / "image-encoder")
    pipe = kind.from_pretrained(folder / model, scheduler=scheduler, image_encoder=encoder)
    pipe.set_progress_bar_config(disable=True)
    files = [f"{name}.safetensors" for name in pictures]
    pipe.load_ip_adapter(str(folder), subfolder="", weight_name=files, local_files_only=True)
    pipe.set_ip_adapter_scale([scale for _, scale in pictures.values()])
    images = [Image.open(io.BytesIO(encoded)) for encoded, _ in pictures.values()]
    generators = [torch.Generator().manual_seed(request.seed + slot) for slot in range(request.num_pictures)]
    prompt = request.spec.parts[0].text
    return list(
        pipe(
            prompt, num_inference_steps=STEPS, guidance_scale=5.0, height=32, width=32, ip_adapter_image=images,
            num_images_per_prompt=request.num_pictures, generator=generators,
        ).images
    )  # fmt: skip


def asked(words: str, *, seed: int = 7, images: tuple[bytes, ...] = (), **more: Any) -> PaintRequest:
    request = paint_request(words, steps=STEPS, sampler="euler", seed=seed, pictures=2, parameters=more)
    return replace(request, images=images)


def nearest(result: Any, pictures: list[Image.Image]) -> float:
    return min(psnr(*pair) for pair in zip(pixels_of(result), pictures, strict=True))


async def test_rows_of_any_references_share_a_batch(adapted: Registry, folder: Path) -> None:
    """Each is what the stock pipeline paints from its references alone, and without any, what it paints without."""
    other = other_picture()
    content = with_images(asked("a cat", iw=2.0), {PICTURE: 1.0})
    style = asked("a dog", seed=9, images=(PICTURE,), sref=(HERE,), sw=50)
    both = asked("a hat", seed=3, images=(PICTURE, other), sref=(HERE,), cref=(THERE,), cw=30)
    plain = asked("a cat")
    batches: list[int] = []
    async with create_painter(adapted, max_rows=64, on_forward=lambda rows: batches.append(len(rows))) as painter:
        alone = await painted(painter, plain)
        results = await all_painted(painter, [content, style, both, plain])
    assert max(batches) == 8
    blocks = {"up": {"block_1": [0.5, 0.5]}}
    expected = [
        stock(folder, content, {"look": (PICTURE, 1.0)}),
        stock(folder, style, {"ink": (PICTURE, blocks)}),
        stock(folder, both, {"ink": (PICTURE, {"up": {"block_1": [1.0, 1.0]}}), "hero": (other, 0.3)}),
        [Image.fromarray(one) for one in pixels_of(alone)],
    ]
    for result, pictures in zip(results, expected, strict=True):
        assert nearest(result, pictures) > EQUAL_DB
    assert nearest(results[0], expected[3]) < OTHER_DB
    assert results[0].pictures[0].recipe["strength"] is None


async def test_sdxl_reads_several_pictures_as_their_mean(adapted: Registry, folder: Path) -> None:
    """By their weights: the same picture twice is that picture, and a negligible one changes nothing to be seen."""
    one = with_images(asked("a cat", model="sdxl"), {PICTURE: 1.0})
    two = with_images(asked("a cat", model="sdxl"), {PICTURE: 9_999.0, other_picture(): 0.001})
    mixed = with_images(asked("a cat", model="sdxl"), {PICTURE: 1.0, other_picture(): 1.0})
    async with create_painter(adapted, max_rows=64) as painter:
        first, second, third = await all_painted(painter, [one, two, mixed])
    expected = stock(folder, one, {"xl": (PICTURE, 0.5)}, "sdxl")
    assert nearest(first, expected) > EQUAL_DB and nearest(second, expected) > OTHER_DB
    assert nearest(third, expected) < OTHER_DB


async def test_a_recipe_names_the_ip_adapters_and_paints_the_same_bytes(adapted: Registry) -> None:
    """Also of a variation, which keeps its style; with other files or fewer of them it is refused."""
    request = asked("a cat", images=(PICTURE,), sref=(HERE,))
    async with create_painter(adapted, max_rows=64) as painter:
        first = await painted(painter, request)
        recipe = first.pictures[1].recipe
        again = request_from_recipe(recipe, adapted, images=(PICTURE,))
        assert (await painted(painter, again)).pictures[1].png == first.pictures[1].png
        source = first.pictures[0].png
        varied = replace(paint_request("a cat", source=source, steps=STEPS, sref=(HERE,)), images=(PICTURE,))
        child = (await painted(painter, varied)).pictures[0]
        again = request_from_recipe(child.recipe, adapted, source=source, images=(PICTURE,))
        assert (await painted(painter, again)).pictures[0].png == child.png
    assert [one["name"] for one in recipe["references"]] == ["ink"] and len(recipe["image_sha256"]) == 1
    with pytest.raises(SettingUnsupported, match="sref"):
        request_from_recipe(recipe, replace(adapted, ip_adapters=MappingProxyType({})), images=(PICTURE,))
    other = {**recipe, "references": [{**recipe["references"][0], "sha256": "0" * 64}]}
    with pytest.raises(WeightsMismatch):
        request_from_recipe(other, adapted, images=(PICTURE,))
    named = {**recipe, "references": [{**recipe["references"][0], "name": "gone"}]}
    with pytest.raises(SettingsInvalid, match="gone"):
        request_from_recipe(named, adapted, images=(PICTURE,))


async def test_idle_ip_adapters_are_unloaded_over_budget(adapted: Registry) -> None:
    """With room for the model alone they are gone by the next request, and change no picture when they come again."""
    wanted = with_images(asked("a cat"), {PICTURE: 1.0})
    shelf = Shelf()
    async with create_painter(adapted, max_rows=64, load=shelf.load) as painter:
        ample = await painted(painter, wanted)
        size_bytes, added = shelf.models[-1].size_bytes, shelf.models[-1].additions
        assert {one.name for one in added} == {"look", "ink", "hero"} and sum(added.values()) > 50_000
    async with create_painter(adapted, max_rows=64, budget_bytes=size_bytes, load=shelf.load) as painter:
        first = await painted(painter, wanted)
        assert set(shelf.adapters) == {"look", "ink", "hero"}, "they are in use"
        await painted(painter, asked("a dog"))
        assert shelf.adapters == []
        again = await painted(painter, wanted)
    for result in (first, again):
        assert pixels_of(result)[0].tobytes() == pixels_of(ample)[0].tobytes()


async def test_strength_starts_from_the_pictures_although_they_could_be_read(adapted: Registry) -> None:
    """Such a recipe has no IP-Adapter, like one of a picture that was painted before there was one."""
    request = with_images(asked("a cat", strength=0.5), {PICTURE: 1.0})
    bare = replace(adapted, ip_adapters=MappingProxyType({}))
    unread = with_images(asked("a cat"), {PICTURE: 1.0})
    async with create_painter(bare, max_rows=64) as painter:
        before, old = await painted(painter, request), await painted(painter, unread)
    async with create_painter(adapted, max_rows=64) as painter:
        after = await painted(painter, request)
        again = await painted(painter, request_from_recipe(old.pictures[0].recipe, adapted, images=(PICTURE,)))
    assert "references" not in after.pictures[0].recipe
    assert pixels_of(after)[0].tobytes() == pixels_of(before)[0].tobytes()
    assert pixels_of(again)[0].tobytes() == pixels_of(old)[0].tobytes()


async def test_an_ip_adapter_of_another_model_fails_its_jobs_alone(adapted: Registry) -> None:
    """The model goes on painting as before."""
    wrong = replace(adapted.ip_adapters["xl"], family="sd1")
    registry = replace(adapted, ip_adapters=MappingProxyType({"xl": wrong}))
    async with create_painter(adapted, max_rows=64) as painter:
        expected = await painted(painter, asked("a cat"))
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(ModelBroken, match="its IP-Adapter xl does not fit"):
            await painted(painter, with_images(asked("a cat"), {PICTURE: 1.0}))
        assert pixels_of(await painted(painter, asked("a cat")))[0].tobytes() == pixels_of(expected)[0].tobytes()
