"""Pictures with and without an adapter, by the painter itself."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from engine.learn.evaluation import paint_rematches, sheet_of
from engine.models.registry.registry import Model, Registry, read_registry
from tests.easel.models import save_models_file
from tests.engine.painter.checkpoints import save_lora


async def test_both_sides_have_the_same_seed_and_differ_by_the_adapter(tmp_path: Path) -> None:
    """With the style of the registry on the old side; the same style on both sides makes no difference."""
    models = save_models_file(tmp_path)
    for seed, name in enumerate(("first", "second")):
        save_lora(tmp_path / f"{name}.safetensors", tmp_path / "weights", seed=seed)
    prompts = ["a cat", "a dog", "a cat"]
    plain = [one async for one in paint_rematches(*_given(models), tmp_path / "first.safetensors", prompts, 5)]
    assert [one.prompt for one in plain] == prompts
    assert all(one.old != one.new for one in plain) and plain[0].old != plain[2].old
    with models.open("a") as file:
        file.write('[adapters.first]\nfile = "first.safetensors"\nfamily = "sd1"\nstyle = true\n')
    styled = [one async for one in paint_rematches(*_given(models), tmp_path / "second.safetensors", prompts, 5)]
    assert [_pixels(one.old) for one in styled] == [_pixels(one.new) for one in plain]
    same = [one async for one in paint_rematches(*_given(models), tmp_path / "first.safetensors", prompts[:1], 5)]
    assert _pixels(same[0].old) == _pixels(same[0].new)
    assert sheet_of(plain).size == (4 * (2 * 32 + 8), 36)


def _given(models: Path) -> tuple[Registry, Model]:
    registry = read_registry(models)
    return registry, registry.model()


def _pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as image:
        return image.tobytes()
