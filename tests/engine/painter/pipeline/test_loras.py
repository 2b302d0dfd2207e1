"""LoRAs by name and weight: what they do, and that they do it to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract.errors import AdapterMismatch, EaselError, WeightsMismatch, WeightsMissing
from engine.models.files.adapter_fit import check_fit
from engine.models.files.weights import hash_of
from engine.models.registry.registry import Registry
from engine.painter.in_process import LocalPainter, create_painter
from tests.engine.painter.requests import all_painted, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, stock_pictures


@pytest.fixture
async def painter(registry: Registry) -> AsyncIterator[LocalPainter]:
    async with create_painter(registry, max_rows=64) as opened:
        yield opened


async def test_two_loras_at_once_paint_what_the_stock_pipeline_paints_and_affect_no_other_request(
    painter: LocalPainter, checkpoints: Path
) -> None:
    """Three requests at the same time: without, with one, and with two LoRAs; the first is what it is alone."""
    before = await painted(painter, paint_request(steps=4))
    plain, one, two = await all_painted(
        painter,
        (
            paint_request(steps=4),
            paint_request(steps=4, lora=("ink",)),
            paint_request(steps=4, lora=("ink:0.5", "paper:-0.7")),
        ),
    )
    assert [picture.png for picture in plain.pictures] == [picture.png for picture in before.pictures]
    ink, paper = checkpoints / "ink.safetensors", checkpoints / "paper.safetensors"
    for result, loras in ((one, {ink: 1.0}), (two, {ink: 0.5, paper: -0.7})):
        stock = stock_pictures(
            checkpoints / "sd1", sampler="euler", loras=loras, prompt="a red cat", num_inference_steps=4,
            guidance_scale=5.0, height=32, width=32,
        )  # fmt: skip
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB
        assert psnr(pixels_of(result)[0], pixels_of(plain)[0]) < OTHER_DB
    assert two.pictures[0].recipe["loras"] == [["ink", 0.5], ["paper", -0.7]]


@pytest.mark.parametrize(
    ("name", "error"),
    [("big", AdapterMismatch), ("empty", AdapterMismatch), ("pickle", WeightsMismatch), ("nowhere", WeightsMissing)],
)
async def test_a_lora_that_does_not_fit_fails_only_its_request(
    painter: LocalPainter, name: str, error: type[EaselError]
) -> None:
    """Errors of missing and damaged files have the adapter's name."""
    with pytest.raises(error) as refused:
        await painted(painter, paint_request(lora=("ink", name)))
    assert (refused.value.facts.get("adapter") == name) == (error in (WeightsMissing, WeightsMismatch))
    await painted(painter, paint_request(steps=1, lora=("ink:0.5",)))


async def test_an_adapter_must_have_the_hash_in_the_registry(registry: Registry, checkpoints: Path) -> None:
    """The right file is used, any other is an error for the operator, and other requests are painted."""
    right = hash_of(checkpoints / "ink.safetensors")
    held = {name: replace(registry.adapters[name], sha256=right) for name in ("ink", "paper")}
    async with create_painter(replace(registry, adapters=held), max_rows=64) as painter:
        assert (await painted(painter, paint_request(steps=1, lora=("ink",)))).pictures[0].recipe["lora_sha256"] == {
            "ink": right
        }
        with pytest.raises(WeightsMismatch) as refused:
            await painted(painter, paint_request(steps=1, lora=("paper",)))
        assert refused.value.path == checkpoints / "paper.safetensors"
        await painted(painter, paint_request(steps=1, lora=("ink",)))


def test_the_part_that_does_not_fit_is_named(registry: Registry, checkpoints: Path) -> None:
    """An SDXL LoRA on SD 1: the first weight whose width differs."""
    with pytest.raises(AdapterMismatch) as refused:
        check_fit(registry.adapters["big"], registry.model(), checkpoints / "sd1")
    assert refused.value.part.startswith("unet.")
    assert refused.value.part.endswith("to_k")


def test_a_lora_of_another_family_is_refused_by_name(registry: Registry, checkpoints: Path) -> None:
    with pytest.raises(AdapterMismatch) as refused:
        check_fit(registry.adapters["ink"], registry.model("sdxl"), checkpoints / "sdxl")
    assert refused.value.part == "it is for family sd1"


@pytest.mark.parametrize("name", ["ink", "paper"])
def test_a_lora_that_fits_is_accepted(registry: Registry, checkpoints: Path, name: str) -> None:
    check_fit(registry.adapters[name], registry.model(), checkpoints / "sd1")
