"""A picture is painted again from what was stored with it, and from nothing else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.contract.errors import ModelUnknown, PictureCorrupt, SettingsInvalid, WeightsMismatch
from engine.contract.painting import Order
from engine.models.registry import Registry, Source
from engine.painter.local import create_painter
from engine.painter.recipe import order_from_recipe
from tests.engine.models.once import hash_of_everything
from tests.engine.painter.orders import order, painted

ORDERS = {
    "plain": order(),
    "last seed": order(seed=2**32 - 2),
    "parts": order("a (red:1.3) cat", ("a dog", 0.5), ("rain", -0.4), sampler="dpmpp-2m-sde", cfg=3.0),
    "one seed": order(sameseed=11, pictures=2, sampler="euler-ancestral", quality=0.5),
    "adapter": order(lora=("ink:0.7",), pictures=1, stop=70),
}


async def stored(registry: Registry, wanted: Order) -> list[tuple[bytes, dict[str, Any]]]:
    """Paint, and return the files with their recipes as they come back from a column of JSON."""
    async with create_painter(registry, width=64) as painter:
        result = await painted(painter, wanted)
    return [(one.png, json.loads(json.dumps(one.recipe))) for one in result.pictures]


@pytest.mark.parametrize("name", list(ORDERS))
async def test_the_recipe_alone_gives_the_same_bytes(registry: Registry, name: str) -> None:
    """A painter opened anew, told only what the last picture's recipe says."""
    *_, (png, recipe) = await stored(registry, ORDERS[name])
    again = await stored(registry, order_from_recipe(recipe, registry))
    assert again[recipe["slot"]][0] == png


async def test_the_model_of_the_recipe_is_used_whatever_the_default_is_now(registry: Registry) -> None:
    (png, recipe), *_ = await stored(registry, order())
    (again, _), *_ = await stored(registry, order_from_recipe(recipe, replace(registry, default="wide")))
    assert again == png


async def test_a_variation_is_painted_again_from_its_own_source_only(registry: Registry) -> None:
    (source, _), *_ = await stored(registry, order(seed=1))
    (png, recipe), *_ = await stored(registry, order(source=source, strength=0.5, pictures=1))
    assert (await stored(registry, order_from_recipe(recipe, registry, source)))[0][0] == png
    for other in (None, png):
        with pytest.raises(PictureCorrupt):
            order_from_recipe(recipe, registry, other)


async def test_other_weights_under_the_same_name_are_refused(
    registry: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    """One bit of one weight is another model, and so is one that is gone."""
    (_, recipe), *_ = await stored(registry, order(steps=1, pictures=1))
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    moved = replace(registry.model(), source=Source(folder=folder))
    changed = replace(registry, models=MappingProxyType({moved.name: moved}))
    order_from_recipe(recipe, changed)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + bytes([weights.read_bytes()[-1] ^ 1]))
    with pytest.raises(WeightsMismatch):
        order_from_recipe(recipe, changed)
    with pytest.raises(ModelUnknown):
        order_from_recipe(recipe, replace(registry, models=MappingProxyType({})))


async def test_a_recipe_from_when_every_file_counted_still_holds(
    registry: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    """The starter's are such: it has CLIP beside its parts."""
    (_, recipe), *_ = await stored(registry, order(steps=1, pictures=1))
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    shutil.copytree(folder / "text_encoder", folder / "clip")
    moved = replace(registry.model(), source=Source(folder=folder))
    changed = replace(registry, models=MappingProxyType({moved.name: moved}))
    assert hash_of_everything(folder) != recipe["model_sha256"]
    for sha256 in (recipe["model_sha256"], hash_of_everything(folder)):
        order_from_recipe({**recipe, "model_sha256": sha256}, changed)


async def test_other_defaults_of_the_model_are_told_with_what_they_were(registry: Registry) -> None:
    (_, recipe), *_ = await stored(registry, order(pictures=1, cfg=2.0))
    model = registry.model()
    other = replace(model, defaults=replace(model.defaults, steps=3, guidance=1.0))
    with pytest.raises(SettingsInvalid, match="steps was 6, and would be 3") as refused:
        order_from_recipe(recipe, replace(registry, models=MappingProxyType({model.name: other})))
    assert "guidance" not in str(refused.value)


async def test_other_library_versions_are_told(registry: Registry) -> None:
    (_, recipe), *_ = await stored(registry, order(steps=1, pictures=1))
    with capture_logs() as told:
        order_from_recipe(recipe, registry)
        assert told == []
        order_from_recipe({**recipe, "libraries": {**recipe["libraries"], "torch": "1.0"}}, registry)
    assert [entry["then"]["torch"] for entry in told] == ["1.0"]
