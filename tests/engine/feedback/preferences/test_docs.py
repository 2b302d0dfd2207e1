"""docs/preferences.md has the weights that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.feedback.preferences import raters, sources

PAGE = (Path(__file__).parents[4] / "docs" / "preferences.md").read_text(encoding="utf-8")


def numbers_of_row(start: str, column: int) -> set[float]:
    """Return the numbers in a cell of the table of presses."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {start} |")]
    return {float(number) for number in re.findall(r"\d+\.\d+", row.split("|")[column])}


@pytest.mark.parametrize(
    ("row", "weights"),
    [
        ("pair: left or right", {sources.PAIR_WEIGHT}),
        ("best of four", {sources.BEST_WEIGHT}),
        ("ratings of two pictures of one grid", {*sources.RATING_GAP_WEIGHTS.values()}),
        ("favourite", {sources.FAVOURITE_WEIGHT}),
        ("upscale", {sources.UPSCALE_WEIGHT, sources.CONSIDERED_UPSCALE_WEIGHT}),
        ("vary", {sources.VARY_WEIGHT}),
        ("re-roll, and nothing else about the grid", {sources.REROLL_WEIGHT}),
    ],
)
def test_weights_of_the_table(row: str, weights: set[float]) -> None:
    assert numbers_of_row(row, 3) == weights


def test_numbers_of_the_text() -> None:
    assert numbers_of_row("rating of a grid", 4) == {sources.GRID_RATING_WEIGHT}
    assert f"{sources.LATENCY_FLOOR.total_seconds() * 1000:.0f} milliseconds" in PAGE
    assert f"below {raters.MIN_SKILL} are left out" in PAGE
