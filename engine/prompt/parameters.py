"""The parameter table: parser, help, slash-command options, reference page and errors are generated from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.contract.jobs import MAX_SEED
from engine.contract.samplers import SAMPLERS
from engine.prompt.parameter_type import GRID, Parameter, ParameterKind

MAX_RATIO = 10
# Abilities that belong to the service and not to a model.
SERVICE_ABILITIES = frozenset({"speed", "visibility", "profile", "video"})
# What some model or the service of this release can do; a test compares it with the families of models.
RELEASE_ABILITIES = frozenset(
    {"attention", "chaos", "draft", "lora", "quality", "sameseed", "sampler", "stop", "tile", "weird"}
)
MAX_ADAPTER_WEIGHT = 2.0

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        name="ar",
        aliases=("aspect",),
        kind=ParameterKind.RATIO,
        default="1:1",
        help="Shape of the pictures, width:height in whole numbers.",
        meaning="Uses the model's size nearest to this ratio. Ratios are reduced: 1920:1080 is 16:9.",
        example="a boat at sea --ar 3:2",
        option="ar",
    ),
    Parameter(
        name="chaos",
        aliases=("c",),
        kind=ParameterKind.INTEGER,
        low=0,
        high=100,
        default=0,
        help="How much the four pictures differ from each other.",
        meaning="Paints each of the four from words of its own: the prompt with noise in it, less with every step.",
        example="a house --chaos 40",
        operations=GRID,
        ability="chaos",
    ),
    Parameter(
        name="no",
        kind=ParameterKind.WORDS,
        help="What to exclude; separate things with commas.",
        meaning="Adds one part of weight -0.5 with the whole list.",
        example="a house on the grass --no clouds, flowers",
        option="negative",
    ),
    Parameter(
        name="quality",
        aliases=("q",),
        kind=ParameterKind.DECIMAL,
        low=0.25,
        high=4,
        default=1.0,
        help="Time spent on the pictures: 2 takes twice as long, 0.5 half.",
        meaning="Multiplies the number of steps.",
        example="a house --quality 2",
        operations=GRID,
        ability="quality",
    ),
    Parameter(
        name="repeat",
        aliases=("r",),
        kind=ParameterKind.INTEGER,
        low=1,
        high=40,
        default=1,
        help="Runs the prompt this many times, each as a separate job.",
        meaning="Copies the job; multiplies with {a, b}. Only the parser uses it.",
        example="two fish --repeat 3",
        operations=GRID,
    ),
    Parameter(
        name="seed",
        kind=ParameterKind.INTEGER,
        low=0,
        high=MAX_SEED,
        help="Seed of the noise. The same seed and prompt give the same pictures.",
        meaning="Picture n of a grid uses seed + n. Random for each job when not given.",
        example="a red circle --seed 7",
        operations=GRID,
        option="seed",
    ),
    Parameter(
        name="sameseed",
        kind=ParameterKind.INTEGER,
        low=0,
        high=MAX_SEED,
        help="Like --seed, but all four pictures start from the same noise.",
        meaning="Every picture of the grid uses this seed.",
        example="a red circle --sameseed 7",
        operations=GRID,
        ability="sameseed",
        group="seed",
    ),
    Parameter(
        name="stop",
        kind=ParameterKind.INTEGER,
        low=10,
        high=100,
        default=100,
        help="Stops at this percentage of the steps, for softer pictures.",
        meaning="Skips the last steps and decodes the latents as they are.",
        example="a sunset on the sea --stop 80",
        operations=GRID,
        ability="stop",
    ),
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
        meaning="Strength of the adapter trained on the community's votes: 100 is full, 0 is off.",
        example="a boat at sea --stylize 250",
        operations=GRID,
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
        name="iw",
        kind=ParameterKind.DECIMAL,
        low=0,
        high=3,
        default=1.0,
        help="Weight of picture links compared with the words.",
        meaning="Weight of all picture links together; the words have weight 1.",
        example="https://example.com/cat.png a cat --iw 0.5",
        operations=GRID,
        ability="images",
        needs="images",
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
    Parameter(
        name="sref",
        kind=ParameterKind.REFERENCES,
        help="Style references: picture links or codes, each with an optional weight, url::2.",
        meaning="Uses the style of these pictures. `random` becomes a random code for each job.",
        example="a boat --sref https://example.com/ink.png::2 random",
        ability="style_reference",
    ),
    Parameter(
        name="sw",
        kind=ParameterKind.INTEGER,
        low=0,
        high=1000,
        default=100,
        help="Strength of --sref.",
        meaning="Weight of the style references.",
        example="a boat --sref random --sw 300",
        ability="style_reference",
        needs="sref",
    ),
    Parameter(
        name="cref",
        kind=ParameterKind.PICTURES,
        help="Character references: picture links.",
        meaning="Uses the character in these pictures.",
        example="reading a book --cref https://example.com/hero.png",
        ability="character_reference",
    ),
    Parameter(
        name="cw",
        kind=ParameterKind.INTEGER,
        low=0,
        high=100,
        default=100,
        help="How much of --cref to keep: 100 is face, hair and clothes, 0 only the face.",
        meaning="Weight of the character references.",
        example="reading a book --cref https://example.com/hero.png --cw 50",
        ability="character_reference",
        needs="cref",
    ),
    Parameter(
        name="model",
        kind=ParameterKind.MODEL,
        help="The model to use.",
        meaning="A model name from the registry.",
        example="a tree --model starter",
        option="model",
    ),
    Parameter(
        name="version",
        aliases=("v",),
        kind=ParameterKind.VERSION,
        gives="model",
        help="The model to use, by version number.",
        meaning="Selects the registry's model v6.1 or 6.1 for --version 6.1.",
        example="a tree --version 6.1",
    ),
    Parameter(
        name="niji",
        kind=ParameterKind.NIJI,
        gives="model",
        help="The anime model, with an optional version number.",
        meaning="Selects the registry's model niji, or niji-6 for --niji 6.",
        example="a tree --niji 6",
    ),
    Parameter(
        name="lora",
        kind=ParameterKind.ADAPTERS,
        low=-MAX_ADAPTER_WEIGHT,
        high=MAX_ADAPTER_WEIGHT,
        ability="lora",
        help="LoRA adapters, name or name:weight, separated by spaces.",
        meaning="Adapter names from the registry, each with a weight (default 1). Adapters must fit the model.",
        example="a tree --lora ink-wash:0.8 paper",
    ),
    Parameter(
        name="steps",
        kind=ParameterKind.INTEGER,
        low=1,
        high=150,
        help="Denoising steps. The default depends on the model.",
        meaning="Number of sampler steps.",
        example="a red circle --steps 20",
        option="steps",
    ),
    Parameter(
        name="cfg",
        kind=ParameterKind.DECIMAL,
        low=0,
        high=30,
        help="Guidance scale: how closely to follow the words.",
        meaning="Classifier-free guidance scale.",
        example="a red circle --cfg 4.5",
        option="cfg",
    ),
    Parameter(
        name="sampler",
        kind=ParameterKind.CHOICE,
        choices=tuple(SAMPLERS),
        help="The sampling method.",
        meaning="Selects the scheduler of the denoising loop.",
        example="a red circle --sampler euler",
    ),
    Parameter(
        name="video",
        kind=ParameterKind.FLAG,
        help="A short video of the pictures emerging.",
        meaning="Joins the previews of all steps into a video.",
        example="a red circle --video",
        ability="video",
    ),
    Parameter(
        name="draft",
        kind=ParameterKind.FLAG,
        help="Lower quality in about half the time.",
        meaning="Half the steps.",
        example="a red circle --draft",
        operations=GRID,
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
            meaning=f"Marks the job as {name}.",
            example=f"a red circle --{name}",
            ability="visibility",
        )
        for name, help in (
            ("stealth", "Keeps this job out of public galleries."),
            ("public", "Shows this job in public galleries."),
        )
    ),
    Parameter(
        name="profile",
        aliases=("p", "personalize"),
        kind=ParameterKind.CODES,
        help="Your personal style, or the profiles with these codes.",
        meaning="Uses an adapter trained on your votes; --stylize sets its strength.",
        example="a boat at sea --profile abc123",
        ability="profile",
    ),
)

BY_SPELLING: Mapping[str, Parameter] = MappingProxyType(
    {spelling: parameter for parameter in PARAMETERS for spelling in (parameter.name, *parameter.aliases)}
)

# Options of `/imagine` to the parameters that they give.
BY_OPTION: Mapping[str, str] = MappingProxyType({row.option: row.name for row in PARAMETERS if row.option})

CANONICAL: tuple[Parameter, ...] = tuple(parameter for parameter in PARAMETERS if not parameter.gives)

# Parameters of other services, and what to write instead.
FOREIGN_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "oref": "Remove it: this release of Easel has no character references.",
        "ow": "Remove it: this release of Easel has no character references.",
        "sv": "Remove it: this release of Easel has no style references.",
        "exp": "Remove it: this release of Easel has nothing like it.",
        "hd": "Upscale a picture of the grid instead.",
        "test": "Choose a model with --model.",
        "testp": "Choose a model with --model.",
        "creative": "Remove it: this release of Easel has nothing like it.",
        "beta": "Choose a model with --model.",
        "upbeta": "Remove it and use the buttons below the grid.",
        "uplight": "Remove it and use the buttons below the grid.",
        "upanime": "Remove it and use the buttons below the grid.",
        "wallpaper": "Try --ar 16:9.",
        "h": "Try --ar with width:height.",
        "zoom": "Remove it: this release of Easel cannot zoom.",
        "motion": "Video generation is not supported.",
        "loop": "Video generation is not supported.",
        "end": "Video generation is not supported.",
        "bs": "Try --repeat.",
        "negative": "Write --no.",
        "guidance": "Write --cfg.",
        "size": "Try --ar with width:height.",
    }
)
