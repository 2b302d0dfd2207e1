"""LoRAs that fail within the loader, when part of them is already in: they leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.contract.errors import AdapterMismatch, NoRoom
from engine.contract.painting import PaintedPictures
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import LocalPainter, create_painter
from engine.painter.pipeline.loras import LoraManager, Loras
from tests.engine.models.original_layout import save_single_file
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import stock_pictures
from tests.engine.painter.t5_checkpoints import save_flux

ENOUGH_DB = 50
QUERY = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj"
FLUX = "transformer_blocks.0.attn.to_q"
WIDE = "lora_unet_double_blocks_0_img_attn_proj"

# Put beside a LoRA for the UNet, which fits: what only the loader finds out, and when the UNet's part is already in.
BROKEN: Mapping[str, Mapping[str, Tensor]] = {
    "halved": {f"{QUERY}.lora_A.weight": torch.ones(4, 32)},
    "uneven": {f"{QUERY}.lora_A.weight": torch.ones(4, 32), f"{QUERY}.lora_B.weight": torch.ones(32, 8)},
    "blurred": {f"{QUERY}.lora_A.weight": torch.ones(4, 32, 3, 3), f"{QUERY}.lora_B.weight": torch.ones(32, 4, 1, 1)},
}
# For Flux, in names that are left to the loader: wider than the model, of no part, and with the name of an adapter.
STRANGE: Mapping[str, Mapping[str, Tensor]] = {
    "wide": {f"{WIDE}.lora_down.weight": torch.ones(4, 999), f"{WIDE}.lora_up.weight": torch.ones(32, 4)},
    "bare": {f"{FLUX}.lora_A.weight": torch.ones(4, 32), f"{FLUX}.lora_B.weight": torch.ones(32, 4)},
    "named": {
        f"transformer.{FLUX}.lora_A.default.weight": torch.ones(4, 32),
        f"transformer.{FLUX}.lora_B.default.weight": torch.ones(32, 4),
    },
}


@pytest.fixture(scope="module")
def folder(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SD 1 as a folder and as a single file, Flux, and LoRAs that are broken in several ways."""
    folder = tmp_path_factory.mktemp("refused")
    save_single_file(checkpoints / "sd1", folder / "sd1.safetensors")
    save_flux(folder / "flux", seed=8)
    ink = load_file(checkpoints / "ink.safetensors")
    for name, text in BROKEN.items():
        save_file({**ink, **text}, folder / f"{name}.safetensors")
    for name, weights in STRANGE.items():
        save_file(dict(weights), folder / f"{name}.safetensors")
    adapters = (
        ("ink", checkpoints, "sd1"),
        *((name, folder, "sd1") for name in BROKEN),
        *((name, folder, "flux") for name in STRANGE),
    )
    entries = (
        entry("tiny", "sd1", str(checkpoints / "sd1")),
        entry("file", "sd1", str(checkpoints / "sd1")).replace("folder =", 'file = "sd1.safetensors"\nconfig ='),
        entry("flux", "flux", "flux"),
        *(f'[adapters.{name}]\nfile = "{at / name}.safetensors"\nfamily = "{kind}"\n' for name, at, kind in adapters),
    )
    (folder / "registry.toml").write_text("".join(('default = "tiny"', *entries)))
    return folder


@pytest.fixture(scope="module")
def broken(folder: Path) -> Registry:
    return read_registry(folder / "registry.toml")


@pytest.fixture
async def painter(broken: Registry) -> AsyncIterator[LocalPainter]:
    async with create_painter(broken, max_rows=64) as opened:
        yield opened


def files_of(result: PaintedPictures) -> list[bytes]:
    return [picture.png for picture in result.pictures]


def assert_inked(result: PaintedPictures, checkpoints: Path) -> None:
    stock = stock_pictures(
        checkpoints / "sd1", sampler="euler", loras={checkpoints / "ink.safetensors": 1.0}, prompt="a red cat",
        num_inference_steps=4, guidance_scale=5.0, height=32, width=32,
    )  # fmt: skip
    assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > ENOUGH_DB


