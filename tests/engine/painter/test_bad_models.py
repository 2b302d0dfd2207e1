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
from safetensors.torch import save_file

from engine.contract.errors import ModelBroken, OperatorError, WeightsMismatch, WeightsMissing
from engine.models.registry.registry import Registry
from engine.models.registry.sources import WeightSource
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import paint_request, painted

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
