"""How pictures look."""

from __future__ import annotations

from engine.prompt.parameter_type import LOOK, Parameter, ParameterKind

LOOK_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        name="style",
        kind=ParameterKind.CHOICE,
        choices=("raw",),
        help="raw: less of the community's style.",
        meaning="Turns the community's adapter off.",
        example="a house --style raw",
        ability="style",
    ),
    Parameter(
        name="raw",
        kind=ParameterKind.FLAG,
        gives="style",
        help="The same as --style raw.",
        meaning="Turns the community's adapter off.",
        example="a house --raw",
        ability="style",
    ),
    Parameter(
        name="stylize",
        aliases=("s",),
        kind=ParameterKind.INTEGER,
        low=0,
        high=1000,
        default=100,
        help="Strength of the community's style.",
        meaning="Strength of the community's adapter: 0 is off, 100 is as it was trained, 1000 is twice as strong. "
        "Without one, it changes nothing, and a note says so.",
        example="a boat at sea --stylize 250",
        operations=LOOK,
        ability="style",
    ),
    Parameter(
        name="tile",
        kind=ParameterKind.FLAG,
        help="Seamless tiles.",
        meaning="The pictures go on at their opposite edges, so that copies side by side have no seam.",
        example="red stars --tile",
        ability="tile",
    ),
    Parameter(
        name="weird",
        aliases=("w",),
        kind=ParameterKind.INTEGER,
        low=0,
        high=3000,
        default=0,
        help="How unusual the pictures are.",
        meaning="Moves each word of the prompt away from the average of all of them.",
        example="a tree --weird 500",
        ability="weird",
    ),
)
