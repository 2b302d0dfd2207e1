"""The trained sizes are those of the stock pipelines, and a ratio gets the size that they bin it to."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from pathlib import Path

import pytest
from diffusers.image_processor import PixArtImageProcessor
from diffusers.pipelines.pixart_alpha.pipeline_pixart_alpha import (
    ASPECT_RATIO_256_BIN,
    ASPECT_RATIO_512_BIN,
    ASPECT_RATIO_1024_BIN,
)
from diffusers.pipelines.pixart_alpha.pipeline_pixart_sigma import ASPECT_RATIO_2048_BIN
from diffusers.pipelines.sana.pipeline_sana import ASPECT_RATIO_4096_BIN

from engine.models.registry.families import FAMILIES
from engine.models.registry.registry import Model, read_registry
from engine.models.registry.trained_sizes import trained_sizes
from engine.prompt import painted_size

TABLES: Mapping[int, Mapping[str, list[float]]] = {
    256: ASPECT_RATIO_256_BIN,
    512: ASPECT_RATIO_512_BIN,
    1024: ASPECT_RATIO_1024_BIN,
    2048: ASPECT_RATIO_2048_BIN,
    4096: ASPECT_RATIO_4096_BIN,
}
SQUARES = tuple(TABLES)


@pytest.mark.parametrize("square", SQUARES)
def test_the_sizes_are_those_of_the_stock_pipelines(square: int) -> None:
    """Each size is its own bin, so the stock pipelines do not resize it."""
    sizes = trained_sizes(SQUARES, square)
    assert sorted(sizes) == sorted((int(width), int(height)) for height, width in TABLES[square].values())
    for width, height in sizes:
        assert PixArtImageProcessor.classify_height_width_bin(height, width, TABLES[square]) == (height, width)


@pytest.mark.parametrize(
    ("side", "square"), [(256, 256), (384, 512), (768, 1024), (1000, 1024), (1448, 1024), (1449, 2048), (5000, 4096)]
)
def test_a_model_has_the_sizes_of_the_nearest_square(side: int, square: int) -> None:
    assert trained_sizes(SQUARES, side) == trained_sizes(SQUARES, square) != ()


@pytest.mark.parametrize("side", [32, 181, 5793])
def test_a_model_of_another_class_has_none(side: int) -> None:
    """Families without tables have no trained sizes either."""
    assert trained_sizes(SQUARES, side) == trained_sizes((), 1024) == ()


@pytest.mark.parametrize(
    ("family", "square"), [(name, side) for name in ("pixart", "sana") for side in FAMILIES[name].trained_squares]
)
def test_a_ratio_comes_to_the_size_that_the_stock_pipelines_bin_it_to(tmp_path: Path, family: str, square: int) -> None:
    """Every ratio within the table, in whole numbers up to 30, for a model that only sets its square."""
    sides = model_of(tmp_path, family, square).size_limits
    ratios = ((w, h) for w in range(1, 31) for h in range(1, 31) if gcd(w, h) == 1 and 1 <= 4 * w / h <= 16)
    for width, height in ratios:
        binned = PixArtImageProcessor.classify_height_width_bin(height, width, TABLES[square])
        assert painted_size(f"{width}:{height}", sides) == binned[::-1], f"{width}:{height}"
    assert painted_size("5:1", sides) is painted_size("1:5", sides) is None


def test_what_the_operator_allows_bounds_the_sizes(tmp_path: Path) -> None:
    """With sides of 768 to 1280 in steps of 128, only the trained sizes that match remain."""
    bounds = "[models.m.abilities]\nmin_side = 768\nmax_side = 1280\nmultiple = 128"
    assert model_of(tmp_path, "pixart", 1024, bounds).size_limits.sizes == (
        (1280, 768), (1152, 896), (1024, 1024), (896, 1152), (768, 1280),
    )  # fmt: skip


def model_of(folder: Path, family: str, square: int, more: str = "") -> Model:
    head = f'[models.m]\nfamily = "{family}"\nfolder = "m"\n'
    defaults = f"[models.m.defaults]\nwidth = {square}\nheight = {square}\n"
    (folder / "models.toml").write_text(head + defaults + more)
    return read_registry(folder / "models.toml").model()
