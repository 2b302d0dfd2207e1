"""Turbo, Lightning, LCM and v-prediction: what an operator sets about a scheduler is what the stock pipeline paints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from engine.contract.painting import PaintRequest
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import all_painted, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, stock_pictures

TRAILING = MappingProxyType({"timestep_spacing": "trailing"})
ZERO_SNR = MappingProxyType(
    {"timestep_spacing": "trailing", "prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to paint in few steps.

    model: a name of the registry below; `files` is the folder of its checkpoint.
    given: the operator's scheduler settings, which the stock scheduler gets too.
    guidance: the painter's; None leaves it to the model's default of 1. `stock_guidance` is the stock
        pipeline's: at 0 as at 1 it paints without an unconditional row.
    """

    model: str
    files: str
    sampler: str
    steps: int
    given: Mapping[str, Any] = field(default_factory=dict)
    guidance: float | None = 1.0
    stock_guidance: float = 1.0
    lora: str | None = None

    def request(self) -> PaintRequest:
        parameters: dict[str, Any] = {"model": self.model, "sampler": self.sampler, "steps": self.steps}
        parameters |= {} if self.guidance is None else {"cfg": self.guidance}
        return paint_request(
            "a red cat", pictures=2, parameters=parameters | ({"lora": (self.lora,)} if self.lora else {})
        )

    def stock(self, checkpoints: Path) -> list[Any]:
        is_xl = self.files == "sdxl"
        return stock_pictures(
            checkpoints / self.files,
            kind="StableDiffusionXLPipeline" if is_xl else "StableDiffusionPipeline",
            sampler=self.sampler,
            given=self.given,
            pictures=2,
            loras={checkpoints / f"{self.lora}.safetensors": 1.0} if self.lora else {},
            prompt="a red cat",
            num_inference_steps=self.steps,
            guidance_scale=self.stock_guidance,
            width=32,
            height=32,
        )


_XL: dict[str, Any] = {"model": "turbo", "files": "sdxl", "given": TRAILING}
_TURBO: dict[str, Any] = {**_XL, "sampler": "euler-ancestral", "stock_guidance": 0.0}
_LIGHTNING: dict[str, Any] = {**_XL, "sampler": "euler", "steps": 4}
_LCM: dict[str, Any] = {"model": "plain", "files": "sd1", "sampler": "lcm", "steps": 4, "lora": "ink"}
_ZERO: dict[str, Any] = {"model": "zero", "files": "sd1", "given": ZERO_SNR, "steps": 5}
WAYS = {
    "turbo, 1 step": Way(**_TURBO, steps=1),
    "turbo, 4 steps": Way(**_TURBO, steps=4),
    "turbo, its default guidance": Way(**_TURBO, steps=4, guidance=None),
    "lightning": Way(**_LIGHTNING),
    "lightning, stock at 0": Way(**_LIGHTNING, stock_guidance=0.0),
    "lcm": Way(**_LCM),
    "lcm, guided": Way(**_LCM, guidance=1.5, stock_guidance=1.5),
    "v-prediction, euler": Way(**_ZERO, sampler="euler", guidance=5.0, stock_guidance=5.0),
    "v-prediction, ddim": Way(**_ZERO, sampler="ddim", guidance=5.0, stock_guidance=5.0),
    "v-prediction, euler-ancestral": Way(**_ZERO, sampler="euler-ancestral", guidance=5.0, stock_guidance=5.0),
    "v-prediction, dpmpp-2m": Way(**_ZERO, sampler="dpmpp-2m", guidance=5.0, stock_guidance=5.0),
    "v-prediction, dpmpp-2m-karras": Way(**_ZERO, sampler="dpmpp-2m-karras", guidance=5.0, stock_guidance=5.0),
    "v-prediction, dpmpp-2m-sde": Way(**_ZERO, sampler="dpmpp-2m-sde", guidance=5.0, stock_guidance=5.0),
    "v-prediction, unipc": Way(**_ZERO, sampler="unipc", guidance=5.0, stock_guidance=5.0),
    "v-prediction, lcm": Way(**_ZERO, sampler="lcm", guidance=5.0, stock_guidance=5.0),
}

TRAILING_TABLE = '[models.turbo.scheduler]\ntimestep_spacing = "trailing"\n'
ZERO_TABLE = (
    "[models.zero.scheduler]\n"
    'timestep_spacing = "trailing"\nprediction_type = "v_prediction"\nrescale_betas_zero_snr = true\n'
)


@pytest.fixture(scope="module")
def few_steps(checkpoints: Path) -> Registry:
    """The common checkpoints, registered as an operator registers few-step models."""
    turbo = entry("turbo", "sdxl", "sdxl").replace("guidance = 5.0", "guidance = 1.0")
    ink = '[adapters.ink]\nfile = "ink.safetensors"\nfamily = "sd1"\n'
    text = (entry("plain", "sd1", "sd1"), turbo, TRAILING_TABLE, entry("zero", "sd1", "sd1"), ZERO_TABLE, ink)
    file = checkpoints / "few_steps.toml"
    file.write_text("".join(text))
    return read_registry(file)


@pytest.mark.parametrize("name", WAYS)
async def test_few_steps_are_those_of_the_stock_pipeline(few_steps: Registry, checkpoints: Path, name: str) -> None:
    """The files of every checkpoint here say epsilon and linspace, so that only what is set makes it so."""
    way = WAYS[name]
    async with create_painter(few_steps, max_rows=64) as painter:
        result = await painted(painter, way.request())
    stock = way.stock(checkpoints)
    assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB


async def test_few_steps_in_a_mixed_batch_paint_the_same_as_alone(few_steps: Registry, checkpoints: Path) -> None:
    """Requests with other samplers, other guidance and more steps in the same forwards change nothing."""
    names = ("turbo, 1 step", "turbo, 4 steps", "lightning")
    others = [
        paint_request("a tree", model="turbo", sampler=sampler, steps=6, cfg=5.0) for sampler in ("dpmpp-2m", "heun")
    ]
    async with create_painter(few_steps, max_rows=64) as painter:
        results = await all_painted(painter, [*(WAYS[name].request() for name in names), *others])
    for result, name in zip(results, names, strict=False):
        stock = WAYS[name].stock(checkpoints)
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB


@pytest.mark.parametrize("name", ["turbo, 4 steps", "lightning", "v-prediction, euler", "v-prediction, ddim"])
async def test_the_operators_settings_change_the_picture(few_steps: Registry, checkpoints: Path, name: str) -> None:
    """As the files say, the stock pipeline paints something else."""
    way = WAYS[name]
    async with create_painter(few_steps, max_rows=64) as painter:
        result = await painted(painter, way.request())
    as_files_say = Way(**{**vars(way), "given": {}}).stock(checkpoints)
    assert psnr(pixels_of(result)[0], as_files_say[0]) < OTHER_DB
