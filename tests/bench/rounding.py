"""How far pictures in bfloat16 are from the stock pipeline's, beside what its own kernels leave to chance.

Tiny random models on the CPU, two pictures of three steps; float32 pictures of the same models are equal. Processors
without bfloat16 of their own take minutes for it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import PixArtSigmaPipeline

from engine.models.loading.device import Device
from engine.models.registry.registry import Registry, read_registry
from engine.painter.cache.models import create_load_model
from engine.painter.in_process import create_painter
from engine.prompt import parse_attention
from tests.engine.painter.checkpoints import save_sd1, save_sdxl
from tests.engine.painter.gemma_checkpoints import save_sana
from tests.engine.painter.qwen_checkpoints import save_qwen_image, save_z_image
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import Pixels, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import stock_pictures
from tests.engine.painter.t5_checkpoints import save_pixart

BFLOAT16 = Device(device=torch.device("cpu"), dtype=torch.bfloat16)
PLENTY = 1 << 40


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A family with its stock pipeline.

    scheduler: the painter's sampler in the word of the stock pictures.
    guidance, offset: the name of its guidance scale, and what that is more than the painter's.
    """

    family: str
    pipeline: str
    save: Callable[[Path], Path]
    sampler: str = "euler"
    scheduler: str = "euler"
    guidance: str = "guidance_scale"
    offset: float = 0.0
    more: tuple[tuple[str, Any], ...] = ()


_AS_ASKED = (("use_resolution_binning", False),)
KINDS = (
    Kind(family="sd1", pipeline="StableDiffusionPipeline", save=save_sd1),
    Kind(family="sdxl", pipeline="StableDiffusionXLPipeline", save=save_sdxl),
    Kind(
        family="pixart",
        pipeline="PixArtSigmaPipeline",
        save=lambda folder: save_pixart(folder, PixArtSigmaPipeline),
        more=_AS_ASKED,
    ),
    Kind(
        family="sana",
        pipeline="SanaPipeline",
        save=save_sana,
        sampler="dpmpp-2m",
        scheduler="flow-dpmpp-2m",
        more=_AS_ASKED,
    ),
    Kind(
        family="qwen-image",
        pipeline="QwenImagePipeline",
        save=save_qwen_image,
        scheduler="flow",
        guidance="true_cfg_scale",
        more=(("negative_prompt", " "),),
    ),
    Kind(family="z-image", pipeline="ZImagePipeline", save=save_z_image, scheduler="flow", offset=-1.0),
)


def main() -> None:
    print("dB between two pictures each, the worse of them; 99 where they are equal")
    print(f"{'family':10}{'painter, stock':>16}{'stock, 3 pictures':>20}{'stock, 1 picture':>19}{'stock, float32':>17}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            print(_row(kind, Path(folder)), flush=True)


def _row(kind: Kind, folder: Path) -> str:
    kind.save(folder / kind.family)
    (folder / "registry.toml").write_text(entry(kind.family, kind.family, kind.family, kind.sampler))
    registry = read_registry(folder / "registry.toml")
    stock = _stock(kind, folder)
    others = (
        asyncio.run(_painted(registry)),
        _stock(kind, folder, pictures=3),
        _stock(kind, folder, pictures=1),
        _stock(kind, folder, dtype=torch.float32),
    )
    ours, more, fewer, exact = (_worst(stock, other) for other in others)
    return f"{kind.family:10}{ours:16.1f}{more:20.1f}{fewer:19.1f}{exact:17.1f}"


def _stock(kind: Kind, folder: Path, *, pictures: int = 2, dtype: torch.dtype = torch.bfloat16) -> list[Any]:
    more: dict[str, Any] = {kind.guidance: 5.0 + kind.offset, **dict(kind.more)}
    return stock_pictures(
        folder / kind.family, kind=kind.pipeline, sampler=kind.scheduler, pictures=pictures, dtype=dtype,
        prompt="a red cat", num_inference_steps=3, width=32, height=32,
        **more,
    )  # fmt: skip


async def _painted(registry: Registry) -> list[Pixels]:
    async with create_painter(
        registry, max_rows=64, load=create_load_model(BFLOAT16, parse_attention, PLENTY)
    ) as painter:
        return pixels_of(await painted(painter, paint_request("a red cat", steps=3, cfg=5.0, pictures=2)))


def _worst(ones: Iterable[Any], others: Iterable[Any]) -> float:
    return min(psnr(one, other) for one, other in zip(ones, others, strict=False))


if __name__ == "__main__":
    main()
