"""The parameter table: parser, help, slash-command options, reference page and errors are generated from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.prompt.parameter_type import Parameter
from engine.prompt.parameters.films import FILM_PARAMETERS
from engine.prompt.parameters.foreign import FOREIGN_PARAMETERS
from engine.prompt.parameters.grid import GRID_PARAMETERS, MOST_PAINTED
from engine.prompt.parameters.look import LOOK_PARAMETERS
from engine.prompt.parameters.models import MAX_ADAPTER_WEIGHT, MODEL_PARAMETERS
from engine.prompt.parameters.pictures import PICTURE_PARAMETERS
from engine.prompt.parameters.results import RESULT_PARAMETERS

__all__ = [
    "BY_OPTION",
    "BY_SPELLING",
    "CANONICAL",
    "FOREIGN_PARAMETERS",
    "MAX_ADAPTER_WEIGHT",
    "MAX_RATIO",
    "MOST_PAINTED",
    "PARAMETERS",
    "SERVICE_ABILITIES",
]

MAX_RATIO = 10
# Abilities that belong to the service and not to a model.
SERVICE_ABILITIES = frozenset({"speed", "visibility", "profile", "results"})

# Shown, and written in canonical prompts, in this order.
PARAMETERS: tuple[Parameter, ...] = (
    *GRID_PARAMETERS,
    *LOOK_PARAMETERS,
    *PICTURE_PARAMETERS,
    *MODEL_PARAMETERS,
    *FILM_PARAMETERS,
    *RESULT_PARAMETERS,
)

BY_SPELLING: Mapping[str, Parameter] = MappingProxyType(
    {spelling: parameter for parameter in PARAMETERS for spelling in (parameter.name, *parameter.aliases)}
)

# Options of `/imagine` to the parameters that they give.
BY_OPTION: Mapping[str, str] = MappingProxyType({row.option: row.name for row in PARAMETERS if row.option})

CANONICAL: tuple[Parameter, ...] = tuple(parameter for parameter in PARAMETERS if not parameter.gives)
