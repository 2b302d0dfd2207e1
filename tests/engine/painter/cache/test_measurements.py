"""What was measured of a model is kept for the next start, and measured anew when anything it depends on changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.models.registry.registry import Model, Registry
from engine.models.registry.speed import SpeedSettings
from engine.painter.cache.measurements import Measurements
from engine.painter.cache.models import LruModelCache
from engine.painter.in_process import create_painter
from tests.engine.painter.fakes import FlatModel

CHANGES: dict[str, Callable[[Model, FlatModel], Model | None]] = {
    "weights": lambda _, loaded: setattr(loaded, "sha256", "f" * 64),
    "memory": lambda _, loaded: setattr(loaded, "size_bytes", 12345),
    "dtype": lambda _, loaded: setattr(loaded, "dtype", torch.bfloat16),
    "size": lambda model, _: replace(model, defaults=replace(model.defaults, width=128)),
    "guidance": lambda model, _: replace(model, defaults=replace(model.defaults, guidance=1.0)),
    "speed": lambda model, _: replace(model, speed=SpeedSettings(guidance_until=0.5)),
}


def test_a_kept_limit_is_that_of_the_same_model_on_the_same_device(registry: Registry, tmp_path: Path) -> None:
    model, kept = registry.model(), Measurements(folder=tmp_path)
    assert kept.read_max_rows(model, FlatModel(model)) is None
    kept.write_max_rows(model, FlatModel(model), 8)
    assert kept.read_max_rows(model, FlatModel(model)) == 8


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_of_the_model_is_measured_anew(
    change: Callable[[Model, FlatModel], Model | None], registry: Registry, tmp_path: Path
) -> None:
    model, loaded, kept = registry.model(), FlatModel(registry.model()), Measurements(folder=tmp_path)
    kept.write_max_rows(model, loaded, 8)
    assert kept.read_max_rows(change(model, loaded) or model, loaded) is None


def test_another_number_of_threads_is_measured_anew(registry: Registry, tmp_path: Path) -> None:
    model, kept, threads = registry.model(), Measurements(folder=tmp_path), torch.get_num_threads()
    kept.write_max_rows(model, FlatModel(model), 8)
    torch.set_num_threads(threads + 1)
    try:
        assert kept.read_max_rows(model, FlatModel(model)) is None
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"key": {}, "value": 8}', "[" * 10_000])
def test_a_damaged_file_is_ignored_and_written_again(content: str, registry: Registry, tmp_path: Path) -> None:
    model, kept = registry.model(), Measurements(folder=tmp_path)
    kept.write_max_rows(model, FlatModel(model), 8)
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    assert kept.read_max_rows(model, FlatModel(model)) is None
    kept.write_max_rows(model, FlatModel(model), 16)
    assert kept.read_max_rows(model, FlatModel(model)) == 16
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("value", ["-1", "0", "3", "true", "null", '"8"', "8.0", "[8]"])
def test_a_limit_that_could_not_be_measured_is_ignored(value: str, registry: Registry, tmp_path: Path) -> None:
    model, kept = registry.model(), Measurements(folder=tmp_path)
    kept.write_max_rows(model, FlatModel(model), 8)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text().replace('"value": 8', f'"value": {value}'))
    assert kept.read_max_rows(model, FlatModel(model)) is None


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_the_time(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = Measurements(folder=tmp_path / "file")
    kept.write_max_rows(registry.model(), FlatModel(registry.model()), 8)
    assert kept.read_max_rows(registry.model(), FlatModel(registry.model())) is None


def test_a_second_start_measures_nothing(registry: Registry, tmp_path: Path) -> None:
    """The first start runs forwards to measure, and the next one takes what it found."""
    model, kept = registry.model(), Measurements(folder=tmp_path)
    first, num_pieces = _prepared(model, kept)
    assert num_pieces > 1
    assert _prepared(model, kept) == (first, 0)
    assert _prepared(model, Measurements())[1] == num_pieces


async def test_previews_of_a_second_start_are_the_same(registry: Registry, tmp_path: Path) -> None:
    """The weights of previews come back from the folder equal to the last bit, whatever else changes the size."""
    async with create_painter(registry, max_rows=4, measurements=tmp_path) as painter:
        await painter.warm()
    (file,) = _files(tmp_path)
    text = file.read_text()
    file.write_text(text[: len(text) // 2])
    async with create_painter(registry, max_rows=4, measurements=tmp_path) as painter:
        await painter.warm()
    assert file.read_text() == text
    async with create_painter(registry, max_rows=4, measurements=tmp_path) as painter:
        await painter.warm()
    assert _files(tmp_path) == [file]


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _prepared(model: Model, kept: Measurements) -> tuple[int, int]:
    """Return the most rows that pay, and in how many pieces they were measured."""
    models, num_pieces = LruModelCache(FlatModel, budget_bytes=2**30, measurements=kept), 0
    models.add(model, models.fetch(model))
    while not models.is_ready(model):
        models.prepare(model)
        num_pieces += 1
    return models.max_rows(model, (64, 64)), num_pieces - 2
