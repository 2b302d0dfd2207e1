"""Parameters of films."""

from __future__ import annotations

from engine.prompt.parameter_type import FILM, Parameter, ParameterKind

LOW_MOTION = "low"

MIN_FRAMES, MAX_FRAMES, DEFAULT_FRAMES = 8, 32, 16
"""Motion adapters were trained with 16 frames; the newer ones take up to 32.

Source: Guo et al. 2023 (AnimateDiff), section 5; `motion_max_seq_length` of their configurations.
"""

MIN_FPS, MAX_FPS, DEFAULT_FPS = 4, 24, 8
"""Frames for each second. Source of the default: the films that AnimateDiff's authors and diffusers write."""

FILM_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        name="motion",
        kind=ParameterKind.CHOICE,
        choices=(LOW_MOTION, "high"),
        default="high",
        help="How much moves in a film.",
        meaning="Low: the frames share half of their first noise, or stay nearer to the picture that they start from.",
        example="a boat at sea --motion low",
        operations=FILM,
        ability="film",
    ),
    Parameter(
        name="frames",
        kind=ParameterKind.INTEGER,
        low=MIN_FRAMES,
        high=MAX_FRAMES,
        default=DEFAULT_FRAMES,
        help="How many frames a film has.",
        meaning="The model paints them together; a motion adapter may take fewer than the maximum.",
        example="a boat at sea --frames 24",
        operations=FILM,
        ability="film",
    ),
    Parameter(
        name="fps",
        kind=ParameterKind.INTEGER,
        low=MIN_FPS,
        high=MAX_FPS,
        default=DEFAULT_FPS,
        help="How many frames of a film are shown each second.",
        meaning="Sets how long each frame is shown; what is painted stays the same.",
        example="a boat at sea --fps 12",
        operations=FILM,
        ability="film",
    ),
)
