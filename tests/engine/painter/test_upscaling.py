"""Upscaling: the same picture, larger, with new detail where that is asked for, and no trace of the tiles."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from engine.contract.edits import CREATIVE, FAITHFUL, Edit, whole_canvas
from engine.contract.errors import ModelBroken, SettingsInvalid, SizeUnsupported, SourceMismatch, WeightsMismatch
from engine.contract.jobs import Operation
from engine.contract.painting import Progress
from engine.models.loading.device import best_device
from engine.models.loading.upscale_network import UpscaleNetwork, network_from_weights
from engine.models.loading.upscaler import LoadedUpscaler, load_upscaler
from engine.models.registry.registry import Registry, read_registry
from engine.models.registry.upscalers import Upscaler
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.painter.upscaling.enlarge import TILE, Enlarged, enlarge
from engine.prompt.checks.upscales import MAX_UPSCALED_PIXELS
from tests.engine.painter.requests import (
    Batches,
    all_painted,
    encoded_gradient,
    paint_request,
    painted,
    pixels,
    pixels_of,
    psnr,
    upscaled,
)
from tests.engine.painter.stock import EQUAL_DB
from tests.engine.painter.upscalers import registered, tiny_network, with_early_names, with_old_names

SIDE = 32
SOURCE = encoded_gradient(SIDE, SIDE)
STEPS = 8


def seam_ratio(picture: np.ndarray, seams: tuple[int, ...]) -> float:
    """Return the mean change across these columns, over that across all columns."""
    changes = np.abs(np.diff(picture.astype(float), axis=1)).mean(axis=(0, 2))
    return float(changes[list(seams)].mean() / changes.mean())


@pytest.mark.parametrize("renamed", [dict, with_old_names, with_early_names], ids=["Real-ESRGAN", "old", "early"])
@pytest.mark.parametrize("shuffled", [1, 2])
def test_weights_are_read_in_every_layout(
    renamed: Callable[[Mapping[str, Tensor]], dict[str, Tensor]], shuffled: int
) -> None:
    network, given = tiny_network(shuffled=shuffled), torch.rand(1, 3, 8, 12)
    read = network_from_weights(renamed(network.state_dict()))
    assert read.scale == 4 // shuffled
    assert torch.equal(read(given), network(given)) and read(given).shape == (1, 3, 8 * read.scale, 12 * read.scale)
    prefixed = {f"params_ema.{name}": weight.half() for name, weight in network.state_dict().items()}
    assert network_from_weights(prefixed)(given).dtype == torch.float32


def test_the_network_is_the_one_that_spandrel_has() -> None:
    """Its figures for these weights, measured with spandrel 0.4.2 on 2026-11-29."""
    empty = UpscaleNetwork(16, growth=32, blocks=1, doublings=2, shuffled=1).state_dict()
    weights = {
        name: (torch.sin(torch.arange(one.numel(), dtype=torch.float64) * 0.7 + len(name)) * 0.05).view(one.shape)
        for name, one in with_old_names(empty).items()
    }
    larger = network_from_weights(weights)(torch.linspace(0, 1, 60).view(1, 3, 4, 5))
    assert larger[0, :, 3, 7].tolist() == pytest.approx([0.0253216517, 0.0465115346, 0.0463098586], abs=1e-6)
    assert larger[0, :, 12, 1].tolist() == pytest.approx([0.0545397475, 0.0990361422, 0.1183620989], abs=1e-6)


def test_a_file_that_is_no_upscaler_is_refused(checkpoints: Path, tmp_path: Path, registry: Registry) -> None:
    """By its tensors, as is one that only sharpens, and one with another hash than was recorded."""
    lora = Upscaler(name="lora", file=checkpoints / "ink.safetensors", licence="", sha256=None)
    with pytest.raises(ModelBroken, match="no ESRGAN"):
        load_upscaler(lora, torch.device("cpu"))
    with pytest.raises(ValueError, match="not make pictures larger"):
        network_from_weights(tiny_network(shuffled=4).state_dict())
    kept = {name: one for name, one in tiny_network().state_dict().items() if "body.1.rdb2.conv3" not in name}
    with pytest.raises(ValueError, match=r"body\.1\.rdb2\.conv3"):
        network_from_weights(kept)
    (upscaler,) = registered(registry, tmp_path).upscalers.values()
    with pytest.raises(WeightsMismatch):
        load_upscaler(replace(upscaler, sha256="0" * 64), torch.device("cpu"))


def test_tiles_leave_no_seam_where_the_network_sees_the_whole() -> None:
    """A picture of several tiles is what the network makes of all of it at once, but for rounding."""
    torch.manual_seed(1)
    coarse = torch.nn.functional.interpolate(torch.rand(1, 3, 5, 40), size=(20, 2 * TILE + 10), mode="bicubic")
    image = Image.fromarray((coarse[0].clamp(0, 1) * 255).byte().movedim(0, -1).numpy())
    network = tiny_network()
    with torch.no_grad():
        torch.nn.init.constant_(network.conv_last.get_parameter("bias"), 0.5)
    loaded = LoadedUpscaler(name="tiny", sha256="", network=network, device=best_device().device)
    *progress, last = enlarge(image, (image.width * 4, image.height * 4), loaded)
    assert [one for one in progress if isinstance(one, Progress)] == [Progress(done=n, total=3) for n in (1, 2, 3)]
    assert isinstance(last, Enlarged)
    given = torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).movedim(-1, 0)[None]
    whole = (network(given)[0].clamp(0, 1) * 255).round().movedim(0, -1).numpy()
    own = np.asarray(last.image)
    assert whole.std() > 1
    assert np.abs(own - whole).max() <= 2


async def test_a_subtle_upscale_is_the_networks_picture(registry: Registry, tmp_path: Path) -> None:
    """As often as it takes, then at the exact size; without an upscaler, the filter's. The recipe says which."""
    twice = registered(registry, tmp_path, shuffled=2)
    async with create_painter(twice, max_rows=64) as painter:
        result = await painted(painter, upscaled(SOURCE, "a cat", 4, FAITHFUL))
    (own,) = result.pictures
    assert (result.grid, own.width, own.height) == (None, 4 * SIDE, 4 * SIDE)
    (upscaler,) = twice.upscalers.values()
    loaded = load_upscaler(upscaler, best_device().device)
    *_, by_hand = enlarge(Image.open(io.BytesIO(SOURCE)).convert("RGB"), (4 * SIDE, 4 * SIDE), loaded)
    assert isinstance(by_hand, Enlarged)
    assert (pixels(own.png) == np.asarray(by_hand.image)).all()
    assert own.recipe["upscaler"] == {"name": "tiny", "sha256": loaded.sha256}
    async with create_painter(registry, max_rows=64) as painter:
        (filtered,) = (await painted(painter, upscaled(SOURCE, "a cat", 2, FAITHFUL))).pictures
    larger = Image.open(io.BytesIO(SOURCE)).convert("RGB").resize((2 * SIDE, 2 * SIDE), Image.Resampling.LANCZOS)
    assert (pixels(filtered.png) == np.asarray(larger)).all()
    assert filtered.recipe["upscaler"] == {"name": "lanczos"}
    said = Image.open(io.BytesIO(filtered.png)).info["parameters"]
    assert said == "Postprocess upscale by: 2, Postprocess upscaler: lanczos"


