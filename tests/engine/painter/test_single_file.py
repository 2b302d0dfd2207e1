"""One `.safetensors` file in the layout that communities share paints what its diffusers folder paints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract.errors import ModelBroken, WeightsMissing
from engine.models.loading.device import best_device
from engine.models.loading.pipeline import load_pipeline
from engine.models.registry.registry import Registry, read_registry
from engine.models.registry.sources import WeightSource
from engine.painter.in_process import create_painter
from tests.engine.models.original_layout import save_single_file
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr


@pytest.fixture(scope="module")
def single(checkpoints: Path) -> Registry:
    """The tiny model as a folder, and as a single file with that folder's configurations."""
    save_single_file(checkpoints / "sd1", checkpoints / "single.safetensors")
    text = entry("folder", "sd1", "sd1") + entry("file", "sd1", "sd1").replace(
        'folder = "sd1"', 'file = "single.safetensors"\nconfig = "sd1"'
    )
    (checkpoints / "single.toml").write_text(f'default = "folder"\n{text}')
    return read_registry(checkpoints / "single.toml")


async def test_a_single_file_paints_what_its_folder_paints(single: Registry) -> None:
    async with create_painter(single, max_rows=64) as painter:
        one, other = (
            await painted(painter, paint_request(steps=3)),
            await painted(painter, paint_request(steps=3, model="file")),
        )
    assert min(psnr(*pair) for pair in zip(pixels_of(one), pixels_of(other), strict=True)) > 50


def test_a_single_file_without_configurations_on_this_machine_is_refused(single: Registry) -> None:
    """Nothing is fetched while loading: they must be named, and be here."""
    model = single.model("file")
    with pytest.raises(ModelBroken, match="`config`"):
        load_pipeline(replace(model, source=WeightSource(file=model.source.file)), best_device())
    for config in ("nobody/has-this", "no such folder/at/all"):
        with pytest.raises(WeightsMissing):
            load_pipeline(replace(model, source=replace(model.source, config=config)), best_device())
