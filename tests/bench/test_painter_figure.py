"""The figure of the running batch shows what its rows were: drawn from what a painter was watched to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from tests.bench.painter_figure import CELL, COLOURS, LINE, MARGIN, TITLE, draw_rows
from tests.engine.painter.checkpoints import save_sd1
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import Batches, all_painted, paint_request

STEPS = (8, 2, 10, 3, 6, 4, 9, 5)
PICTURES = 4


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    torch.set_num_threads(1)
    save_sd1(tmp_path / "sd1")
    (tmp_path / "registry.toml").write_text(f'default = "tiny"{entry("tiny", "sd1", "sd1")}')
    return read_registry(tmp_path / "registry.toml")


async def test_the_rows_of_eight_jobs_over_steps(registry: Registry, tmp_path: Path) -> None:
    """A line for each picture and a colour for each job; a cell is filled where a picture was a row, and no other."""
    batches: Batches = []
    requests = [paint_request(steps=steps, pictures=PICTURES) for steps in STEPS]
    async with create_painter(registry, max_rows=24, on_forward=batches.append) as painter:
        await all_painted(painter, requests)
    draw_rows(batches, tmp_path / "figures" / "rows.png")

    lines = read_lines(tmp_path / "figures" / "rows.png", len(batches))
    drawn = [{step for step, colour in enumerate(line) if colour is not None} for line in lines]
    jobs = list(dict.fromkeys(job for rows in batches for job, _ in rows))
    watched = [
        {step for step, rows in enumerate(batches) if (job, slot) in rows} for job in jobs for slot in range(PICTURES)
    ]
    assert drawn == watched
    assert [colours_of(line) for line in lines] == [{colour} for colour in COLOURS for _ in range(PICTURES)]
    assert sorted(map(len, drawn)) == sorted(STEPS * PICTURES)
    # Jobs join after the first step and leave before the last.
    assert any(min(steps) > 0 for steps in drawn)
    assert any(max(steps) < len(batches) - 1 for steps in drawn)


def read_lines(file: Path, steps: int) -> list[list[str | None]]:
    """Return the colour in the middle of each cell, line by line; None where it is white."""
    with Image.open(file) as image:
        shown = image.convert("RGB")
    lines = range(TITLE + LINE // 2, TITLE + LINE * len(STEPS) * PICTURES, LINE)
    return [[colour_at(shown, MARGIN + CELL * step + CELL // 2, y) for step in range(steps)] for y in lines]


def colour_at(image: Image.Image, x: int, y: int) -> str | None:
    pixel = image.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return None if pixel == (255, 255, 255) else "#{:02x}{:02x}{:02x}".format(*pixel)


def colours_of(line: list[str | None]) -> set[str]:
    return {colour for colour in line if colour is not None}