async def test_a_creative_upscale_of_one_tile_is_image_to_image(registry: Registry) -> None:
    """A variation of the enlarged picture, which is the stock pipeline's, without guidance."""
    small = encoded_gradient(SIDE // 2, SIDE // 2)
    larger = io.BytesIO()
    Image.open(io.BytesIO(small)).resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(larger, "PNG")
    varied = paint_request("a cat", source=larger.getvalue(), strength=0.5, pictures=1, steps=STEPS, cfg=1)
    async with create_painter(registry, max_rows=64) as painter:
        one, other = await all_painted(painter, [upscaled(small, "a cat", 2, 0.5, steps=STEPS), varied])
    # Not to the last bit: processors may sum the rows of one forward in different orders.
    assert psnr(pixels_of(one)[0], pixels_of(other)[0]) > EQUAL_DB


async def test_tiles_share_batches_and_do_not_depend_on_them(registry: Registry) -> None:
    """With grids and with each other; few rows at a time give the same picture, also with a sampler that adds noise."""
    batches: Batches = []
    for sampler in ("dpmpp-2m", "euler-ancestral"):
        spec = paint_request("a cat", steps=STEPS, sampler=sampler).spec
        request = replace(upscaled(SOURCE, "a cat", 4, 0.5), spec=spec)
        grid = paint_request("a dog", steps=STEPS)
        async with create_painter(registry, max_rows=64, on_forward=batches.append) as painter:
            together, _ = await all_painted(painter, [request, grid])
        async with create_painter(registry, max_rows=3) as painter:
            alone = await painted(painter, request)
        assert psnr(pixels_of(together)[0], pixels_of(alone)[0]) > EQUAL_DB
        tiles = {slot for batch in batches for job, slot in batch if job == request.job_id}
        assert len(tiles) == 25
        assert any({job for job, _ in batch} == {request.job_id, grid.job_id} for batch in batches)


@pytest.mark.parametrize("strength", [FAITHFUL, CREATIVE])
async def test_an_upscale_repaints_from_its_recipe(registry: Registry, tmp_path: Path, strength: float) -> None:
    """Byte for byte, with the same upscaler also where another is used by now; without it, it is refused."""
    first, second = registered(registry, tmp_path), registered(registry, tmp_path, seed=1)
    async with create_painter(first, max_rows=64) as painter:
        (one,) = (await painted(painter, upscaled(SOURCE, "a cat", 2, strength, steps=STEPS))).pictures
    (old,), (new,) = first.upscalers.values(), second.upscalers.values()
    both = replace(registry, upscalers={"new": replace(new, name="new"), "tiny": old})
    again = request_from_recipe(one.recipe, both, SOURCE)
    assert (again.operation, again.num_pictures) == (Operation.UPSCALE, 1)
    async with create_painter(both, max_rows=64) as painter:
        (other,) = (await painted(painter, again)).pictures
    assert other.png == one.png
    with pytest.raises(SettingsInvalid, match="no longer registered"):
        request_from_recipe(one.recipe, registry, SOURCE)
    with pytest.raises(WeightsMismatch):
        request_from_recipe(one.recipe, second, SOURCE)


async def test_what_cannot_be_upscaled_is_refused(registry: Registry) -> None:
    side = int(MAX_UPSCALED_PIXELS**0.5) + 8
    asked = upscaled(SOURCE, "a cat", 2, FAITHFUL)
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(SourceMismatch):
            await painted(painter, replace(asked, edit=Edit(strength=FAITHFUL)))
        with pytest.raises(SizeUnsupported):
            await painted(painter, replace(asked, edit=Edit(strength=FAITHFUL, canvas=whole_canvas(side, side))))


async def test_the_starter_adds_detail_without_seams() -> None:
    """Across the edges of tiles the picture changes no more than anywhere; it stays the same picture, and sharper."""
    registry = read_registry()
    async with create_painter(registry, max_rows=64) as painter:
        (parent,) = (await painted(painter, paint_request("a blue house on the grass", pictures=1))).pictures
        words = "a blue house on the grass"
        results = await all_painted(painter, [upscaled(parent.png, words, 2, one) for one in (FAITHFUL, CREATIVE)])
    (subtle,), (creative,) = map(pixels_of, results)
    # Three tiles of 128 pixels on 256: they begin and end in these columns.
    assert seam_ratio(creative, (63, 127, 191)) < 1.25 * max(1, seam_ratio(subtle, (63, 127, 191)))
    assert 20 < psnr(creative, subtle) < 40