@pytest.mark.parametrize("model", ["tiny", "file"])
@pytest.mark.parametrize("name", BROKEN)
async def test_a_lora_that_fails_halfway_changes_no_later_picture(
    painter: LocalPainter, checkpoints: Path, name: str, model: str
) -> None:
    """Plain, broken twice, plain: the same bytes; and a good LoRA is then used as usual."""
    before = await painted(painter, paint_request(steps=4, model=model))
    for _ in range(2):
        with pytest.raises(AdapterMismatch) as refused:
            await painted(painter, paint_request(steps=4, model=model, lora=(name,)))
        assert "already in use" not in refused.value.part
    assert files_of(await painted(painter, paint_request(steps=4, model=model))) == files_of(before)
    assert_inked(await painted(painter, paint_request(steps=4, model=model, lora=("ink",))), checkpoints)


@pytest.mark.parametrize("name", BROKEN)
async def test_a_lora_that_fails_does_not_replace_the_one_in_use(
    painter: LocalPainter, checkpoints: Path, name: str
) -> None:
    """Named beside the good one, and by another request while that paints, which gets its pictures all the same."""
    alone = await painted(painter, paint_request(steps=4, lora=("ink",)))
    with pytest.raises(AdapterMismatch):
        await painted(painter, paint_request(steps=4, lora=("ink", name)))
    together = (paint_request(steps=4, lora=("ink",)), paint_request(steps=4, lora=(name,)))
    inked, refused = await asyncio.gather(*(painted(painter, one) for one in together), return_exceptions=True)
    assert isinstance(refused, AdapterMismatch)
    assert isinstance(inked, PaintedPictures)
    assert files_of(inked) == files_of(alone)
    assert_inked(inked, checkpoints)


@pytest.mark.parametrize("name", STRANGE)
async def test_a_lora_that_only_the_loader_refuses_leaves_flux_unchanged(painter: LocalPainter, name: str) -> None:
    """diffusers would widen the model's own layer, put in nothing without a word, or leave a layer without numbers."""
    before = await painted(painter, paint_request(steps=2, model="flux"))
    with pytest.raises(AdapterMismatch):
        await painted(painter, paint_request(steps=2, model="flux", lora=(name,)))
    assert files_of(await painted(painter, paint_request(steps=2, model="flux"))) == files_of(before)


@pytest.mark.parametrize("times", [0, 1])
async def test_an_adapter_that_does_not_fit_in_memory_fails_only_its_request(registry: Registry, times: int) -> None:
    """When the request starts, or at a step, if the model and its adapters were evicted in between."""

    class Full(FlatModel):
        times_worn = 0

        def set_adapters(self, loras: Loras) -> None:
            self.times_worn += len(loras)
            if self.times_worn > times and loras:
                raise torch.OutOfMemoryError("no room")

    async with create_painter(registry, max_rows=64, load=Full) as painter:
        both = (paint_request(steps=3, lora=("ink",)), paint_request(steps=3))
        lost, fine = await asyncio.gather(*(painted(painter, one) for one in both), return_exceptions=True)
    assert isinstance(lost, NoRoom)
    assert isinstance(fine, PaintedPictures)


class Cramped(StableDiffusionPipeline):  # type: ignore[misc]
    """A pipeline on a device that has no room for what an adapter adds to the text encoder."""

    has_room = False

    @classmethod
    def load_lora_into_text_encoder(cls, *args: Any, **more: Any) -> None:
        if not cls.has_room:
            raise torch.OutOfMemoryError("no room")


@torch.inference_mode()
def test_an_adapter_that_does_not_fit_in_memory_leaves_nothing_and_may_be_loaded_later(
    broken: Registry, checkpoints: Path
) -> None:
    pipe = Cramped.from_pretrained(checkpoints / "sd1")
    wardrobe = LoraManager(pipe, broken.model())
    loras = ((broken.adapters["ink"], 0.5),)
    for _ in range(2):
        with pytest.raises(torch.OutOfMemoryError):
            wardrobe.set_adapters(loras)
        assert (pipe.get_list_adapters(), dict(wardrobe.adapters)) == ({}, {})
    Cramped.has_room = True
    wardrobe.set_adapters(loras)
    assert [*wardrobe.adapters] == [broken.adapters["ink"]]
    assert pipe.get_list_adapters().keys() == {"unet"}
