"""Models, adapters and sampling."""

from __future__ import annotations

from engine.contract.samplers import SAMPLERS
from engine.prompt.parameter_type import LOOK, Parameter, ParameterKind

MAX_ADAPTER_WEIGHT = 2.0

MODEL_PARAMETERS: tuple[Parameter, ...] = (
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
        name="clip-guidance",
        kind=ParameterKind.DECIMAL,
        low=0,
        high=10,
        default=0.0,
        help="How far CLIP steers the pictures to the words; takes several times as long.",
        meaning="In the first three fifths of the steps, moves the estimate of the picture to where the model's CLIP "
        "finds more of the words.",
        example="a red circle --clip-guidance 2",
        operations=LOOK,
        ability="clip_guidance",
    ),
    Parameter(
        name="sampler",
        kind=ParameterKind.CHOICE,
        choices=tuple(SAMPLERS),
        help="The sampling method.",
        meaning="Selects the scheduler of the denoising loop.",
        example="a red circle --sampler euler",
    ),
)
