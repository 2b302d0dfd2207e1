"""Damaged models in a running painter: they fail their own requests, and those of a sound model are painted."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.contract.errors import ModelBroken, OperatorError, WeightsMismatch, WeightsMissing
from engine.models.registry.registry import Registry
from engine.models.registry.sources import WeightSource
from engine.painter.in_process import create_painter
from tests.engine.models.original_layout import save_single_file
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr

UNET = Path("unet") / "diffusion_pytorch_model.safetensors"


def truncate(folder: Path) -> None:
    (folder / UNET).write_bytes((folder / UNET).read_bytes()[:-100])


def pickle(folder: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, folder / UNET)


def misname_a_dtype(folder: Path) -> None:
    """A header that adds up and says what no reader of safetensors takes."""
    data = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes(data.replace(b'"F32"', b'"F99"', 1))


def reshape(folder: Path) -> None:
    """Whole files of another shape than the configuration asks for."""
    save_file({"conv_in.weight": torch.zeros(2, 2)}, folder / UNET)


def scribble_on_the_index(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


def take_away_a_configuration(folder: Path) -> None:
    (folder / "unet" / "config.json").unlink()


def misspell_a_configuration(folder: Path) -> None:
    file = folder / "unet" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "block_out_channels": "many"}))


def take_away_everything(folder: Path) -> None:
    shutil.rmtree(folder)


DAMAGES: dict[Callable[[Path], None], type[OperatorError]] = {
    truncate: WeightsMismatch,
    pickle: WeightsMismatch,
    misname_a_dtype: ModelBroken,
    reshape: ModelBroken,
    scribble_on_the_index: ModelBroken,
    take_away_a_configuration: ModelBroken,
    misspell_a_configuration: ModelBroken,
    take_away_everything: WeightsMissing,
}


def beside(registry: Registry, folder: Path) -> Registry:
    """Return a registry of the tiny model and, as `bad`, a copy of it in the folder."""
    tiny = registry.model("tiny")
    shutil.copytree(tiny.source.folder or Path(), folder)
    bad = replace(tiny, name="bad", source=WeightSource(folder=folder))
    return replace(registry, models=MappingProxyType({"tiny": tiny, "bad": bad}))


@pytest.mark.parametrize("damage", list(DAMAGES))
async def test_a_damaged_model_fails_only_its_requests(
    registry: Registry, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    both = beside(registry, tmp_path / "bad")
    damage(tmp_path / "bad")
    async with create_painter(both, max_rows=64) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, paint_request(model="bad", steps=1)),
            painted(painter, paint_request(steps=20)),
            return_exceptions=True,
        )
        assert isinstance(lost, DAMAGES[damage])
        assert not isinstance(fine, BaseException)


@pytest.mark.parametrize(("part", "name"), [("first_stage_model.", "no VAE"), ("cond_stage_model.", "no text encoder")])
async def test_a_single_file_that_lacks_a_part_fails_only_its_requests(
    registry: Registry, checkpoints: Path, tmp_path: Path, part: str, name: str
) -> None:
    file = save_single_file(checkpoints / "sd1", tmp_path / "bad.safetensors")
    save_file({name: tensor for name, tensor in load_file(file).items() if not name.startswith(part)}, file)
    tiny = registry.model("tiny")
    bad = replace(tiny, name="bad", source=WeightSource(file=file, config=str(checkpoints / "sd1")))
    async with create_painter(
        replace(registry, models=MappingProxyType({"tiny": tiny, "bad": bad})), max_rows=64
    ) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, paint_request(model="bad", steps=1)),
            painted(painter, paint_request(steps=20)),
            return_exceptions=True,
        )
    assert isinstance(lost, ModelBroken) and name in lost.cause
    assert not isinstance(fine, BaseException)


def uses_a_scheduler_of_a_missing_library(folder: Path) -> None:
    """LMS needs SciPy, which is not among ours; samplers are our own."""
    change(folder / "model_index.json", scheduler=["diffusers", "LMSDiscreteScheduler"])
    change(folder / "scheduler" / "scheduler_config.json", _class_name="LMSDiscreteScheduler")


def leaves_out_how_long_a_text_may_be(folder: Path) -> None:
    """The tokenizer then says 1e30, and texts were padded to that."""
    change(folder / "tokenizer" / "tokenizer_config.json", model_max_length=None)


def says_that_a_text_may_be_longer_than_the_encoder_reads(folder: Path) -> None:
    change(folder / "tokenizer" / "tokenizer_config.json", model_max_length=512)


def begins_with_byte_order_marks(folder: Path) -> None:
    for file in (folder / "model_index.json", folder / "scheduler" / "scheduler_config.json"):
        file.write_text(file.read_text(), encoding="utf-8-sig")


def names_parts_that_are_not_used(folder: Path) -> None:
    """Of libraries and classes that are not here; their folders are."""
    unused = {"safety_checker": ["stable_diffusion", "Checker"], "feature_extractor": ["transformers", "GoneProcessor"]}
    change(folder / "model_index.json", **unused, watermarker=["nobody", "Watermarker"])
    for name in (*unused, "watermarker"):
        shutil.copytree(folder / "unet", folder / name)


def change(file: Path, **values: object) -> None:
    known = {**json.loads(file.read_text()), **values}
    file.write_text(json.dumps({name: value for name, value in known.items() if value is not None}))


@pytest.mark.parametrize(
    "oddity",
    [
        uses_a_scheduler_of_a_missing_library,
        leaves_out_how_long_a_text_may_be,
        says_that_a_text_may_be_longer_than_the_encoder_reads,
        begins_with_byte_order_marks,
        names_parts_that_are_not_used,
    ],
)
async def test_what_painting_does_not_need_does_not_matter(
    registry: Registry, tmp_path: Path, oddity: Callable[[Path], None]
) -> None:
    both = beside(registry, tmp_path / "bad")
    oddity(tmp_path / "bad")
    async with create_painter(both, max_rows=64) as painter:
        plain, odd = [
            await painted(painter, paint_request("a cat " * 30, steps=3, model=name)) for name in ("tiny", "bad")
        ]
    assert [psnr(*pair) for pair in zip(pixels_of(plain), pixels_of(odd), strict=True)] == [99.0] * 4


async def test_changing_a_loaded_models_folder_changes_no_picture(registry: Registry, tmp_path: Path) -> None:
    """Weights overwritten in place and the folder gone: the loaded model paints what it did."""
    both = beside(registry, tmp_path / "bad")
    wanted = paint_request(model="bad", steps=3)
    async with create_painter(both, max_rows=64) as painter:
        before = await painted(painter, wanted)
        with (tmp_path / "bad" / UNET).open("r+b") as file:
            file.write(bytes((tmp_path / "bad" / UNET).stat().st_size))
        shutil.rmtree(tmp_path / "bad")
        assert await painted(painter, wanted) == before
