"""The size of a ratio."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prompt import size_for

REFERENCE = {"1:1": (1024, 1024), "4:3": (1232, 928), "2:3": (896, 1344), "3:2": (1344, 896), "16:9": (1456, 816)}


@pytest.mark.parametrize(("ar", "size"), REFERENCE.items())
def test_sizes_that_members_know(ar: str, size: tuple[int, int]) -> None:
    """1024-class models have exactly the documented sizes, in landscape and portrait."""
    assert size_for(ar) == size
    assert size_for(":".join(reversed(ar.split(":")))) == size[::-1]


SIDES = st.integers(1, 99999)


@given(SIDES, SIDES, st.sampled_from([128, 256, 512, 768, 1024]), st.sampled_from([8, 16, 64]))
def test_any_ratio_has_a_size(width: int, height: int, side: int, step: int) -> None:
    """Both sides are positive multiples of the step, and portrait sizes mirror landscape sizes."""
    size = size_for(f"{width}:{height}", side=side, step=step)
    assert size[0] % step == size[1] % step == 0 and min(size) >= step
    assert size_for(f"{height}:{width}", side=side, step=step) == size[::-1]


@pytest.mark.parametrize(
    ("ar", "size"), [("1:1", (128, 128)), ("3:2", (160, 112)), ("16:9", (176, 96)), ("1:2", (96, 192))]
)
def test_sizes_of_a_small_model(ar: str, size: tuple[int, int]) -> None:
    """A model of 128 pixels in steps of 16 follows the same rule."""
    assert size_for(ar, side=128, step=16) == size


def test_a_model_with_sizes_of_its_own() -> None:
    """A model with fixed sizes uses the nearest in shape, and of these the nearest in area."""
    sizes = [(512, 512), (1024, 1024), (768, 512), (512, 768)]
    assert size_for("4:3", side=512, sizes=sizes) == (768, 512)
    assert size_for("1:1", side=512, sizes=sizes) == (512, 512)
    assert size_for("1:1", side=1024, sizes=sizes) == (1024, 1024)
