"""Kinds of results, priority and visibility."""

from __future__ import annotations

from engine.prompt.parameter_type import FILM, GRID, Parameter, ParameterKind

RESULT_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        name="video",
        kind=ParameterKind.FLAG,
        help="A short film of the pictures emerging.",
        meaning="Joins the previews of all steps into an animated WebP, which is shown in place of the grid.",
        example="a red circle --video",
        operations=GRID,
        ability="video",
    ),
    Parameter(
        name="interpolate",
        kind=ParameterKind.FLAG,
        help="Goes from one part or picture to another, as four pictures and a film.",
        meaning="All frames start from one noise; embeddings are mixed on a line, latents of pictures on an arc.",
        example="a red circle:: a blue square --interpolate",
        operations=GRID,
        ability="interpolation",
        needs="ends",
    ),
    Parameter(
        name="between",
        kind=ParameterKind.RESULTS,
        help="Goes from one result to another: two grids that are here, by their ids or message links.",
        meaning="Picture n lies between picture n of the two: noise on an arc, embeddings of the words on a line. "
        "Words and settings are theirs, so that model, shape and settings of both must be the same.",
        example="--between 01900000-0000-7000-8000-000000000001 01900000-0000-7000-8000-000000000002 --at 0.3",
        operations=GRID,
        ability="results",
    ),
    Parameter(
        name="at",
        kind=ParameterKind.DECIMAL,
        low=0,
        high=1,
        default=0.5,
        help="Where between the two results: 0 is the first, 1 the second.",
        meaning="Share of the way from the first result of --between to the second.",
        example="--between 01900000-0000-7000-8000-000000000001 01900000-0000-7000-8000-000000000002 --at 0.3",
        operations=GRID,
        ability="results",
        needs="between",
    ),
    Parameter(
        name="draft",
        kind=ParameterKind.FLAG,
        help="Lower quality in about half the time.",
        meaning="Half the steps.",
        example="a red circle --draft",
        operations=GRID | FILM,
        ability="draft",
    ),
    *(
        Parameter(
            name=name,
            kind=ParameterKind.FLAG,
            group="speed",
            help=help,
            meaning=f"Sets the queue priority to {name}.",
            example=f"a red circle --{name}",
            ability="speed",
        )
        for name, help in (
            ("fast", "Runs this job at normal priority."),
            ("relax", "Runs this job when no other job is waiting."),
            ("turbo", "Runs this job at the highest priority."),
        )
    ),
    *(
        Parameter(
            name=name,
            kind=ParameterKind.FLAG,
            group="visibility",
            help=help,
            meaning=meaning,
            example=f"a red circle --{name}",
            ability="visibility",
        )
        for name, help, meaning in (
            ("stealth", "Shows this job to you alone.", "The job is private, and so is what its buttons start."),
            ("public", "Shows this job to everybody here.", "The job is public, whatever it starts from."),
        )
    ),
    Parameter(
        name="profile",
        aliases=("p", "personalize"),
        kind=ParameterKind.FLAG,
        help="Your personal style, which is trained from your votes.",
        meaning="Uses an adapter trained from your votes, beside the community's; --stylize sets its strength. "
        "`/prefer personal_style` turns it on.",
        example="a boat at sea --profile",
        ability="profile",
    ),
)
