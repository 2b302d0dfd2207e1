"""Where on a canvas a model paints, and which canvases are refused because it paints nowhere on them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from engine.contract.edits import Box, Canvas, whole_canvas
from engine.contract.errors import SizeUnsupported
from engine.contract.jobs import JobSpec, Part
from engine.models.registry.trained_sizes import trained_sizes
from engine.prompt import Limits, ModelCapabilities, SizeLimits
from engine.prompt.checks.canvases import (
    PanDirection,
    can_be_panned,
    checked_canvas,
    panned_canvas,
    squared_canvas,
    zoomed_canvas,
)
from engine.prompt.checks.windows import window_of

FREE = SizeLimits(square=1024, multiple=32, min_side=256, max_side=2048)
LISTED = replace(FREE, sizes=trained_sizes([1024], 1024))
SPEC = JobSpec(prompt="a cat", parts=(Part(text="a cat", weight=1.0),))


def limits_of(size_limits: SizeLimits) -> Limits:
    """Return the limits of a service with one model."""
    return Limits(models=(ModelCapabilities(name="listed", size_limits=size_limits),), default_model="listed")


@pytest.mark.parametrize("size", [size for size in LISTED.sizes if max(size) <= 1344])
def test_a_picture_of_a_trained_size_is_panned_in_one(size: tuple[int, int]) -> None:
    """The window holds all that is new, lies on the canvas, and has a size of the list, whichever side is extended."""
    for direction in PanDirection:
        canvas = panned_canvas(size, direction, SPEC, limits_of(LISTED))
        window = window_of(canvas, LISTED)
        assert window is not None and (window.width, window.height) in LISTED.sizes
        assert window.left + window.width <= canvas.width and window.top + window.height <= canvas.height
        assert window.width >= canvas.width - size[0] and window.height >= canvas.height - size[1]


def test_each_region_of_a_trained_size_is_painted_in_one() -> None:
    for size, cell in product(LISTED.sizes, range(1, 10)):
        window = window_of(whole_canvas(*size, frozenset({cell})), LISTED)
        assert window is not None and (window.width, window.height) in LISTED.sizes, (size, cell)


def test_a_window_that_the_list_has_is_the_one_of_a_model_without_a_list() -> None:
    """Jobs of earlier releases repaint as they were."""
    canvas = panned_canvas((1024, 1024), PanDirection.RIGHT, SPEC, limits_of(LISTED))
    assert window_of(canvas, LISTED) == window_of(canvas, FREE) == Box(left=512, top=0, width=1024, height=1024)


def test_what_no_trained_size_holds_is_refused() -> None:
    """A picture that was panned has no size of the list, and cannot be painted anew as a whole."""
    panned, limits = (1536, 1024), limits_of(LISTED)
    with pytest.raises(SizeUnsupported):
        zoomed_canvas(panned, Fraction(2), SPEC, limits)
    with pytest.raises(SizeUnsupported):
        squared_canvas(panned, SPEC, limits)
    with pytest.raises(SizeUnsupported):
        checked_canvas(whole_canvas(*panned), SPEC, limits)
    assert zoomed_canvas(panned, Fraction(2), SPEC, limits_of(FREE)).box.width == 768


@pytest.mark.parametrize(
    ("size_limits", "is_panned"), [(FREE, True), (LISTED, True), (replace(FREE, max_side=1024), False)]
)
def test_only_what_can_grow_is_panned(size_limits: SizeLimits, is_panned: bool) -> None:
    assert can_be_panned((1024, 1024), SPEC, limits_of(size_limits)) is is_panned


def test_a_canvas_beyond_the_models_sides_has_no_window() -> None:
    assert window_of(Canvas(width=2560, height=1024, box=Box(left=0, top=0, width=1024, height=1024)), FREE) is None
