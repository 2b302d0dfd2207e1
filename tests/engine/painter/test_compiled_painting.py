"""A painter with a compiled model: its pictures, what it does without room or a compiler, and what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.contract.errors import SpeedUnsupported
from engine.contract.painting import PaintedPictures, PaintRequest
from engine.models.loading.device import Device
from engine.models.loading.pipeline import denoiser_of, load_pipeline
from engine.models.registry.registry import Model, Registry, read_registry
from engine.models.registry.speed import SpeedSettings
from engine.painter.families.unet import UNetModel
from engine.painter.in_process import create_painter
from engine.painter.process.launch import PainterOptions
from engine.painter.process.supervisor import supervise
from engine.painter.sampling.guidance import PromptEmbeds
from engine.prompt import parse_attention
from tests.engine.painter.capture import only_captured
from tests.engine.painter.checkpoints import ONE_BLOCK, save_sd1
from tests.engine.painter.requests import all_painted, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import stock_pictures

# A compiler that shares its cores with other tests takes minutes.
pytestmark = pytest.mark.timeout(1200)

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)
ENOUGH_DB = 50
ONLY_RESIDUAL = {"down_block_types": ("DownBlock2D",), "up_block_types": ("UpBlock2D",)}
MODELS = """
[models.tiny]
family = "sd1"
folder = "{checkpoints}/one-block"
[models.tiny.defaults]
width = 32
height = 32
[models.tiny.abilities]
multiple = 8
min_side = 16
max_side = 64
[models.tiny.speed]
compile = "{how}"
[adapters.ink]
file = "{checkpoints}/one-block-ink.safetensors"
family = "sd1"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A models file with an SD 1 of three residual blocks, compiled: as few kernels as a denoiser can have."""
    save_sd1(tmp_path / "one-block", **{**ONE_BLOCK, **ONLY_RESIDUAL})
    return models_file(tmp_path, tmp_path, "blocks")


@pytest.fixture
def whole(checkpoints: Path, tmp_path: Path) -> Registry:
    """The tiny SD 1, compiled as one."""
    return read_registry(models_file(tmp_path, checkpoints, "whole"))


@pytest.fixture
def compiled(checkpoints: Path, tmp_path: Path) -> Registry:
    """The tiny SD 1, its blocks compiled."""
    return read_registry(models_file(tmp_path, checkpoints, "blocks"))


def models_file(folder: Path, checkpoints: Path, how: str) -> Path:
    file = folder / "models.toml"
    file.write_text(MODELS.format(checkpoints=checkpoints, how=how))
    return file


async def painted_uncompiled(compiled: Registry, wanted: PaintRequest) -> PaintedPictures:
    tiny = compiled.model()
    plain = replace(compiled, models={tiny.name: replace(tiny, speed=SpeedSettings())})
    async with create_painter(plain, max_rows=4) as painter:
        return await painted(painter, wanted)


def nearness(one: PaintedPictures, other: PaintedPictures) -> float:
    """Return how near the worst picture is to that of the other, in decibels."""
    return min(psnr(*pair) for pair in zip(pixels_of(one), pixels_of(other), strict=True))


async def test_pictures_of_a_compiled_model_are_those_of_the_stock_pipeline(checkpoints: Path, whole: Registry) -> None:
    """Alone, and beside seven pictures of other samplers, steps and texts, in forwards of two rows."""
    wanted = paint_request("a blue house", sampler="dpmpp-2m", steps=5, cfg=6.5, seed=3)
    others = (
        paint_request("a red cat", sampler="euler-ancestral", steps=4, cfg=1.0, pictures=3),
        paint_request(("a", 2.0), ("b", 1.0), sampler="unipc", steps=6, cfg=9.0, pictures=2),
        paint_request("fog", sampler="heun", steps=3, pictures=2),
    )
    async with create_painter(whole, max_rows=2) as painter:
        await painter.warm()
        mixed, *_ = await all_painted(painter, (wanted, *others))
        alone = await painted(painter, wanted)
    stock = stock_pictures(
        checkpoints / "one-block", sampler="dpmpp-2m", seed=3, prompt="a blue house", num_inference_steps=5,
        guidance_scale=6.5, height=32, width=32,
    )  # fmt: skip
    for result in (mixed, alone):
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > ENOUGH_DB


async def test_a_job_with_an_adapter_that_comes_while_its_model_is_compiled_leaves_nothing_behind(
    compiled: Registry,
) -> None:
    wanted = paint_request("a red cat", sampler="euler", steps=3, cfg=5.0, pictures=2)
    with only_captured():
        async with create_painter(compiled, max_rows=4) as painter:
            await painted(painter, paint_request("a red cat", steps=3, pictures=2, lora=("ink",)))
            await painter.warm()
            result = await painted(painter, wanted)
    assert nearness(result, await painted_uncompiled(compiled, wanted)) > ENOUGH_DB


class Crowded(UNetModel):
    """A model on a device where others come to take the room: no more than `room` forward rows are left.

    calls: of each forward, whether it was a compiled one, and its rows.
    """

    def __init__(self, model: Model) -> None:
        pipe, sha256 = load_pipeline(model, CPU)
        self.own, self.room = denoiser_of(pipe), 1000
        self.calls: list[tuple[bool, int]] = []
        super().__init__(pipe, model, device=CPU.device, sha256=sha256, fragments_of=parse_attention)

    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        self.calls.append((denoiser is not self.own, len(latents)))
        if len(latents) > self.room:
            raise torch.OutOfMemoryError("no room")
        return super().forward(denoiser, latents, timesteps, embeds)

    def crowd(self, room: int) -> None:
        """Leave no more room than this from now on."""
        self.room = room
        self.calls.clear()


@pytest.mark.parametrize(("room", "pictures", "guidance"), [(2, 2, 5.0), (3, 4, 1.0)])
async def test_a_compiled_width_without_room_is_split_once_and_its_pictures_are_right(
    compiled: Registry, room: int, pictures: int, guidance: float
) -> None:
    """Four forward rows where fewer have room: tried once, painted in compiled forwards of two ever after."""
    wanted = paint_request("a red cat", sampler="euler", steps=5, cfg=guidance, pictures=pictures)
    crowded = Crowded(compiled.model())
    async with create_painter(compiled, max_rows=4, load=lambda _: crowded) as painter:
        with only_captured():
            await painter.warm()
        crowded.crowd(room)
        result = await painted(painter, wanted)
    assert crowded.calls == [(True, 4)] + [(True, 2)] * 10
    assert nearness(result, await painted_uncompiled(compiled, wanted)) > ENOUGH_DB


async def test_a_picture_that_was_filled_up_beyond_the_room_is_painted_without(compiled: Registry) -> None:
    """Two texts and none are three rows, which have room, and four have not."""
    wanted = paint_request(("a cat", 2.0), ("fog", 1.0), sampler="euler", steps=5, cfg=5.0, pictures=1)
    crowded = Crowded(compiled.model())
    async with create_painter(compiled, max_rows=4, load=lambda _: crowded) as painter:
        with only_captured():
            await painter.warm()
        crowded.crowd(3)
        result = await painted(painter, wanted)
    assert crowded.calls.count((True, 4)) == 1
    assert nearness(result, await painted_uncompiled(compiled, wanted)) > ENOUGH_DB


async def test_what_cannot_be_compiled_is_refused_with_the_reason(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without a C++ compiler: the model is refused while it is loaded, and no request ever waits for it."""
    monkeypatch.setenv("CXX", "no-compiler")
    with pytest.raises(SpeedUnsupported) as refused:
        async with supervise(PainterOptions(registry=file, max_rows=2, threads=1, cache=tmp_path / "cache")):
            pass
    assert refused.value.setting == 'compile = "blocks"'
    assert "compiler" in refused.value.cause


async def test_what_was_compiled_is_kept_for_the_next_start(file: Path, tmp_path: Path) -> None:
    """With the cache on disk, a second start needs no C++ compiler."""
    setting = PainterOptions(registry=file, max_rows=2, threads=1, cache=tmp_path / "cache")
    async with supervise(setting):
        pass
    built = compiled_files(tmp_path / "cache")
    async with supervise(setting) as painter:
        await painted(painter, paint_request(steps=2))
    assert built and compiled_files(tmp_path / "cache") == built


def compiled_files(folder: Path) -> set[Path]:
    return set(folder.rglob("*.so"))
